#include "explore/tiling/cells.h"

#include <algorithm>

#include "explore/tiling/cellbuilder.h"

namespace millrace::tiling {

CellBox TensorCells::whole() const {
    CellBox result;
    for (std::size_t i = 0; i < axes_.size(); ++i) result.end[i] = axes_[i].size();
    return result;
}

Interval TensorCells::span(std::size_t axis, std::uint32_t begin, std::uint32_t end) const {
    return {axes_[axis].sums[begin], axes_[axis].sums[end]};
}

Box TensorCells::box(const CellBox& cells) const {
    Box result = wholeBox(shape_);
    for (std::size_t i = 0; i < axes_.size(); ++i) result[axes_[i].axis] = span(i, cells.begin[i], cells.end[i]);
    return result;
}

Cells::Cells(const workload::Workload& workload, Table<workload::LayerId, TileGrid> grids,
             const std::vector<bool>& recomputing)
    : workload_(workload), grids_(std::move(grids)) {
    CellBuilder builder(workload, grids_);
    if (!recomputing.empty()) builder.stretch(recomputing);
    builder.cut();
    cells_ = builder.takeCells();
    for (const workload::LayerId layer : workload.layers.ids()) {
        writes_.add(builder.writes(layer, cells_));
        reads_.add(builder.reads(layer, cells_));
        mixed_.add(builder.mixed(layer));
    }
}

std::pair<std::uint32_t, std::uint32_t> TensorCells::Axis::range(const Interval& interval) const {
    if (interval.empty()) return {0, 0};
    const auto first = std::lower_bound(sums.begin(), sums.end(), interval.begin);
    const auto last = std::lower_bound(first, sums.end(), interval.end);
    return {static_cast<std::uint32_t>(first - sums.begin()), static_cast<std::uint32_t>(last - sums.begin())};
}

std::vector<std::pair<workload::TensorId, CellBox>> Cells::mixedNeeds(workload::LayerId layer, std::size_t input,
                                                                      const Coordinates& coordinates) const {
    std::vector<std::pair<workload::TensorId, CellBox>> result;
    const workload::Operand& operand = workload_.layers[layer].inputs[input];
    for (const workload::Need& need : tileNeeds(workload_, operand, grids_[layer].tile(coordinates))) {
        const TensorCells& tensor = cells_[need.tensor];
        CellBox box = tensor.whole();
        for (std::size_t i = 0; i < tensor.axes().size(); ++i) {
            const auto [begin, end] = tensor.axes()[i].range(need.box[tensor.axes()[i].axis]);
            box.begin[i] = begin;
            box.end[i] = end;
        }
        result.emplace_back(need.tensor, box);
    }
    return result;
}

}  // namespace millrace::tiling
