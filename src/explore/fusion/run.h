#pragma once
#include <optional>

#include "explore/fusion/engine.h"
#include "explore/fusion/orderfile.h"
#include "support/diagnostics.h"

/// Schedules a whole plan.
namespace millrace::fusion {

/// The tiles of a plan and what they need. `Halo::recompute`: layers whose readers are all in their own stack compute
/// the halos of their tiles again.
tiling::Cells cellsOf(const workload::Workload& workload, const Plan& plan, const Policy& policy);

/// Commits all tiles in the order of the engine's policy, and says which that was. Nothing with an `infeasible` entry
/// if a tile fits nowhere, with an error if the order given is none.
std::optional<TileOrder> run(Engine& engine, Diagnostics& diagnostics);

}  // namespace millrace::fusion
