#include <fmt/format.h>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool gemmShape(Inference& inference) {
    if (!inference.rankIs(0, 2) || !inference.rankIs(1, 2) || !inference.sameType(0, 1)) return false;
    const GemmAttributes gemm = gemmAttributes(inference.op());
    const Shape& a = inference.shape(0);
    const Shape& b = inference.shape(1);
    const std::int64_t innerA = gemm.transA ? a[0] : a[1];
    const std::int64_t innerB = gemm.transB ? b[1] : b[0];
    if (innerA != innerB) {
        return inference.fail(fmt::format("inner sizes differ: {} gives {} (transA {}), {} gives {} (transB {})",
                                          inference.label(0), innerA, int{gemm.transA}, inference.label(1), innerB,
                                          int{gemm.transB}));
    }
    Shape output{gemm.transA ? a[1] : a[0], gemm.transB ? b[0] : b[1]};
    if (inference.has(2) && !broadcastsTo(inference.shape(2), output)) {
        return inference.fail(fmt::format("{} cannot be broadcast to the result {}", inference.label(2), text(output)));
    }
    return inference.set(0, inference.type(0), std::move(output));
}

bool matMulShape(Inference& inference) {
    if (!inference.rankAtLeast(0, 1) || !inference.rankAtLeast(1, 1) || !inference.sameType(0, 1)) return false;
    Shape a = inference.shape(0);
    Shape b = inference.shape(1);
    const bool vectorA = a.size() == 1;
    const bool vectorB = b.size() == 1;
    if (vectorA) a.insert(a.begin(), 1);
    if (vectorB) b.push_back(1);
    const std::int64_t rows = a[a.size() - 2];
    const std::int64_t columns = b.back();
    if (a.back() != b[b.size() - 2]) {
        return inference.fail(fmt::format("inner sizes differ: {} gives {}, {} gives {}", inference.label(0), a.back(),
                                          inference.label(1), b[b.size() - 2]));
    }
    a.resize(a.size() - 2);
    b.resize(b.size() - 2);
    auto output = broadcast(a, b);
    if (!output) {
        return inference.fail(fmt::format("the batch axes of {} and {} cannot be broadcast to each other",
                                          inference.label(0), inference.label(1)));
    }
    if (!vectorA) output->push_back(rows);
    if (!vectorB) output->push_back(columns);
    return inference.set(0, inference.type(0), *std::move(output));
}

}  // namespace

GemmAttributes gemmAttributes(const Operator& op) {
    GemmAttributes gemm;
    gemm.transA = op.integer("transA", 0) != 0;
    gemm.transB = op.integer("transB", 0) != 0;
    gemm.alpha = op.real("alpha", 1);
    gemm.beta = op.real("beta", 1);
    return gemm;
}

std::vector<OperatorSpec> matrixOperators() {
    using K = AttributeKind;
    const std::vector<AttributeSpec> gemm{
        {"alpha", K::real}, {"beta", K::real}, {"transA", K::integer}, {"transB", K::integer}};
    return {{"Gemm", 7, 10, {3, 3}, {1, 1}, gemm, gemmShape},
            {"Gemm", 11, kNewestOpset, {2, 3}, {1, 1}, gemm, gemmShape},
            {"MatMul", 1, kNewestOpset, {2, 2}, {1, 1}, {}, matMulShape}};
}

}  // namespace millrace::model
