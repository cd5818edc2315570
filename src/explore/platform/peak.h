#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/units.h"

namespace millrace::explore {

/// The most bits that each on-chip memory holds at a time: buffers, what it has from the start, and scratch of running
/// tasks. Off-chip: 0. All ids must be in range and every task placed.
Table<schedule::MemoryId, Bits> memoryPeaks(const schedule::Problem& problem, const schedule::Schedule& schedule);

/// Peak on-chip memory of a schedule: the sum of `memoryPeaks`, so that memories of that size, together, would do. A
/// memory that cores share counts once; the memories below it, inside of cores, do not count.
Bits peakMemory(const schedule::Problem& problem, const schedule::Schedule& schedule);

}  // namespace millrace::explore
