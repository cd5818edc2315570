#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/rng.h"

namespace millrace::test {

/// A sound problem of one to five tasks on two or three cores and an off-chip memory, with links and buses, shared
/// memories, weights, phases, tasks of no length and tensors in two parts.
schedule::Problem randomProblem(Rng& rng);
/// One task after the other, each transfer by itself: legal unless a memory is too small.
schedule::Schedule serialSchedule(const schedule::Problem& problem, Rng& rng);
/// Changes one thing a little; often a legal schedule stays legal. Ids and boxes stay in range.
void mutate(schedule::Problem& problem, schedule::Schedule& schedule, Rng& rng);
/// Latency and energy as they should be.
void reckon(const schedule::Problem& problem, schedule::Schedule& schedule);

}  // namespace millrace::test
