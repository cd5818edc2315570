#include "explore/mapper/exact/exact.h"

#include <algorithm>
#include <limits>

#include "explore/mapper/exact/search.h"

namespace millrace::mapper::exact {

Outcome solve(const std::vector<Candidate>& candidates, Aim aim, const Limits& limits) {
    Outcome outcome{std::move(aim), {}, 0, false};
    Certificate& certificate = outcome.certificate;
    certificate.spatialMappings = static_cast<std::int64_t>(candidates.size());
    double bound = std::numeric_limits<double>::infinity();
    certificate.optimal = true;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto space = Space::make(*candidates[i].model, candidates[i].primes, kMostStates);
        if (!space) {
            outcome.tooLarge = true;
            return outcome;
        }
        certificate.space += space->size();
        certificate.states += static_cast<std::int64_t>(space->tables().states());
        Search search(*space, i, outcome.aim, limits);
        search.follow(candidates[i].order);
        if (!search.run()) certificate.optimal = false;
        if (search.expanded() == 0) ++certificate.spatialPruned;
        bound = std::min(bound, search.bound());
        certificate.generated += search.generated();
        certificate.expanded += search.expanded();
        outcome.evaluations += search.evaluated();
    }
    if (!outcome.aim.empty()) {
        certificate.value = outcome.aim.best();
        certificate.bound = certificate.optimal ? certificate.value : std::min(bound, certificate.value);
    }
    return outcome;
}

}  // namespace millrace::mapper::exact
