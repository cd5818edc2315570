#pragma once
#include <optional>
#include <vector>

#include "explore/cost/model.h"
#include "explore/mapper/exact/aim.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper::exact {

/// One spatial mapping with the loops that it leaves.
struct Candidate {
    const cost::Model* model = nullptr;
    std::vector<cost::Loop> primes;
    /// Not empty: the only order that is allowed, of the same loops.
    std::vector<cost::Loop> order;
};

struct Outcome {
    Aim aim;
    Certificate certificate;
    std::int64_t evaluations = 0;
    /// A candidate has more prefix states than the search takes.
    bool tooLarge = false;
};

inline constexpr std::size_t kMostStates = 400'000;

/// Searches all candidates, the most promising ones first. `known`: mappings that the search starts from.
Outcome solve(const std::vector<Candidate>& candidates, Aim aim, const Limits& limits);

}  // namespace millrace::mapper::exact
