#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/rng.h"

namespace millrace::test {

/// A sound problem of one to five tasks on two or three cores and an off-chip memory, with links and buses, shared
/// memories, weights, phases, tasks of no length, tensors in two parts and sums that several tasks add to.
schedule::Problem randomProblem(Rng& rng);
/// One task after the other, each transfer (or multicast) by itself: legal unless a memory is too small or the tasks of
/// a sum do not share one.
schedule::Schedule serialSchedule(const schedule::Problem& problem, Rng& rng);
/// A box of at least one element inside of `whole`.
Box randomPart(const Box& whole, Rng& rng);
/// Changes one thing a little; often a legal schedule stays legal. Ids and boxes stay in range.
void mutate(schedule::Problem& problem, schedule::Schedule& schedule, Rng& rng);
/// Moves things to earlier times and buffers' ends too, one at a time, so that they run side by side and wait for each
/// other. What was legal stays legal.
void compact(const schedule::Problem& problem, schedule::Schedule& schedule, Rng& rng, std::int64_t tries);
/// The least capacities with which the schedule is legal.
void tighten(schedule::Problem& problem, const schedule::Schedule& schedule);
/// Latency and energy as they should be.
void reckon(const schedule::Problem& problem, schedule::Schedule& schedule);

}  // namespace millrace::test
