#pragma once
#include <optional>

#include "explore/fusion/engine.h"
#include "explore/fusion/orderfile.h"
#include "explore/mapper/mapper.h"
#include "support/diagnostics.h"

/// Schedules a whole plan.
namespace millrace::fusion {

/// When a run is given up.
struct Patience {
    mapper::Limits limits = {};           ///< looked at every few hundred tiles
    Cycles latency = schedule::kForever;  ///< once the schedule is longer than this
};

/// Commits all tiles in the order of the engine's policy, and says which that was. Nothing with an `infeasible` entry
/// if a tile fits nowhere, with an error if the order given is none, without a word if it was given up.
std::optional<TileOrder> run(Engine& engine, Diagnostics& diagnostics, const Patience& patience = {});

}  // namespace millrace::fusion
