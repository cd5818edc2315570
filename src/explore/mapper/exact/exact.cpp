#include "explore/mapper/exact/exact.h"

#include <algorithm>

#include "explore/mapper/exact/search.h"

namespace millrace::mapper::exact {

bool Solver::skip(double energy, double latency) {
    if (!aim_.hopeless(energy, latency)) return false;
    ++certificate_.spatialMappings;
    ++certificate_.spatialPruned;
    return true;
}

bool Solver::search(const cost::Model& model, const std::vector<cost::Loop>& primes,
                    const std::vector<cost::Loop>& order, std::size_t candidate) {
    const auto space = Space::make(model, primes, kMostStates);
    if (!space) {
        giveUp(0, 0, Certificate::End::states);
        return false;
    }
    ++certificate_.spatialMappings;
    certificate_.space += space->size();
    certificate_.states += static_cast<std::int64_t>(space->tables().states());
    Search search(*space, candidate, aim_, limits_);
    search.follow(order);
    if (!search.run()) end(limits_.reached() ? Certificate::End::stopped : Certificate::End::labels);
    bound_ = std::min(bound_, search.bound());
    certificate_.generated += search.generated();
    certificate_.expanded += search.expanded();
    if (search.expanded() == 0) ++certificate_.spatialPruned;
    evaluations_ += search.evaluated();
    if (search.rootBound() <= aim_.best()) searched_.push_back({&model, primes, order, candidate});
    return true;
}

void Solver::breakTie() {
    if (aim_.front() || aim_.empty() || aim_.objective() == Objective::edp || !certificate_.optimal) return;
    Aim tie = Aim::tie(aim_.objective(), aim_.found().front());
    Limits limits = limits_;
    limits.labels = std::min(limits.labels, kMostTieLabels);
    certificate_.tieBroken = true;
    for (const Searched& searched : searched_) {
        const auto space = Space::make(*searched.model, searched.primes, kMostStates);
        Search search(*space, searched.candidate, tie, limits);
        search.follow(searched.order);
        certificate_.tieBroken = search.run() && certificate_.tieBroken;
        evaluations_ += search.evaluated();
    }
    aim_.offer(tie.found().front());
}

void Solver::giveUp(double energy, double latency, Certificate::End why) {
    ++certificate_.spatialMappings;
    bound_ = std::min(bound_, aim_.value(energy, latency));
    end(why);
}

void Solver::end(Certificate::End why) {
    if (certificate_.optimal) certificate_.end = why;
    certificate_.optimal = false;
}

Certificate Solver::certificate() const {
    Certificate result = certificate_;
    result.value = aim_.front() ? 0 : aim_.best();
    result.bound = result.optimal ? result.value : std::min(bound_, result.value);
    if (aim_.front()) result.bound = 0;
    return result;
}

}  // namespace millrace::mapper::exact
