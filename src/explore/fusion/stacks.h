#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "explore/fusion/plan.h"
#include "explore/fusion/reads.h"

/// Which layers are fused.
namespace millrace::fusion {

using Stacks = std::vector<std::vector<workload::LayerId>>;
using Reads = Table<workload::LayerId, std::vector<Read>>;

/// The stacks that the options name. Layers that none names are by themselves.
std::optional<Stacks> namedStacks(const workload::Workload& workload, const Reads& reads, const PlanOptions& options,
                                  Diagnostics& diagnostics);

/// Each layer by itself.
Stacks singleLayers(const workload::Workload& workload);

/// Brings stacks that hold some of the layers into an order of execution and adds the others, each by itself. An error
/// if there is none: two stacks that each need results of the other.
std::optional<Stacks> inOrder(const workload::Workload& workload, const Reads& reads, Stacks stacks,
                              Diagnostics& diagnostics);

/// Walks the layers in order. A stack is closed before a layer that needs the whole result of one of its layers
/// (`Read::whole`), and when a layer does not fit beside the others: `fits` is asked with the layers so far and the new
/// one. A full stack keeps at least half of its layers and ends where the fewest results cross.
Stacks stacksThatFit(const workload::Workload& workload, const Reads& reads,
                     const std::function<bool(const std::vector<workload::LayerId>&)>& fits);

}  // namespace millrace::fusion
