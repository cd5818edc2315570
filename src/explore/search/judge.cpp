#include "explore/search/judge.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "explore/platform/front.h"
#include "explore/search/workshop.h"

namespace millrace::search {

using fusion::Tally;

Judge::Judge(const Scene& scene, Effort effort, Report report)
    : scene_(scene), effort_(effort), report_(std::move(report)) {}

double Judge::bestValue() const {
    return best_ ? valueOf(best_->tally, scene_.objective()) : std::numeric_limits<double>::infinity();
}

Cycles Judge::slowestUseful() const {
    if (!best_ || scene_.objective() == explore::Objective::energy) return schedule::kForever;
    if (scene_.objective() == explore::Objective::latency) return best_->tally.latency;
    const double energy = scene_.bounds().energy.value();
    const double cycles = energy > 0 ? bestValue() / energy : std::numeric_limits<double>::infinity();
    if (cycles >= static_cast<double>(schedule::kForever.value())) return schedule::kForever;
    return Cycles(static_cast<std::int64_t>(std::ceil(cycles)));
}

bool Judge::atBound() const {
    return best_ && scene_.objective() == explore::Objective::latency &&
           best_->tally.latency <= scene_.bounds().latency;
}

struct Judge::Batch {
    const std::vector<Candidate>& candidates;
    Cycles slowest;
    std::vector<Key> keys = {};           ///< by candidate
    std::vector<std::size_t> work = {};   ///< candidates to be scheduled: the first of each kind that is not known
    std::size_t allowed = 0;              ///< so many of them
    std::vector<std::uint8_t> done = {};  ///< by place in `work`
    std::vector<std::uint8_t> fits = {};  ///< by place in `work`: false if it can never be scheduled
    std::vector<std::optional<Tally>> tallies = {};
};

void Judge::sort(Batch& batch) const {
    std::set<Key> seen;
    for (std::size_t i = 0; i < batch.candidates.size(); ++i) {
        batch.keys.push_back(keyOf(batch.candidates[i]));
        const auto known = known_.find(batch.keys[i]);
        const bool enough = known != known_.end() && (known->second.tally || known->second.slowest >= batch.slowest);
        if (!enough && seen.insert(batch.keys[i]).second) batch.work.push_back(i);
    }
    batch.allowed = batch.work.size();
    if (effort_.evaluations) {
        const std::int64_t left = std::max<std::int64_t>(*effort_.evaluations - evaluations_, 0);
        batch.allowed = std::min(batch.allowed, static_cast<std::size_t>(left));
    }
    batch.done.resize(batch.work.size(), 0);
    batch.fits.resize(batch.work.size(), 1);
    batch.tallies.resize(batch.work.size());
}

void Judge::schedule(Batch& batch) const {
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
        for (std::size_t w = next++; w < batch.allowed; w = next++) {
            fusion::Patience patience{effort_.limits, batch.slowest};
            // The very first candidate is scheduled whatever the time: there must be something to show.
            if (evaluations_ == 0 && w == 0) patience.limits.deadline.reset();
            if (patience.limits.reached()) return;
            Diagnostics diagnostics;
            batch.tallies[w] = scene_.score(batch.candidates[batch.work[w]], patience, diagnostics);
            const bool isCut = !batch.tallies[w] && !diagnostics.failed() && patience.limits.reached();
            batch.done[w] = isCut ? 0 : 1;
            batch.fits[w] = diagnostics.failed() ? 0 : 1;
        }
    };
    std::vector<std::thread> others;
    const auto threads = std::min(static_cast<std::size_t>(std::max(effort_.threads, 1)), batch.work.size());
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(run);
    run();
    for (std::thread& other : others) other.join();
}

std::vector<std::optional<Tally>> Judge::scores(const std::vector<Candidate>& candidates, Cycles slowest) {
    Batch batch{candidates, slowest};
    sort(batch);
    schedule(batch);
    std::size_t done = 0;
    while (done < batch.work.size() && batch.done[done] != 0) ++done;
    for (std::size_t w = 0; w < done; ++w) {
        ++evaluations_;
        std::optional<Tally>& tally = batch.tallies[w];
        const bool tooMuch = tally && effort_.memory && tally->peakMemory > *effort_.memory;
        if (tooMuch && (!closest_ || tally->peakMemory < closest_->tally.peakMemory))
            closest_ = Scored{candidates[batch.work[w]], *tally, evaluations_};
        if (tooMuch) tally.reset();
        if (tally) record(candidates[batch.work[w]], *tally);
        known_[batch.keys[batch.work[w]]] = {tally, tooMuch || batch.fits[w] == 0 ? schedule::kForever : slowest};
    }
    ended_ = ended_ || done < batch.work.size() || (effort_.evaluations && evaluations_ >= *effort_.evaluations) ||
             effort_.limits.reached() || atBound();
    std::vector<std::optional<Tally>> result;
    for (std::size_t i = 0; i < (done < batch.work.size() ? batch.work[done] : candidates.size()); ++i) {
        result.push_back(known_.at(batch.keys[i]).tally);
    }
    report();
    return result;
}

void Judge::report() const {
    if (!report_) return;
    explore::Progress progress{method_, evaluations_, 0, {}, {}, &scene_.bounds()};
    if (best_) {
        progress.value = bestValue();
        progress.latency = best_->tally.latency;
        progress.energy = best_->tally.energy;
    }
    report_(progress);
}

void Judge::take(const Candidate& candidate, const Tally& tally) {
    if (!effort_.memory || tally.peakMemory <= *effort_.memory) record(candidate, tally);
}

void Judge::record(const Candidate& candidate, const Tally& tally) {
    const double value = valueOf(tally, scene_.objective());
    const bool equal = best_ && value == bestValue() && explore::beats(tally, best_->tally);
    if (!best_ || value < bestValue() || equal) best_ = Scored{candidate, tally, evaluations_};
    explore::addToFront(front_, Scored{candidate, tally, evaluations_},
                        [](const Scored& it) -> const Tally& { return it.tally; });
}

}  // namespace millrace::search
