#pragma once
#include <vector>

#include "explore/tiling/tilegrid.h"
#include "explore/workload/workload.h"
#include "support/rng.h"

namespace millrace::test {

struct Splits {
    std::vector<tiling::Split> inter, intra;
};

/// Adds a cut into so many parts, or as many as are left, unless what some tile writes would not be a box.
void tryCut(const workload::Layer& layer, Splits& splits, bool overCores, workload::DimIndex dim, std::int64_t parts);

/// Cuts of a layer over cores along loops that results move along, and in time along any loops, the same ones too, of
/// about `most` tiles together. What each tile writes is a box without holes.
Splits randomSplits(const workload::Layer& layer, Rng& rng, std::int64_t most);

/// Ranges of all loops of a tile by its number, by the words of tilegrid.h, without any of its code.
std::vector<Interval> tileByNumber(const workload::Layer& layer, const Splits& splits, std::int64_t number);

/// The grids of all layers, cut at random.
Table<workload::LayerId, tiling::TileGrid> randomGrids(const workload::Workload& workload, Rng& rng, std::int64_t most);

}  // namespace millrace::test
