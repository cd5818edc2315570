#pragma once
#include <functional>
#include <vector>

#include "explore/mapper/exact/exact.h"
#include "explore/mapper/prepare.h"

namespace millrace::mapper {

/// Unrollings of a nest over the core's array: over each array dimension none, one or two loops, of any factors that
/// need fewer steps than the next smaller ones; within the limits of zigzag.md 5.1 and the hints of the request. Given
/// unrollings are ignored. A larger array has all unrollings of a smaller one. False from `visit` ends it.
void forEveryUnrolling(const Request& request, const cost::Machine& machine,
                       const std::function<bool(const std::vector<hardware::Dataflow>&)>& visit);

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
