#pragma once
#include "explore/fusion/engine.h"
#include "support/units.h"

/// What a search wants to know of a scheduled plan, without the schedule being written down.
namespace millrace::fusion {

struct Tally {
    Cycles latency;
    Picojoules energy;  ///< as `schedule::energy` of the unfolded schedule: tiles, transfers, links
    Bits peakMemory;    ///< sum over the on-chip memories of the most that each holds at any time
};

/// Of all that was committed. Time: a look at each tile and transfer.
Tally tally(const Engine& engine);

}  // namespace millrace::fusion
