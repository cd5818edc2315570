#pragma once
#include "explore/bounds/layerbounds.h"

/// Lower bounds that hold for every schedule, fused or not, however it was found, as long as layers stay on the cores
/// that they are allowed on and those cores use the unrolling that binds. Proofs: docs/bounds.md.
namespace millrace::bounds {

/// Latency, the largest of: work on the cores that may do it; traffic over the links of the off-chip memory and of each
/// core; the longest chain of layers. Energy, the sum of: the arrays; what memories inside of cores charge at least;
/// compulsory transfers. Off-chip bits: each element that is off-chip at the start and touched comes in once, every
/// result of the network, and what a host operator reads, goes out.
explore::Bounds boundsOf(const workload::Workload& workload, const hardware::Chip& chip,
                         const mapping::Mapping* mapping);

}  // namespace millrace::bounds
