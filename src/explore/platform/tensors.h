#pragma once
#include "explore/workload/workload.h"
#include "schedule/problem.h"

namespace millrace::platform {

/// The tensors of a workload, in the same order: where they are at first, and where they have to be in the end. Results
/// that host operators read end off-chip too.
void addTensors(const workload::Workload& workload, schedule::MemoryId offchip, schedule::Problem& problem);

}  // namespace millrace::platform
