#pragma once
#include "explore/fusion/plan.h"
#include "explore/workload/workload.h"

/// Layers that are cut over cores along a loop which they sum over.
namespace millrace::fusion {

/// A workload and plan without such cuts.
struct CoreSums {
    workload::Workload workload;  ///< what is scheduled
    workload::Workload costed;    ///< the same layers as the cost model sees them: without the sums that are passed on
    Plan plan;
};

/// Each such layer becomes a chain of layers, one for each part of the sum: the first part's cores compute partial sums
/// (at the width of sums), the next part's cores read them and add theirs, and so on to the result. Tile by tile, so
/// that the parts work side by side as a pipeline. Tensors keep their ids, new ones follow; layers are numbered anew.
/// The layers of `costed` keep the name of the whole layer, by which a mapping file knows them.
CoreSums sumOverCores(const workload::Workload& workload, const Plan& plan);

/// The layer as a part of such a chain that takes the most room: sums of another part come in, and (with three parts or
/// more) sums go out. Its loops are the whole layer's. The layer itself if it is not cut so.
workload::Layer roomiestPart(const workload::Workload& workload, workload::LayerId layer, const LayerPlan& plan);

}  // namespace millrace::fusion
