#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

/// Building blocks of the latency model.
namespace millrace::cost {

/// A movement over a port: every `period` cycles, it may use the first `allowed` ones; `count` times. All transfers but
/// the `outside` ones take place while the layer computes: not the first, which is a part of the loading; of
/// read-backs, not those that never happen.
struct Activity {
    std::int64_t real;  ///< cycles that one transfer takes
    std::int64_t allowed;
    std::int64_t period;
    std::int64_t count;
    std::int64_t outside;
};

/// Cycles in which at least one of the movements may use the port, over the whole layer. Periods divide each other. The
/// closed form of zigzag.md 9.3.
std::int64_t busyCycles(const Activity* activities, std::size_t n);

/// Stall (positive) or slack of one port (zigzag.md 9.3).
std::int64_t portStall(const Activity* activities, std::size_t n);

/// One load that happens once: its cycles, and the fewest it can be cut to.
struct Load {
    double cycles;
    double least;
};

/// Shortens loads by bandwidth that is idle while the layer runs, the longest first, ZigZag's over-reduction included
/// (zigzag.md 9.4, upstream issue 125). At most `kMaxLoads`.
inline constexpr std::size_t kMaxLoads = 16;
void balance(Load* loads, std::size_t n, double surplus);
/// The same without the fault: the longest loads sink to a common level, none below its least, `surplus` in all
/// (Correction::borrowing). A least above the load itself counts as the load.
void sink(Load* loads, std::size_t n, double surplus);

/// Sets of parts (bit k: part k) of a memory that may be there twice: the sum of (1 + in the set) * use is at most
/// `size`, and no larger set does. One empty set if not even all parts fit. At most `kMaxOperands` parts; returns how
/// many sets there are.
inline constexpr std::size_t kMaxSets = 4;
std::size_t largestSets(const double* use, std::size_t n, double size, std::array<std::uint8_t, kMaxSets>& sets);

}  // namespace millrace::cost
