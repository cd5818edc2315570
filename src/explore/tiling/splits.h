#pragma once
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"

/// Lists of splits, and those that an entry of a mapping file asks for. In a list, the first split varies fastest, no
/// loop stands twice, and every split has 2 parts or more.
namespace millrace::tiling {

/// Adds a split; a loop that is in the list already gets both. At most `most` parts in all.
void addSplit(std::vector<Split>& splits, workload::DimIndex dim, std::int64_t parts, std::int64_t most);
/// Parts of a loop in a list of splits: 1 if it is not there.
std::int64_t partsOf(const std::vector<Split>& splits, workload::DimIndex dim);
/// Product of the parts.
std::int64_t partsOf(const std::vector<Split>& splits);

/// The cuts over cores that an entry asks for. "*": as many parts as the numbers beside it leave of this many cores.
std::vector<Split> interSplits(const workload::Layer& layer, const mapping::MappingEntry& entry, std::size_t cores);

/// The cuts in time that an entry asks for, inside of the parts of `inter`; "all": single steps of each of those. "*":
/// `star` parts.
std::vector<Split> intraSplits(const workload::Layer& layer, const mapping::MappingEntry& entry,
                               const std::vector<Split>& inter, std::int64_t star);

}  // namespace millrace::tiling
