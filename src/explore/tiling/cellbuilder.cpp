#include "explore/tiling/cellbuilder.h"

#include <algorithm>

namespace millrace::tiling {

using workload::LayerId;
using workload::TensorId;

/// Tensors are kept below this number of cells; axes with the most cuts are left whole if need be.
static constexpr std::uint64_t kMostCells = std::uint64_t{1} << 30;

static bool isMixed(const workload::Operand& operand) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    return pieces != nullptr && std::any_of(pieces->begin(), pieces->end(),
                                            [](const workload::Piece& piece) { return !piece.viewShape.empty(); });
}

CellBuilder::CellBuilder(const workload::Workload& workload, Table<LayerId, TileGrid>& grids)
    : workload_(workload), grids_(grids), readers_(workload.tensors.size()), copies_(workload.tensors.size()) {
    for (const TensorId id : workload.tensors.ids()) copies_[id].resize(workload.tensors[id].shape.size());
    for (const LayerId layer : workload.layers.ids()) {
        writes_.add(written(layer));
        reads_.add(read(layer));
        const auto add = [&](TensorId tensor) {
            if (readers_[tensor].empty() || readers_[tensor].back() != layer) readers_[tensor].push_back(layer);
        };
        for (const Access& access : reads_[layer]) add(access.tensor);
        for (const std::size_t input : mixed(layer)) {
            for (const auto& piece :
                 std::get<std::vector<workload::Piece>>(workload.layers[layer].inputs[input].source))
                add(piece.tensor);
        }
    }
}

std::vector<std::size_t> CellBuilder::mixed(LayerId layer) const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < workload_.layers[layer].inputs.size(); ++i) {
        if (isMixed(workload_.layers[layer].inputs[i])) result.push_back(i);
    }
    return result;
}

CellBuilder::Ranges CellBuilder::rangesOf(LayerId layer, const workload::Axis& axis) const {
    const TileGrid& grid = grids_[layer];
    Ranges result;
    std::uint32_t combinations = 1;
    for (std::uint32_t slot = 0; slot < grid.slots().size(); ++slot) {
        const bool used = std::any_of(axis.index.terms.begin(), axis.index.terms.end(), [&](const auto& term) {
            return term.dim == grid.slots()[slot].dim && term.coefficient != 0;
        });
        if (!used) continue;
        result.keys.push_back({slot, combinations});
        combinations *= static_cast<std::uint32_t>(grid.slots()[slot].intervals.size());
    }
    Tile tile = wholeLayer(workload_.layers[layer]);
    result.intervals.reserve(combinations);
    for (std::uint32_t i = 0; i < combinations; ++i) {
        for (const AxisTable::Key& key : result.keys) {
            const TileGrid::Slot& slot = grid.slots()[key.slot];
            tile[slot.dim] = slot.intervals[i / key.stride % slot.intervals.size()];
        }
        Interval range = workload::range(axis.index, tile);
        range.begin = std::clamp<std::int64_t>(range.begin, 0, axis.extent);
        range.end = std::clamp<std::int64_t>(range.end, range.begin, axis.extent);
        result.intervals.push_back(range);
    }
    return result;
}

CellBuilder::Access CellBuilder::written(LayerId id) const {
    const workload::Layer& layer = workload_.layers[id];
    Access result{layer.result, 0, {}};
    for (std::size_t i = 0; i < layer.output.axes.size(); ++i) {
        result.axes.push_back(rangesOf(id, layer.output.axes[i]));
        result.axes.back().axis = i;
    }
    return result;
}

std::vector<CellBuilder::Access> CellBuilder::read(LayerId id) const {
    std::vector<Access> result;
    const workload::Layer& layer = workload_.layers[id];
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        if (isMixed(layer.inputs[i])) continue;
        if (const auto* barrier = std::get_if<workload::Barrier>(&layer.inputs[i].source)) {
            for (const TensorId tensor : barrier->tensors) result.push_back({tensor, i, {}});
            continue;
        }
        for (const workload::Piece& piece : std::get<std::vector<workload::Piece>>(layer.inputs[i].source)) {
            result.push_back(pieceOf(id, i, piece));
        }
    }
    return result;
}

/// The image of an interval of the operand's axis on the tensor's.
static Interval image(const workload::AxisMap& map, const Interval& side) {
    if (side.empty()) return {0, 0};
    const std::int64_t first = map.coefficient * side.begin + map.offset;
    const std::int64_t last = map.coefficient * (side.end - 1) + map.offset;
    return {std::min(first, last), std::max(first, last) + 1};
}

CellBuilder::Access CellBuilder::pieceOf(LayerId id, std::size_t input, const workload::Piece& piece) const {
    const workload::Operand& operand = workload_.layers[id].inputs[input];
    Access result{piece.tensor, input, {}};
    std::vector<Ranges> sides;
    for (std::size_t i = 0; i < operand.axes.size(); ++i) {
        Ranges ranges = rangesOf(id, operand.axes[i]);
        for (Interval& interval : ranges.intervals) {
            interval.begin = std::max(interval.begin, piece.region[i].begin);
            interval.end = std::max(interval.begin, std::min(interval.end, piece.region[i].end));
        }
        sides.push_back(std::move(ranges));
    }
    std::vector<bool> used(sides.size(), false);
    for (std::size_t t = 0; t < piece.map.size(); ++t) {
        const workload::AxisMap& map = piece.map[t];
        Ranges ranges;
        if (map.operandAxis) {
            used[*map.operandAxis] = true;
            ranges = sides[*map.operandAxis];
            for (Interval& interval : ranges.intervals) interval = image(map, interval);
        } else {
            ranges.intervals.push_back({map.offset, map.offset + 1});
        }
        ranges.axis = t;
        result.axes.push_back(std::move(ranges));
    }
    for (std::size_t i = 0; i < sides.size(); ++i) {
        const bool sometimesEmpty = std::any_of(sides[i].intervals.begin(), sides[i].intervals.end(),
                                                [](const Interval& interval) { return interval.empty(); });
        if (!used[i] && sometimesEmpty) result.axes.push_back(std::move(sides[i]));
    }
    return result;
}

std::vector<Interval> CellBuilder::wanted(TensorId tensor, std::size_t axis, std::size_t parts) const {
    std::vector<Interval> hull(parts);
    for (const LayerId reader : readers_[tensor]) {
        if (!mixed(reader).empty()) return {};
        for (const Access& access : reads_[reader]) {
            if (access.tensor != tensor) continue;
            if (access.axes.empty()) return {};
            for (const Ranges& ranges : access.axes) {
                if (ranges.axis != axis) continue;
                if (ranges.keys.size() != 1 || ranges.intervals.size() != parts) return {};
                for (std::size_t i = 0; i < parts; ++i) {
                    const Interval& need = ranges.intervals[i];
                    if (need.empty()) continue;
                    if (hull[i].empty()) hull[i] = need;
                    hull[i] = {std::min(hull[i].begin, need.begin), std::max(hull[i].end, need.end)};
                }
            }
        }
    }
    return hull;
}

/// What no reader needs is still computed, by the tile whose part it is.
static void addUnread(const std::vector<Interval>& own, std::vector<Interval>& hull) {
    std::vector<Box> needed;
    for (const Interval& interval : hull) needed.push_back({interval});
    for (std::size_t i = 0; i < own.size(); ++i) {
        for (const Box& left : subtract({own[i]}, needed)) {
            hull[i] = {std::min(hull[i].begin, left[0].begin), std::max(hull[i].end, left[0].end)};
        }
    }
}

bool CellBuilder::stretchAxis(LayerId id, const Ranges& ranges) {
    const workload::Layer& layer = workload_.layers[id];
    if (ranges.keys.size() != 1 || ranges.intervals.size() < 2) return false;
    const workload::AffineExpr& index = layer.output.axes[*ranges.axis].index;
    if (index.terms.size() != 1 || index.terms[0].coefficient != 1 || index.divisor != 1) return false;
    std::vector<Interval> hull = wanted(layer.result, *ranges.axis, ranges.intervals.size());
    if (hull.empty()) return false;
    for (std::size_t i = 0; i < hull.size(); ++i) {
        if (hull[i].empty()) hull[i] = ranges.intervals[i];
    }
    addUnread(ranges.intervals, hull);
    if (hull == ranges.intervals) return false;
    copies_[layer.result][*ranges.axis] = hull;
    for (Interval& interval : hull) interval = {interval.begin - index.offset, interval.end - index.offset};
    grids_[id].stretch(ranges.keys[0].slot, std::move(hull));
    return true;
}

void CellBuilder::stretch(const std::vector<bool>& recomputing) {
    for (std::size_t i = workload_.layers.size(); i-- > 0;) {
        const LayerId layer(i);
        const workload::Tensor& result = workload_.tensors[workload_.layers[layer].result];
        if (!recomputing[i] || result.isOutput || readers_[workload_.layers[layer].result].empty()) continue;
        bool changed = false;
        const Access before = writes_[layer];
        for (const Ranges& ranges : before.axes) changed = stretchAxis(layer, ranges) || changed;
        if (!changed) continue;
        writes_[layer] = written(layer);
        reads_[layer] = read(layer);
    }
}

void CellBuilder::cut() {
    for (const TensorId tensor : workload_.tensors.ids()) {
        cells_.add({});
        cutTensor(tensor);
    }
}

/// The needs of reshaped sources begin and end anywhere: asked for tile by tile.
void CellBuilder::markMixed(std::vector<std::vector<std::int64_t>>& cuts, LayerId layer, TensorId tensor) const {
    const TileGrid& grid = grids_[layer];
    for (const std::size_t input : mixed(layer)) {
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            const workload::Operand& operand = workload_.layers[layer].inputs[input];
            for (const workload::Need& need : tileNeeds(workload_, operand, grid.tile(grid.at(tile)))) {
                if (need.tensor != tensor) continue;
                for (std::size_t i = 0; i < need.box.size(); ++i) {
                    cuts[i].push_back(need.box[i].begin);
                    cuts[i].push_back(need.box[i].end);
                }
            }
        }
    }
}

static std::vector<Interval> between(std::vector<std::int64_t> cuts, std::int64_t extent) {
    cuts.push_back(0);
    cuts.push_back(extent);
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    std::vector<Interval> result;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) result.push_back({cuts[i], cuts[i + 1]});
    return result;
}

/// Which coordinate of the writing layer's cut an axis' cells belong to.
void CellBuilder::follow(TensorCells::Axis& axis, const Ranges& ranges) const {
    if (ranges.keys.size() != 1) return;
    axis.slot = ranges.keys[0].slot;
    std::uint32_t coordinate = 0;
    for (std::uint32_t i = 0; i < axis.size(); ++i) {
        if (!axis.copies.empty()) {
            coordinate = i;
        } else {
            while (coordinate + 1 < ranges.intervals.size() && ranges.intervals[coordinate].end <= axis.sums[i]) {
                ++coordinate;
            }
        }
        axis.coordinates.push_back(coordinate);
    }
}

void CellBuilder::cutTensor(TensorId id) {
    const workload::Tensor& tensor = workload_.tensors[id];
    TensorCells& result = cells_[id];
    result.shape_ = tensor.shape;
    const std::size_t rank = tensor.shape.size();
    std::vector<std::vector<std::int64_t>> cuts(rank);
    const auto mark = [&](const Access& access) {
        if (access.tensor != id) return;
        for (const Ranges& ranges : access.axes) {
            if (!ranges.axis) continue;
            for (const Interval& interval : ranges.intervals) {
                if (interval.empty()) continue;
                cuts[*ranges.axis].push_back(interval.begin);
                cuts[*ranges.axis].push_back(interval.end);
            }
        }
    };
    const bool made = tensor.origin == workload::TensorOrigin::layer;
    if (made) mark(writes_[tensor.producer]);
    for (const LayerId reader : readers_[id]) {
        for (const Access& access : reads_[reader]) mark(access);
        markMixed(cuts, reader, id);
    }
    std::vector<std::vector<Interval>> cells;
    for (std::size_t i = 0; i < rank; ++i) {
        cells.push_back(copies_[id][i].empty() ? between(std::move(cuts[i]), tensor.shape[i]) : copies_[id][i]);
    }
    const auto count = [&] {
        std::uint64_t product = 1;
        std::size_t axes = 0;
        for (const auto& axis : cells) {
            if (axis.size() > 1) ++axes;
            product = std::min<std::uint64_t>(product * axis.size(), kMostCells * 2);
        }
        return product <= kMostCells && axes <= kMostAxes;
    };
    while (!count()) {
        const auto most = std::max_element(cells.begin(), cells.end(),
                                           [](const auto& a, const auto& b) { return a.size() < b.size(); });
        *most = {{0, tensor.shape[static_cast<std::size_t>(most - cells.begin())]}};
    }
    for (std::size_t i = 0; i < rank; ++i) {
        if (cells[i].size() == 1) {
            result.rest_ *= cells[i][0].size();
            continue;
        }
        TensorCells::Axis axis;
        axis.axis = i;
        axis.copies = copies_[id][i];
        axis.sums.push_back(0);
        axis.sums.reserve(cells[i].size() + 1);
        for (const Interval& cell : cells[i]) axis.sums.push_back(axis.sums.back() + cell.size());
        result.shape_[i] = axis.sums.back();
        if (made) follow(axis, writes_[tensor.producer].axes[i]);
        result.axes_.push_back(std::move(axis));
    }
    for (std::size_t i = result.axes_.size(); i-- > 0;) {
        result.axes_[i].stride = result.size_;
        result.size_ *= result.axes_[i].size();
    }
}

TensorAccess CellBuilder::tables(const Access& access, const Table<TensorId, TensorCells>& cells) const {
    const TensorCells& tensor = cells[access.tensor];
    TensorAccess result;
    result.tensor = access.tensor;
    result.input = access.input;
    result.rest = tensor.whole();
    for (const Ranges& ranges : access.axes) {
        const auto axis = std::find_if(tensor.axes().begin(), tensor.axes().end(),
                                       [&](const TensorCells::Axis& cut) { return ranges.axis == cut.axis; });
        AxisTable table;
        table.keys = ranges.keys;
        const bool cut = axis != tensor.axes().end();
        for (std::uint32_t i = 0; i < ranges.intervals.size(); ++i) {
            if (!cut || !axis->copies.empty()) {
                const std::uint32_t end = ranges.intervals[i].empty() ? 0 : 1;
                table.ranges.emplace_back(cut ? i : 0, (cut ? i : 0) + end);
            } else {
                table.ranges.push_back(axis->range(ranges.intervals[i]));
            }
        }
        if (cut) {
            table.axis = static_cast<std::uint32_t>(axis - tensor.axes().begin());
            result.tables.push_back(std::move(table));
        } else if (std::any_of(table.ranges.begin(), table.ranges.end(),
                               [](const auto& range) { return range.first == range.second; })) {
            result.guards.push_back(std::move(table));
        }
    }
    return result;
}

TensorAccess CellBuilder::writes(LayerId layer, const Table<TensorId, TensorCells>& cells) const {
    return tables(writes_[layer], cells);
}

std::vector<TensorAccess> CellBuilder::reads(LayerId layer, const Table<TensorId, TensorCells>& cells) const {
    std::vector<TensorAccess> result;
    for (const Access& access : reads_[layer]) result.push_back(tables(access, cells));
    return result;
}

}  // namespace millrace::tiling
