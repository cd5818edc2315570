#pragma once
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// What a mapping file decides about a layer.
namespace millrace::search {

/// The spatial unrolling that binds for a layer on a core: the one given inside of the layer, else the mapping file's,
/// else the core's own dataflows. Empty: the mapper chooses. Loops that the layer lacks stay in the list; the cost
/// model drops them.
std::vector<hardware::Dataflow> spatialOf(const workload::Layer& layer, const hardware::Core& core,
                                          const mapping::Mapping* mapping);

/// The workload with the memory roles that the mapping file gives to operands. Null: as it is.
workload::Workload withLinks(workload::Workload workload, const mapping::Mapping* mapping);

}  // namespace millrace::search
