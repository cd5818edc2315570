#pragma once
#include <vector>

#include "explore/fusion/engine.h"
#include "explore/platform/result.h"

/// From the record of the engine to a schedule that stands for itself.
namespace millrace::fusion {

/// Fills `result.problem`'s tasks, `result.schedule` and `result.layers` from a complete record. `result.problem` has
/// cores, links, memories and the workload's tensors already. Axes of tensors whose tiles are computed several times
/// become as long as all copies together; a layer that is cut along a sum gets a tensor of its own for the bits that
/// partial sums have beyond results.
void unfold(const Engine& engine, explore::Result& result);

}  // namespace millrace::fusion
