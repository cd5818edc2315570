#pragma once
#include <vector>

#include "explore/mapper/exact/exact.h"
#include "explore/mapper/prepare.h"

namespace millrace::mapper {

/// Unrollings of a nest over the core's array: over each array dimension one loop of any factor that divides the work
/// differently from the next smaller one, or two loops of which neither factor could be larger, or none; within the
/// limits of zigzag.md 5.1 and the hints of the request. Given unrollings are ignored.
std::vector<std::vector<hardware::Dataflow>> everyUnrolling(const Request& request, const cost::Machine& machine);

/// What any mapping of an unrolling costs at least: each datum crosses each memory once, and nothing waits.
struct LeastCost {
    double energy = 0;
    double latency = 0;
};
LeastCost leastCost(const cost::Model& model);

/// Searches all of them, the cheapest by that bound first, until none that is left can be better. Unrollings that are
/// searched are added to `prepared`.
void searchSpatial(const Request& request, Prepared& prepared, exact::Solver& solver, Diagnostics& diagnostics);

}  // namespace millrace::mapper
