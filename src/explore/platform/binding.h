#pragma once
#include <vector>

#include "explore/cost/nest.h"
#include "explore/mapper/mapper.h"
#include "explore/mapping/mapping.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// What a mapping file decides about a layer.
namespace millrace::platform {

/// The spatial unrolling that binds for a layer on a core: the one given inside of the layer, else the mapping file's,
/// else the core's own dataflows. Empty: the mapper chooses. Loops that the layer lacks stay in the list; the cost
/// model drops them.
std::vector<hardware::Dataflow> spatialOf(const workload::Layer& layer, const hardware::Core& core,
                                          const mapping::Mapping* mapping);

/// The question to the mapper for a layer, or a tile of it, on a core, with all that the mapping file binds. A given
/// loop order names sizes of the whole layer: for a tile it says nothing. `nest` and `core` must outlive the request.
mapper::Request requestFor(const cost::Nest& nest, const workload::Layer& layer, bool whole, const hardware::Core& core,
                           const mapping::Mapping* mapping, const mapper::Options& options);

/// Does what the mapping file and the layers themselves say fit the chip and the layers? One error for each mistake:
/// cores that the chip lacks or that are off-chip, array dimensions that no core of the layer has. True if none.
bool checkBindings(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
                   Diagnostics& diagnostics);

/// For those who cannot pass partial sums from core to core: an error for each layer that the mapping file splits over
/// cores along a loop that it sums over. True if none.
bool checkNoSumOverCores(const workload::Workload& workload, const mapping::Mapping* mapping, Diagnostics& diagnostics);

/// The workload with the memory roles that the mapping file gives to operands. Null: as it is.
workload::Workload withLinks(workload::Workload workload, const mapping::Mapping* mapping);

}  // namespace millrace::platform
