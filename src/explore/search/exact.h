#pragma once
#include <cstdint>
#include <vector>

#include "explore/search/methods.h"

/// All choices, or a proof that the others are no better.
namespace millrace::search {

/// What an exact search decides about: where each stack ends, how many tiles a layer it aims at (`Workshop::retile`),
/// how each layer is laid over cores, and the order of tiles.
struct Choices {
    Table<workload::LayerId, std::vector<Layout>> layouts;
    std::vector<std::int64_t> tiles{1, 8, 32};
    std::vector<fusion::Order> orders = fusion::ownOrders();
    bool stacks = true;  ///< false: as `base` has them
    Candidate base;      ///< for all that is not decided
};
/// All layouts of the workshop.
Choices allChoices(const Workshop& workshop, const Candidate& base);
/// How many there are; at most 2^62.
std::uint64_t count(const Choices& choices);

/// Branch and bound over layers in their order: layout, end of a stack, tiles. A branch is left if some layer of it
/// fits nowhere, or if no schedule in it can be better than the best one so far: each core needs at least the
/// operations it was given by the rate of its array, all cores together also those of the layers to come, and nothing
/// is below the bounds of the whole network (bounds/bounds.h). What is tried goes through the judge. Ends without a
/// complete proof when the judge does, or after very many choices in a row that brought no new schedule.
Proof searchExactly(Search& search, const Choices& choices);

}  // namespace millrace::search
