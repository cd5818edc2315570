#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"

namespace millrace::test {

/// Is the schedule legal? Cycle by cycle and element by element, with none of the code under test. Takes a sound
/// problem of a few small tensors and a schedule whose ids and boxes are in range; times may be anything.
bool legal(const schedule::Problem& problem, const schedule::Schedule& schedule);

}  // namespace millrace::test
