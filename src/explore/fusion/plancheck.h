#pragma once
#include "explore/fusion/plan.h"

/// Whether what is asked for, and what comes out, makes sense.
namespace millrace::fusion {

/// Do the mapping file and the options fit the workload and the chip? Errors: options for layers that do not exist or
/// for loops that they lack, places beyond a layer's loops, cores that do not exist, layers that no core runs. True if
/// none.
bool checkAsked(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
                const PlanOptions& options, Diagnostics& diagnostics);

/// Can the layer's tiles be told apart and run? Errors: loops that carry a value from step to step cut over cores; cuts
/// that leave holes in results; more than 2^31 tiles or 8 cut loops. True if none.
bool checkGrid(const workload::Layer& layer, const LayerPlan& plan, Diagnostics& diagnostics);
/// The same of all layers.
bool checkGrids(const workload::Workload& workload, const Plan& plan, Diagnostics& diagnostics);

}  // namespace millrace::fusion
