#pragma once
#include <cstdint>
#include <vector>

#include "support/box.h"

/// Boxes of a tensor that is read in row-major order under another shape.
namespace millrace::workload {

/// Disjoint boxes of shape `to` that hold all elements of `box`, a box of shape `from` (equal numbers of elements,
/// none zero; `box` inside of `from`). Exact as long as no group of axes that the reshape mixes has more than 64 runs.
std::vector<Box> reshapeBox(const Box& box, const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to);

/// The elements [run.begin, run.end) of a shape in row-major order, as disjoint boxes.
std::vector<Box> boxesOfRun(Interval run, const std::vector<std::int64_t>& shape);

}  // namespace millrace::workload
