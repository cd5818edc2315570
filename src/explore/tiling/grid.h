#pragma once
#include <cstdint>
#include <vector>

#include "explore/workload/workload.h"

/// Tiles of a layer: a grid over its loop dimensions, and what each tile reads and writes.
namespace millrace::tiling {

/// Cuts [0, size) or a part of it into `parts` intervals whose sizes differ by one at most, larger ones first (8 into
/// 3: 3, 3, 2). More parts than elements: one element each. No padding.
std::vector<Interval> cut(Interval range, std::int64_t parts);

/// Ranges of all loop dimensions: one tile.
using Tile = std::vector<Interval>;

/// The tile that is the whole layer.
Tile wholeLayer(const workload::Layer& layer);

/// How often a loop dimension is cut.
struct Split {
    workload::DimIndex dim = 0;
    std::int64_t parts = 1;
};

/// The first tile of `region` cut by all splits: none is larger on any loop.
Tile largestTile(const Tile& region, const std::vector<Split>& splits);

/// Tiles of `region` cut by all splits; the first split varies slowest.
std::vector<Tile> grid(const Tile& region, const std::vector<Split>& splits);

/// Does an index of the axis, of the operand, of the layer's result depend on this loop?
bool uses(const workload::Axis& axis, workload::DimIndex dim);
bool uses(const workload::Operand& operand, workload::DimIndex dim);
inline bool writes(const workload::Layer& layer, workload::DimIndex dim) { return uses(layer.output, dim); }

/// Box of the result tensor that a tile writes: what its output axes reach, clipped to the tensor. May be empty
/// (cropped away).
Box writtenBox(const workload::Layer& layer, const Tile& tile);
/// Box of an input operand's index space that a tile touches; reaches into padding where the layer does.
Box touchedBox(const workload::Operand& operand, const Tile& tile);
/// What a tile needs of which tensor for one of its inputs.
std::vector<workload::Need> tileNeeds(const workload::Workload& workload, const workload::Operand& operand,
                                      const Tile& tile);

/// The tile as a layer of its own: sizes are the tile's, extents what the tile touches of the existing data. For the
/// cost model; its sources are those of the whole layer and must not be followed.
workload::Layer tileLayer(const workload::Layer& layer, const Tile& tile);

}  // namespace millrace::tiling
