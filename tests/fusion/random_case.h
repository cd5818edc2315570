#pragma once
#include "fusion/fused_case.h"
#include "support/rng.h"

namespace millrace::test {

/// One to four cores with one memory for all, or one for each operand, or some of both; some share their memories. A
/// bus, a ring, a row, a mesh or wires from everywhere to everywhere, narrow or wide; the off-chip memory behind a bus,
/// wires to all, or wires to one core. Every memory can be reached. `bits`: about what each on-chip memory has.
hardware::Chip randomChip(Rng& rng, std::int64_t bits);

/// Stacks, cuts, and cores of all parts; `most`: tiles of a layer.
fusion::Plan randomPlan(const workload::Workload& workload, const hardware::Chip& chip, Rng& rng, std::int64_t most);

/// Every combination of what a policy says but an order that is given.
fusion::Policy randomPolicy(Rng& rng);

/// A small network on a chip with room for `share` of its data in each memory.
FusedCase randomCase(Rng& rng, double share);
/// Share of all data, from much too little to plenty.
double randomShare(Rng& rng);

/// Bits of all tensors, partial sums at their widest included.
std::int64_t allBits(const workload::Workload& workload);

}  // namespace millrace::test
