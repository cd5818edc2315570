#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "explore/search/methods.h"
#include "support/rng.h"

/// Searches of small random problems.
namespace millrace::test {

/// All that a search is asked.
struct SearchCase {
    workload::Workload workload;
    hardware::Chip chip;
    std::optional<mapping::Mapping> mapping;
    explore::Options options;
    fusion::PlanOptions rules;
    fusion::Policy policy;
    const mapping::Mapping* file() const { return mapping ? &*mapping : nullptr; }
};

/// A network of at most so many layers on a chip of at most so many cores, with memories from much too small to
/// plentiful. Any objective, any policy, automatic stacks, no mapping.
SearchCase randomSearchCase(Rng& rng, std::size_t layers, std::size_t cores);

/// A case made ready. Stays where it is.
class Searching {
public:
    explicit Searching(SearchCase given);
    Searching(const Searching&) = delete;

    const SearchCase& given() const { return given_; }
    const search::Scene& scene() const { return *scene_; }
    const search::Workshop& workshop() const { return *workshop_; }
    /// Plans by the rules in each order; none if there is no plan.
    const std::vector<search::Candidate>& seeds() const { return seeds_; }
    /// The score of a candidate without any limit; nothing if a tile fits nowhere.
    std::optional<fusion::Tally> score(const search::Candidate& candidate) const;
    double value(const fusion::Tally& tally) const { return search::valueOf(tally, scene_->objective()); }

private:
    SearchCase given_;
    std::unique_ptr<search::Scene> scene_;
    std::optional<search::Workshop> workshop_;
    std::vector<search::Candidate> seeds_;
};

/// A candidate some moves away from a seed.
search::Candidate randomCandidate(const Searching& searching, Rng& rng, int moves);

/// Sum over the on-chip memories of the most that each holds at any time, from the buffers and tasks of a schedule.
std::int64_t peakMemoryOf(const explore::Result& result);

}  // namespace millrace::test
