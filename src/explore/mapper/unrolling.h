#pragma once
#include <vector>

#include "explore/cost/machine.h"
#include "explore/cost/nest.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper {

/// The unrollings that are tried, best score first: the user's alone if every array dimension has one, else the user's
/// with the best-scored ones for the other dimensions, the first of equals in ZigZag's sequence (zigzag.md 5.3); then
/// shrunk to what the innermost memories hold. At least one. The best are found by branch and bound, without listing
/// all combinations; a warning if an array dimension has so many options, or the search takes so many steps, that the
/// best may not be among the answers.
std::vector<std::vector<hardware::Dataflow>> unrollings(const Request& request, const cost::Machine& machine,
                                                        Diagnostics& diagnostics);

/// zigzag.md 5.3: U + (U / m - 1), U the product of all unrollings, m the largest total unrolling of one loop.
double unrollingScore(const cost::Nest& nest, const std::vector<hardware::Dataflow>& dataflows);

}  // namespace millrace::mapper
