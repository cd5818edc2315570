#pragma once
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// In which ways a layer may be split over the cores that may run it.
namespace millrace::search {

/// The part of a layer that runs on one core.
struct Part {
    hardware::CoreId core;
    tiling::Tile region;
};
/// How a layer is split over cores: part i of the grid of `splits`, the first fastest, on `cores[i % cores.size()]`.
struct Allocation {
    std::vector<Part> parts;
    std::vector<tiling::Split> splits;
    std::vector<hardware::CoreId> cores;
};

/// The parts of a grid.
Allocation splitOver(const workload::Layer& layer, const std::vector<tiling::Split>& splits,
                     const std::vector<hardware::CoreId>& cores);

/// All ways to be tried, in a fixed order. One core: each allowed core alone. Split into n parts: blocks of n allowed
/// cores, in order (part i on core i of the block; more parts than cores: round about). `*`: 1, 2, 4, ... parts and one
/// for each core; along several loops: `tiling::interSplits`. A fixed allocation: part i on the i-th core of the list.
/// Names of dimensions: `mapping::resolve`. A dimension that the layer lacks is not split.
std::vector<Allocation> allocations(const workload::Layer& layer, const hardware::Chip& chip,
                                    const mapping::Mapping* mapping);

}  // namespace millrace::search
