#include "tiling/random_grid.h"

#include <algorithm>

#include "tiling/needs_reference.h"

namespace millrace::test {

using tiling::Split;
using workload::DimIndex;
using workload::Layer;

static std::int64_t partsOn(const std::vector<Split>& splits, DimIndex dim) {
    std::int64_t product = 1;
    for (const Split& split : splits) product *= split.dim == dim ? split.parts : 1;
    return product;
}

static std::int64_t tilesOf(const Splits& splits) {
    std::int64_t product = 1;
    for (const auto* list : {&splits.inter, &splits.intra}) {
        for (const Split& split : *list) product *= split.parts;
    }
    return product;
}

static bool moves(const workload::Axis& axis, DimIndex dim) {
    return std::any_of(axis.index.terms.begin(), axis.index.terms.end(),
                       [&](const workload::AffineTerm& term) { return term.dim == dim; });
}

void tryCut(const Layer& layer, Splits& splits, bool overCores, DimIndex dim, std::int64_t parts) {
    const std::int64_t all = partsOn(splits.inter, dim) * partsOn(splits.intra, dim);
    parts = std::min(parts, layer.dims[dim].size / all);
    if (parts < 2) return;
    Splits finer = splits;
    (overCores ? finer.inter : finer.intra).push_back({dim, parts});
    const std::int64_t tiles = tilesOf(finer);
    for (std::int64_t number = 0; number < tiles; ++number) {
        if (!touchesBox(layer.output, tileByNumber(layer, finer, number))) return;
    }
    splits = std::move(finer);
}

Splits randomSplits(const Layer& layer, Rng& rng, std::int64_t most) {
    Splits splits;
    for (std::uint64_t tries = rng.below(5); tries > 0; --tries) {
        const std::int64_t room = most / tilesOf(splits);
        if (room < 2) break;
        const DimIndex dim = rng.below(layer.dims.size());
        const bool overCores = rng.below(3) == 0;
        const auto& axes = layer.output.axes;
        const bool written = std::any_of(axes.begin(), axes.end(), [&](const auto& axis) { return moves(axis, dim); });
        if (overCores && !written) continue;
        tryCut(layer, splits, overCores, dim,
               rng.below(4) == 0 ? room : rng.between(2, std::min<std::int64_t>(room, 4)));
    }
    return splits;
}

std::vector<Interval> tileByNumber(const Layer& layer, const Splits& splits, std::int64_t number) {
    std::vector<Interval> tile;
    for (const workload::LoopDim& dim : layer.dims) tile.push_back({0, dim.size});
    std::vector<std::pair<Split, std::int64_t>> digits;
    for (const auto* list : {&splits.inter, &splits.intra}) {
        for (const Split& split : *list) {
            digits.emplace_back(split, number % split.parts);
            number /= split.parts;
        }
    }
    std::reverse(digits.begin(), digits.end());
    for (const auto& [split, digit] : digits) {
        Interval& range = tile[split.dim];
        const std::int64_t size = range.end - range.begin;
        const std::int64_t parts = split.parts;
        const auto edge = [&](std::int64_t i) { return range.begin + i * (size / parts) + std::min(i, size % parts); };
        range = {edge(digit), edge(digit + 1)};
    }
    return tile;
}

Table<workload::LayerId, tiling::TileGrid> randomGrids(const workload::Workload& workload, Rng& rng,
                                                       std::int64_t most) {
    Table<workload::LayerId, tiling::TileGrid> grids;
    for (const Layer& layer : workload.layers) {
        const Splits splits = randomSplits(layer, rng, most);
        grids.add(tiling::TileGrid(layer, splits.inter, splits.intra));
    }
    return grids;
}

}  // namespace millrace::test
