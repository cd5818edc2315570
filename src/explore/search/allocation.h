#pragma once
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Which cores may run a layer, and in which ways it may be split over them.
namespace millrace::search {

/// What a layer is made of, as far as the choice of cores goes.
enum class Work : std::uint8_t { matrix, pooling, elementwise };
Work workOf(const workload::Layer& layer);

/// Cores that may run the layer when no mapping names any: those whose `operatorTypes` list it; else, of the cores that
/// list none, those made for the kind of work (matrix: dataflow unrolls K and C, or D and K; pooling: FX and FY;
/// element-wise: arrays with one dimension larger than 1); else all of them.
std::vector<hardware::CoreId> coresByKind(const workload::Layer& layer, const hardware::Chip& chip);

/// The cores a layer may run on: the mapping's (in the layer, then in the file), else `coresByKind`.
std::vector<hardware::CoreId> allowedCores(const workload::Layer& layer, const hardware::Chip& chip,
                                           const mapping::Mapping* mapping);

/// The part of a layer that runs on one core.
struct Part {
    hardware::CoreId core;
    tiling::Tile region;
};
using Allocation = std::vector<Part>;

/// All ways to be tried, in a fixed order. One core: each allowed core alone. Split into n parts: blocks of n allowed
/// cores, in order (part i on core i of the block; more parts than cores: round about). `*`: 1, 2, 4, ... parts and one
/// for each core. A fixed allocation: part i on the i-th core of the list. Dimension names of the mapping: an entry for
/// an element-wise layer that uses H or D speaks Stream's names (H channels, D rows, K columns). A dimension that the
/// layer lacks is not split; K beside a G of size above 1 stands for G, so that every part is whole groups.
std::vector<Allocation> allocations(const workload::Layer& layer, const hardware::Chip& chip,
                                    const mapping::Mapping* mapping);

/// The dimension that a mapping's name means in this layer, if it has it.
std::optional<workload::DimIndex> resolveDim(const workload::Layer& layer, const mapping::MappingEntry& entry,
                                             std::string_view name);

}  // namespace millrace::search
