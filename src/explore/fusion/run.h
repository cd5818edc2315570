#pragma once
#include <optional>

#include "explore/fusion/engine.h"
#include "explore/fusion/orderfile.h"
#include "support/diagnostics.h"

/// Schedules a whole plan.
namespace millrace::fusion {

/// Commits all tiles in the order of the engine's policy, and says which that was. Nothing with an `infeasible` entry
/// if a tile fits nowhere, with an error if the order given is none.
std::optional<TileOrder> run(Engine& engine, Diagnostics& diagnostics);

}  // namespace millrace::fusion
