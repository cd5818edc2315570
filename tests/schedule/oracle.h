#pragma once
#include <cstdint>
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"

namespace millrace::test {

using Element = std::vector<std::int64_t>;
std::vector<Element> elements(const Box& box);

/// The part of `legal` that is about data: every write has a buffer, every sum is added up in one place, nothing is
/// read before it is there. Times make sense.
bool dataAreThere(const schedule::Problem& problem, const schedule::Schedule& schedule);

/// Is the schedule legal? Cycle by cycle and element by element, with none of the code under test. Takes a sound
/// problem of a few small tensors and a schedule whose ids and boxes are in range; times may be anything.
bool legal(const schedule::Problem& problem, const schedule::Schedule& schedule);

}  // namespace millrace::test
