#pragma once
#include <string>

#include "explore/explore.h"

/// How far a result is above its lower bounds, and what they are made of.
namespace millrace::report {

/// "Above the bounds: latency +1.4 % (links of the off-chip memory), ...": one paragraph of at most 120 columns and an
/// empty line. Empty without bounds.
std::string gapsText(const explore::Result& result);
/// All terms of all bounds, a row each.
std::string boundTerms(const explore::Result& result);

}  // namespace millrace::report
