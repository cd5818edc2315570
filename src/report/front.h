#pragma once
#include <string>
#include <vector>

#include "explore/platform/front.h"

/// Parts of the reports on Pareto fronts.
namespace millrace::report {

/// For each point what it has the least of: "latency, EDP"; empty for most. Of equals the first.
std::vector<std::string> bestFor(const explore::Front& front);

/// At most twelve points of the front, the best ones among them, and what they are to be compared with.
std::string frontTable(const explore::Front& front);

}  // namespace millrace::report
