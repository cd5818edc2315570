#include "explore/tiling/grid.h"

#include <algorithm>

namespace millrace::tiling {

std::vector<Interval> cut(Interval range, std::int64_t parts) {
    const std::int64_t size = range.size();
    const std::int64_t count = std::clamp<std::int64_t>(parts, 1, std::max<std::int64_t>(size, 1));
    std::vector<Interval> result;
    result.reserve(static_cast<std::size_t>(count));
    std::int64_t begin = range.begin;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t length = size / count + (i < size % count ? 1 : 0);
        result.push_back({begin, begin + length});
        begin += length;
    }
    return result;
}

Tile wholeLayer(const workload::Layer& layer) {
    Tile tile;
    tile.reserve(layer.dims.size());
    for (const workload::LoopDim& dim : layer.dims) tile.push_back({0, dim.size});
    return tile;
}

Tile largestTile(const Tile& region, const std::vector<Split>& splits) {
    Tile tile = region;
    for (const Split& split : splits) {
        Interval& range = tile[split.dim];
        const std::int64_t parts = std::clamp<std::int64_t>(split.parts, 1, std::max<std::int64_t>(range.size(), 1));
        range.end = range.begin + (range.size() + parts - 1) / parts;
    }
    return tile;
}

std::vector<Tile> grid(const Tile& region, const std::vector<Split>& splits) {
    std::vector<Tile> tiles{region};
    for (const Split& split : splits) {
        std::vector<Tile> next;
        for (const Tile& tile : tiles) {
            for (const Interval& part : cut(tile[split.dim], split.parts)) {
                next.push_back(tile);
                next.back()[split.dim] = part;
            }
        }
        tiles = std::move(next);
    }
    return tiles;
}

bool uses(const workload::Axis& axis, workload::DimIndex dim) {
    const auto& terms = axis.index.terms;
    return std::any_of(terms.begin(), terms.end(), [&](const workload::AffineTerm& term) { return term.dim == dim; });
}

bool uses(const workload::Operand& operand, workload::DimIndex dim) {
    return std::any_of(operand.axes.begin(), operand.axes.end(),
                       [&](const workload::Axis& axis) { return uses(axis, dim); });
}

static Box rangesOf(const workload::Operand& operand, const Tile& tile) {
    Box box;
    box.reserve(operand.axes.size());
    for (const workload::Axis& axis : operand.axes) box.push_back(workload::range(axis.index, tile));
    return box;
}

static Box clip(const workload::Operand& operand, Box box) {
    for (std::size_t i = 0; i < box.size(); ++i) {
        box[i].begin = std::clamp<std::int64_t>(box[i].begin, 0, operand.axes[i].extent);
        box[i].end = std::clamp<std::int64_t>(box[i].end, box[i].begin, operand.axes[i].extent);
    }
    return box;
}

Box writtenBox(const workload::Layer& layer, const Tile& tile) {
    return clip(layer.output, rangesOf(layer.output, tile));
}

Box touchedBox(const workload::Operand& operand, const Tile& tile) { return rangesOf(operand, tile); }

std::vector<workload::Need> tileNeeds(const workload::Workload& workload, const workload::Operand& operand,
                                      const Tile& tile) {
    return workload::needs(workload, operand.source, clip(operand, rangesOf(operand, tile)));
}

static void restrictOperand(workload::Operand& operand, const Tile& tile) {
    const Box touched = rangesOf(operand, tile);
    const Box existing = clip(operand, touched);
    for (std::size_t i = 0; i < operand.axes.size(); ++i) {
        workload::Axis& axis = operand.axes[i];
        for (const workload::AffineTerm& term : axis.index.terms) {
            axis.index.offset += term.coefficient * tile[term.dim].begin;
        }
        axis.index.offset -= existing[i].begin * axis.index.divisor;
        axis.extent = std::max<std::int64_t>(existing[i].size(), 1);
    }
}

workload::Layer tileLayer(const workload::Layer& layer, const Tile& tile) {
    workload::Layer result = layer;
    for (std::size_t i = 0; i < tile.size(); ++i) result.dims[i].size = tile[i].size();
    restrictOperand(result.output, tile);
    for (workload::Operand& operand : result.inputs) restrictOperand(operand, tile);
    return result;
}

}  // namespace millrace::tiling
