#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "explore/cost/nest.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper {

/// One choice for an array dimension.
struct UnrollingOption {
    std::vector<std::pair<cost::DimIndex, std::int64_t>> factors;
    std::int64_t units = 1;  ///< product of the factors
};

/// max[dim] of one array dimension (`cost::unrollLimits`).
using DimLimits = std::vector<std::int64_t>;

/// More choices for one array dimension are not listed.
inline constexpr std::size_t kMaxUnrollingOptions = 1'000'000;

/// All choices for array dimension `d` in ZigZag's sequence: each hinted loop with the divisors of its limit,
/// descending; then, if loops may be mixed, tuples of the divisors above 1 of two and more hinted loops that fit the
/// dimension (zigzag.md 5.3). Stops at `kMaxUnrollingOptions`.
std::vector<UnrollingOption> unrollingOptions(const Request& request, std::size_t d, const DimLimits& limits);

/// Picks one option for each array dimension such that no loop is unrolled beyond its size. `base`: what is already
/// unrolled of each loop, at least 1. The `wanted` choices of the highest score (zigzag.md 5.3), best first, equals in
/// the order of their option numbers, the last dimension fastest. Branch and bound: exact. Empty if the search takes
/// more than `kMaxSteps` steps.
inline constexpr std::int64_t kMaxSteps = 50'000'000;
using UnrollingChoice = std::vector<std::size_t>;  // an option number for each dimension
std::optional<std::vector<UnrollingChoice>> bestChoices(const cost::Nest& nest, const std::vector<std::int64_t>& base,
                                                        const std::vector<std::vector<UnrollingOption>>& options,
                                                        std::size_t wanted);

}  // namespace millrace::mapper
