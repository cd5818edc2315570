#include <cmath>
#include <functional>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

struct EqualOf {
    template <class T>
    static bool of(const T& a, const T& b) {
        return a == b;
    }
};
struct LessOf {
    template <class T>
    static bool of(const T& a, const T& b) {
        return a < b;
    }
};
struct GreaterOf {
    template <class T>
    static bool of(const T& a, const T& b) {
        return a > b;
    }
};
struct LessOrEqualOf {
    template <class T>
    static bool of(const T& a, const T& b) {
        return a <= b;
    }
};
struct GreaterOrEqualOf {
    template <class T>
    static bool of(const T& a, const T& b) {
        return a >= b;
    }
};

template <class F>
void compare(Call& call) {
    dispatchOrRefuse(call, Numbers{}, commonType(call),
                     [&]<class T>() { mapBinary<T, bool>(call, [](auto a, auto b) { return F::of(a, b); }); });
}

void equalStrings(Call& call) {
    const Shape shape = broadcastShape(call.in(0).shape(), call.in(1).shape());
    const Value left = stretched(call.in(0), shape);
    const Value right = stretched(call.in(1), shape);
    const auto y = call.result(DataType::boolean, shape).write<bool>();
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = left.strings()[i] == right.strings()[i];
}

void equal(Call& call) {
    const DataType type = commonType(call);
    if (type == DataType::string) return equalStrings(call);
    dispatchOrRefuse(call, All{}, type,
                     [&]<class T>() { mapBinary<T, bool>(call, [](auto a, auto b) { return a == b; }); });
}

template <class F>
void logical(Call& call) {
    dispatchOrRefuse(call, Types<bool>{}, commonType(call),
                     [&]<class T>() { mapBinary<T, bool>(call, [](bool a, bool b) { return F{}(a, b); }); });
}

void notOf(Call& call) {
    dispatchOrRefuse(call, Types<bool>{}, call.in(0).type(),
                     [&]<class T>() { mapUnary<T, bool>(call, call.in(0), [](bool a) { return !a; }); });
}

void isNan(Call& call) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(),
                     [&]<class T>() { mapUnary<T, bool>(call, call.in(0), [](auto a) { return a != a; }); });
}

void isInf(Call& call) {
    const bool positive = call.op.integer("detect_positive", 1) != 0;
    const bool negative = call.op.integer("detect_negative", 1) != 0;
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, bool>(call, call.in(0),
                          [=](auto a) { return std::isinf(a) && ((a > 0 && positive) || (a < 0 && negative)); });
    });
}

/// Rows of a choice between `a` and `b`.
template <class T, class A, class B>
void choose(const Call& call, const BroadcastPlan& plan, A a, B b, T* y) {
    const bool* condition = call.in(0).read<bool>().data();
    const auto row = [&](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
        for (std::int64_t i = 0; i < count; ++i) {
            const bool first = condition[offsets[0] + i * plan.rowStride(0)];
            y[at + i] = first ? a[offsets[1] + i * plan.rowStride(1)] : b[offsets[2] + i * plan.rowStride(2)];
        }
    };
    parallelFor(call.environment, plan.elements(), kElementGrain,
                [&](std::int64_t begin, std::int64_t end) { walkRows(plan, begin, end, row); });
}

void where(Call& call) {
    const Value& a = call.in(1);
    const Value& b = call.in(2);
    if (call.in(0).type() != DataType::boolean) throw Refused{"the condition is not bool"};
    if (a.type() != b.type()) throw Refused{"the two inputs to choose from are of different types"};
    const std::array<const Shape*, 3> shapes{&call.in(0).shape(), &a.shape(), &b.shape()};
    const BroadcastPlan plan(shapes);
    Value& result = call.result(a.type(), plan.shape);
    if (a.type() == DataType::string) {
        return choose<std::string>(call, plan, a.strings().data(), b.strings().data(), result.writeStrings().data());
    }
    dispatchOrRefuse(call, All{}, a.type(), [&]<class T>() {
        choose<T>(call, plan, a.read<T>().data(), b.read<T>().data(), result.write<T>().data());
    });
}

const KernelEntry kTable[] = {
    {"", "Equal", 7, kNewest, equal},
    {"", "Less", 7, kNewest, compare<LessOf>},
    {"", "Greater", 7, kNewest, compare<GreaterOf>},
    {"", "LessOrEqual", 12, kNewest, compare<LessOrEqualOf>},
    {"", "GreaterOrEqual", 12, kNewest, compare<GreaterOrEqualOf>},
    {"", "And", 7, kNewest, logical<std::logical_and<>>},
    {"", "Or", 7, kNewest, logical<std::logical_or<>>},
    {"", "Xor", 7, kNewest, logical<std::not_equal_to<>>},
    {"", "Not", 1, kNewest, notOf},
    {"", "IsNaN", 9, kNewest, isNan},
    {"", "IsInf", 10, kNewest, isInf},
    {"", "Where", 9, kNewest, where},
};

}  // namespace

std::span<const KernelEntry> logicKernels() { return kTable; }

}  // namespace millrace::model::exec
