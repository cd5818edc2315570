#pragma once
#include <map>

#include "fusion/fused_case.h"

namespace millrace::test {

/// A chip without contention: memories that hold all, links that carry all at once and each transfer in a cycle. Every
/// core has one memory; `shared`: all cores have the same one.
hardware::Chip freeChip(std::size_t cores, bool shared);

/// The latency of a case on such a chip, element by element: a tile starts when all elements that it reads are in its
/// core's memory, where they come a cycle after they were made (or, from off-chip, a cycle after tiles so far back on
/// the core as `Policy::lookahead` says have started), in the first gap of its core that is long enough. Results of the
/// network take a cycle to go out. Tiles in the order that they were committed in. One shared memory or two cores (so
/// that there is one source for everything), `Halo::keep`.
Cycles longestPath(FusedRun& run);

}  // namespace millrace::test
