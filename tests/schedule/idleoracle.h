#pragma once
#include <optional>

#include "schedule/idle.h"

namespace millrace::test {

/// Why the core is idle in this cycle, by the definition in schedule/idle.h, with none of the code under test; nothing
/// if it is not. The span is that of the cycle. Takes a small legal schedule.
std::optional<schedule::IdlePart> whyIdle(const schedule::Problem& problem, const schedule::Schedule& schedule,
                                          schedule::CoreId core, std::int64_t cycle);

}  // namespace millrace::test
