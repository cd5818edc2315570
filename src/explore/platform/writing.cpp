#include "explore/platform/writing.h"

#include <algorithm>

#include "explore/tiling/grid.h"

namespace millrace::platform {

using workload::DimIndex;

Writing::Writing(const workload::Layer& layer) : operations_(layer.operations()), indices_(layer.dims.size()) {
    const tiling::Tile whole = tiling::wholeLayer(layer);
    for (const workload::Axis& axis : layer.output.axes) {
        const Interval range = workload::range(axis.index, whole);
        if (range.begin < 0 || range.end > axis.extent) crop(layer, axis);
    }
}

bool Writing::freeIn(const workload::Operand& operand) const {
    std::set<DimIndex> dims;
    for (const workload::Axis& axis : operand.axes) {
        for (const workload::AffineTerm& term : axis.index.terms) dims.insert(term.dim);
    }
    return known_ && std::all_of(cropped_.begin(), cropped_.end(), [&](const std::set<DimIndex>& together) {
               return std::count_if(together.begin(), together.end(),
                                    [&](DimIndex dim) { return dims.count(dim) > 0; }) <= 1;
           });
}

/// Calls `visit(term, value of its loop)` for the terms of an axis at one of its points.
template <class Visit>
static void forTerms(const workload::Layer& layer, const workload::Axis& axis, std::int64_t point, Visit&& visit) {
    for (const workload::AffineTerm& term : axis.index.terms) {
        visit(term, point % layer.dims[term.dim].size);
        point /= layer.dims[term.dim].size;
    }
}

void Writing::crop(const workload::Layer& layer, const workload::Axis& axis) {
    std::set<DimIndex> dims;
    std::int64_t points = 1;
    for (const workload::AffineTerm& term : axis.index.terms) {
        const bool isNew = dims.insert(term.dim).second && indices_[term.dim].empty();
        known_ = known_ && isNew && points <= kMostPoints / layer.dims[term.dim].size;
        if (!known_) return;
        points *= layer.dims[term.dim].size;
    }
    for (const DimIndex dim : dims) indices_[dim].assign(static_cast<std::size_t>(layer.dims[dim].size), false);
    std::int64_t writing = 0;
    for (std::int64_t point = 0; point < points; ++point) {
        std::int64_t value = axis.index.offset;
        forTerms(layer, axis, point,
                 [&](const workload::AffineTerm& term, std::int64_t at) { value += term.coefficient * at; });
        if (value < 0 || value >= axis.extent * axis.index.divisor) continue;
        ++writing;
        forTerms(layer, axis, point, [&](const workload::AffineTerm& term, std::int64_t at) {
            indices_[term.dim][static_cast<std::size_t>(at)] = true;
        });
    }
    operations_ = operations_ / points * writing;
    cropped_.push_back(std::move(dims));
}

}  // namespace millrace::platform
