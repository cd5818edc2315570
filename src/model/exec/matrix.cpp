#include <fmt/format.h>

#include <algorithm>

#include "model/exec/broadcast.h"
#include "model/exec/convert.h"
#include "model/exec/gemm.h"
#include "model/exec/matmul.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

template <class T>
std::vector<T> packedCopy(const T* data, std::int64_t rows, std::int64_t columns, bool transposed) {
    std::vector<T> copy(static_cast<std::size_t>(rows * columns));
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
            copy[static_cast<std::size_t>(i * columns + j)] = transposed ? data[j * rows + i] : data[i * columns + j];
        }
    }
    return copy;
}

/// The unsigned type in which integers of T's width wrap as hardware does; floating types as they are.
template <class T>
struct Modular {
    using Type = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
};
template <>
struct Modular<double> {
    using Type = double;
};
template <class T>
using Mod = typename Modular<T>::Type;

using PlainTypes = Types<double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;

bool isSingle(DataType type) {
    return type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16;
}

struct GemmShape {
    std::int64_t rows, columns, inner;
    bool transA, transB;
};

GemmShape gemmShape(const Call& call) {
    const Shape& a = call.in(0).shape();
    const Shape& b = call.in(1).shape();
    if (a.size() != 2 || b.size() != 2) {
        throw Refused{fmt::format("{} and {} must both have rank 2", text(a), text(b))};
    }
    const bool transA = call.op.integer("transA", 0) != 0;
    const bool transB = call.op.integer("transB", 0) != 0;
    const std::int64_t inner = transA ? a[0] : a[1];
    if (inner != (transB ? b[1] : b[0])) {
        throw Refused{fmt::format("inner sizes differ: {} (transA {}) and {} (transB {})", text(a), int{transA},
                                  text(b), int{transB})};
    }
    return {transA ? a[1] : a[0], transB ? b[0] : b[1], inner, transA, transB};
}

/// result = alpha * result + beta * c
template <class T>
void scaleAndAdd(const Call& call, T* result, const Shape& shape, const T* c) {
    const auto alpha = static_cast<T>(call.op.real("alpha", 1));
    const auto beta = static_cast<T>(call.op.real("beta", 1));
    const std::int64_t elements = elementsOf(shape);
    if (alpha != T{1}) {
        for (std::int64_t i = 0; i < elements; ++i) result[i] *= alpha;
    }
    const Value* addend = call.optional(2);
    if (addend == nullptr || beta == T{0}) return;
    const Shape* const addendShape = &addend->shape();
    const BroadcastPlan plan(std::span(&addendShape, 1), shape);
    walkRows(plan, 0, elements, [&](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
        const std::int64_t stride = plan.rowStride(0);
        for (std::int64_t i = 0; i < count; ++i) result[at + i] += beta * c[offsets[0] + i * stride];
    });
}

void gemm(Call& call) {
    const GemmShape s = gemmShape(call);
    const DataType type = call.in(0).type();
    const Value& c = call.optional(2) == nullptr ? call.in(0) : call.in(2);
    const Shape shape{s.rows, s.columns};
    if (call.in(1).type() != type || c.type() != type) {
        throw Refused{fmt::format("inputs are {}, {} and {}: they must be of one type", name(type),
                                  name(call.in(1).type()), name(c.type()))};
    }
    if (isSingle(type)) {
        const As<float> a(call, call.in(0));
        const As<float> b(call, call.in(1));
        const As<float> addend(call, c);
        Value output(DataType::float32, shape);
        const MatrixView left{a.data(), s.transA ? 1 : s.inner, s.transA ? s.rows : 1};
        const MatrixView right{b.data(), s.transB ? 1 : s.columns, s.transB ? s.inner : 1};
        float* to = output.write<float>().data();
        multiply(call.environment, s.rows, s.columns, s.inner, {left}, {right}, {to}, s.columns);
        scaleAndAdd(call, to, shape, addend.data());
        call.result(DataType::float32, {}) = rounded(std::move(output), type);
        return;
    }
    dispatchOrRefuse(call, PlainTypes{}, type, [&]<class T>() {
        using M = Mod<T>;
        const auto a = packedCopy(reinterpret_cast<const M*>(call.in(0).read<T>().data()), s.rows, s.inner, s.transA);
        const auto b =
            packedCopy(reinterpret_cast<const M*>(call.in(1).read<T>().data()), s.inner, s.columns, s.transB);
        M* to = reinterpret_cast<M*>(call.result(type, shape).write<T>().data());
        multiplyPlain(call.environment, s.rows, s.columns, s.inner, a.data(), b.data(), to);
        scaleAndAdd(call, to, shape, reinterpret_cast<const M*>(c.read<T>().data()));
    });
}

void matMulSingle(Call& call, const MatMulShape& s, DataType type) {
    const As<float> a(call, call.in(0));
    const As<float> b(call, call.in(1));
    Value output(DataType::float32, s.result);
    float* to = output.write<float>().data();
    if (s.rightIsShared()) {
        multiply(call.environment, s.batches() * s.rows, s.columns, s.inner, {{a.data(), s.inner, 1}},
                 {{b.data(), s.columns, 1}}, {to}, s.columns);
    } else {
        std::vector<MatrixView> lefts;
        std::vector<MatrixView> rights;
        std::vector<float*> results;
        for (std::size_t i = 0; i < s.leftOf.size(); ++i) {
            lefts.push_back({a.data() + s.leftOf[i] * s.rows * s.inner, s.inner, 1});
            rights.push_back({b.data() + s.rightOf[i] * s.inner * s.columns, s.columns, 1});
            results.push_back(to + static_cast<std::int64_t>(i) * s.rows * s.columns);
        }
        multiply(call.environment, s.rows, s.columns, s.inner, lefts, rights, results, s.columns);
    }
    call.result(DataType::float32, {}) = rounded(std::move(output), type);
}

void matMul(Call& call) {
    const MatMulShape s(call.in(0).shape(), call.in(1).shape());
    const DataType type = call.in(0).type();
    if (call.in(1).type() != type) {
        throw Refused{
            fmt::format("inputs are {} and {}: they must be of one type", name(type), name(call.in(1).type()))};
    }
    if (isSingle(type)) return matMulSingle(call, s, type);
    dispatchOrRefuse(call, PlainTypes{}, type, [&]<class T>() {
        using M = Mod<T>;
        const M* a = reinterpret_cast<const M*>(call.in(0).read<T>().data());
        const M* b = reinterpret_cast<const M*>(call.in(1).read<T>().data());
        M* to = reinterpret_cast<M*>(call.result(type, s.result).write<T>().data());
        for (std::size_t i = 0; i < s.leftOf.size(); ++i) {
            multiplyPlain(call.environment, s.rows, s.columns, s.inner, a + s.leftOf[i] * s.rows * s.inner,
                          b + s.rightOf[i] * s.inner * s.columns,
                          to + static_cast<std::int64_t>(i) * s.rows * s.columns);
        }
    });
}

constexpr KernelEntry kEntries[] = {
    {"", "Gemm", 1, kNewest, gemm},
    {"", "MatMul", 1, kNewest, matMul},
};

}  // namespace

MatMulShape::MatMulShape(Shape a, Shape b) {
    const std::string both = text(a) + " and " + text(b);
    if (a.empty() || b.empty()) throw Refused{fmt::format("{}: a scalar is no matrix", both)};
    const bool vectorA = a.size() == 1;
    const bool vectorB = b.size() == 1;
    if (vectorA) a.insert(a.begin(), 1);
    if (vectorB) b.push_back(1);
    rows = a[a.size() - 2];
    inner = a.back();
    columns = b.back();
    if (inner != b[b.size() - 2]) throw Refused{fmt::format("inner sizes of {} differ", both)};
    a.resize(a.size() - 2);
    b.resize(b.size() - 2);
    const Shape* const shapes[] = {&a, &b};
    const BroadcastPlan plan(shapes);
    result = plan.shape;
    if (!vectorA) result.push_back(rows);
    if (!vectorB) result.push_back(columns);
    elementsOf(result);
    if (rows == 0 || columns == 0) return;
    walkRows(plan, 0, plan.elements(), [&](std::int64_t, std::int64_t count, const std::int64_t* offsets) {
        for (std::int64_t i = 0; i < count; ++i) {
            leftOf.push_back(offsets[0] + i * plan.rowStride(0));
            rightOf.push_back(offsets[1] + i * plan.rowStride(1));
        }
    });
}

bool MatMulShape::rightIsShared() const {
    for (std::size_t i = 0; i < leftOf.size(); ++i) {
        if (rightOf[i] != 0 || leftOf[i] != static_cast<std::int64_t>(i)) return false;
    }
    return true;
}

std::span<const KernelEntry> matrixKernels() { return kEntries; }

}  // namespace millrace::model::exec
