#include "explore/workload/workload.h"

#include <algorithm>

namespace millrace::workload {

static std::int64_t floorDiv(std::int64_t a, std::int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Interval range(const AffineExpr& expression, const std::vector<Interval>& ranges) {
    std::int64_t low = expression.offset;
    std::int64_t high = expression.offset;
    for (const AffineTerm& term : expression.terms) {
        const Interval& loop = ranges[term.dim];
        if (loop.empty()) return {0, 0};
        const std::int64_t first = term.coefficient * loop.begin;
        const std::int64_t last = term.coefficient * (loop.end - 1);
        low += std::min(first, last);
        high += std::max(first, last);
    }
    return {floorDiv(low, expression.divisor), floorDiv(high, expression.divisor) + 1};
}

std::int64_t Tensor::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) product *= size;
    return product;
}

std::optional<DimIndex> Layer::dim(std::string_view wanted) const {
    for (DimIndex i = 0; i < dims.size(); ++i) {
        if (dims[i].name == wanted) return i;
    }
    return std::nullopt;
}

std::int64_t Layer::operations() const {
    std::int64_t product = 1;
    for (const LoopDim& dim : dims) product *= dim.size;
    return product;
}

}  // namespace millrace::workload
