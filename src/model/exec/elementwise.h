#pragma once
#include <algorithm>
#include <array>

#include "model/exec/broadcast.h"
#include "model/exec/kernel.h"

/// Loops that element-wise kernels share.
namespace millrace::model::exec {

/// Elements for which a thread of its own pays.
inline constexpr std::int64_t kElementGrain = 1 << 15;

/// result = f(x) for each element; `f` takes and gives Wide types.
template <class From, class To, class F>
void mapUnary(const Call& call, const Value& input, F f) {
    const From* x = input.read<From>().data();
    Value& result = call.result(typeOf<To>(), input.shape());
    To* y = result.write<To>().data();
    parallelFor(call.environment, input.elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) y[i] = static_cast<To>(f(static_cast<Wide<From>>(x[i])));
    });
}

/// result = f(a, b) for each element, stretched as ONNX says. `From` is the type of both.
template <class From, class To, class F>
Value zip(const Environment& environment, const Value& left, const Value& right, F f) {
    const std::array<const Shape*, 2> shapes{&left.shape(), &right.shape()};
    const BroadcastPlan plan(shapes);
    Value result(typeOf<To>(), plan.shape);
    const From* a = left.read<From>().data();
    const From* b = right.read<From>().data();
    To* y = result.write<To>().data();
    const std::int64_t aStep = plan.rowStride(0);
    const std::int64_t bStep = plan.rowStride(1);
    const auto of = [f](From x, From z) {
        return static_cast<To>(f(static_cast<Wide<From>>(x), static_cast<Wide<From>>(z)));
    };
    const auto row = [=](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
        const From* p = a + offsets[0];
        const From* q = b + offsets[1];
        To* to = y + at;
        if (aStep == 1 && bStep == 1) {
            for (std::int64_t i = 0; i < count; ++i) to[i] = of(p[i], q[i]);
        } else if (aStep == 1 && bStep == 0) {
            const From same = *q;
            for (std::int64_t i = 0; i < count; ++i) to[i] = of(p[i], same);
        } else if (aStep == 0 && bStep == 1) {
            const From same = *p;
            for (std::int64_t i = 0; i < count; ++i) to[i] = of(same, q[i]);
        } else {
            for (std::int64_t i = 0; i < count; ++i) to[i] = of(p[i * aStep], q[i * bStep]);
        }
    };
    parallelFor(environment, result.elements(), kElementGrain,
                [&](std::int64_t begin, std::int64_t end) { walkRows(plan, begin, end, row); });
    return result;
}

template <class From, class To, class F>
void mapBinary(const Call& call, F f) {
    if (call.outputs.empty()) throw Refused{"it has no output"};
    call.outputs[0] = zip<From, To>(call.environment, call.in(0), call.in(1), f);
}

/// Refused if the first two inputs differ in type; else that type.
inline DataType commonType(const Call& call) {
    const DataType type = call.in(0).type();
    if (call.in(1).type() != type) {
        throw Refused{"the inputs are of the types " + std::string(name(type)) + " and " +
                      std::string(name(call.in(1).type())) + "; they must be the same"};
    }
    return type;
}

}  // namespace millrace::model::exec
