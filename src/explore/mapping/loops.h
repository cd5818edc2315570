#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/workload/workload.h"

/// What the names of loops in a mapping file mean in a layer.
namespace millrace::mapping {

/// The loop that a tiling of the entry means in this layer, if the layer has it. Names: as in the layer, but an entry
/// for an element-wise layer of rank 4 that uses H or D speaks Stream's names of 2025 (H channels, D rows, K columns);
/// K beside a G of size above 1 stands for G, so that every part is whole groups. Places ("D6" in files of 2026): see
/// `places`.
std::optional<workload::DimIndex> resolve(const workload::Layer& layer, const MappingEntry& entry,
                                          const Tiling& tiling);

/// The layer's loops in the order in which Stream (2026) numbers them: D0, D1, ... (docs/mapping.md has the table).
/// Nothing stands where Stream has a loop that this layer lacks.
std::vector<std::optional<workload::DimIndex>> places(const workload::Layer& layer);

/// "D0 B, D1 OX, ...": the same for messages.
std::string placesText(const workload::Layer& layer);

}  // namespace millrace::mapping
