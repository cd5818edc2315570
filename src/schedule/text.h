#pragma once
#include <string>

#include "schedule/problem.h"
#include "schedule/schedule.h"

namespace millrace::schedule {

/// Everything that a problem and a schedule say, a line each, for people and for comparing in tests. The same values
/// give the same text. Ids need not be in range.
std::string print(const Problem& problem);
std::string print(const Problem& problem, const Schedule& schedule);

}  // namespace millrace::schedule
