#include <algorithm>
#include <array>
#include <limits>

#include "explore/platform/front.h"
#include "explore/search/methods.h"

namespace millrace::search {

using fusion::Tally;

namespace {

constexpr std::size_t kPopulation = 32;
/// Share of children that have two parents, in 1 / 8.
constexpr std::uint64_t kCrossings = 4;
/// Batches without a child before the search gives up.
constexpr int kIdle = 50;

struct Member {
    Candidate candidate;
    Tally tally;
    std::size_t rank = 0;  ///< members of rank 0 are dominated by none
    double crowding = 0;   ///< how far its neighbours of the same rank are
};

std::array<double, 3> figures(const Tally& tally) {
    return {static_cast<double>(tally.latency.value()), tally.energy.value(),
            static_cast<double>(tally.peakMemory.value())};
}

/// Ranks by fronts (Deb et al. 2002, fast non-dominated sort).
std::vector<std::vector<std::size_t>> sortIntoFronts(std::vector<Member>& members) {
    std::vector<std::vector<std::size_t>> dominated(members.size());
    std::vector<std::size_t> dominators(members.size(), 0);
    std::vector<std::vector<std::size_t>> fronts(1);
    for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t j = 0; j < members.size(); ++j) {
            if (explore::beats(members[i].tally, members[j].tally)) dominated[i].push_back(j);
            if (explore::beats(members[j].tally, members[i].tally)) ++dominators[i];
        }
        if (dominators[i] == 0) fronts[0].push_back(i);
    }
    while (!fronts.back().empty()) {
        std::vector<std::size_t> next;
        for (const std::size_t i : fronts.back()) {
            members[i].rank = fronts.size() - 1;
            for (const std::size_t j : dominated[i]) {
                if (--dominators[j] == 0) next.push_back(j);
            }
        }
        std::sort(next.begin(), next.end());
        fronts.push_back(std::move(next));
    }
    fronts.pop_back();
    return fronts;
}

void setCrowding(std::vector<Member>& members, std::vector<std::size_t> front) {
    for (const std::size_t i : front) members[i].crowding = 0;
    for (std::size_t figure = 0; figure < 3; ++figure) {
        const auto value = [&](std::size_t i) { return figures(members[i].tally)[figure]; };
        std::stable_sort(front.begin(), front.end(), [&](std::size_t a, std::size_t b) { return value(a) < value(b); });
        const double range = value(front.back()) - value(front.front());
        members[front.front()].crowding = members[front.back()].crowding = std::numeric_limits<double>::infinity();
        if (range <= 0) continue;
        for (std::size_t i = 1; i + 1 < front.size(); ++i) {
            members[front[i]].crowding += (value(front[i + 1]) - value(front[i - 1])) / range;
        }
    }
}

bool isBefore(const Member& a, const Member& b) { return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding; }

class Genetic {
public:
    explicit Genetic(Search& search) : search_(search), moves_(search.workshop) {}

    void run(std::int64_t generations) {
        search_.judge.setMethod("genetic");
        begin();
        int idle = 0;
        for (std::int64_t g = 0; g != generations && !search_.judge.ended() && !members_.empty(); ++g) {
            const std::int64_t before = search_.judge.evaluations();
            generation();
            idle = search_.judge.evaluations() == before ? idle + 1 : 0;
            if (idle > kIdle) return;
        }
    }

private:
    /// What is known to be good, and changes of it until there are enough.
    void begin() {
        if (search_.judge.best() == nullptr) search_.judge.scores(search_.seeds);
        for (const Scored& scored : search_.judge.front()) members_.push_back({scored.candidate, scored.tally});
        if (const Scored* best = search_.judge.best()) members_.push_back({best->candidate, best->tally});
        if (members_.empty()) return;
        std::vector<Candidate> batch;
        for (std::size_t i = members_.size(); i < kPopulation; ++i) {
            Moves::Kind kind{};
            const Member& parent = members_[search_.rng.below(members_.size())];
            if (auto child = moves_.mutate(parent.candidate, search_.rng, kind)) batch.push_back(std::move(*child));
        }
        add(std::move(batch));
        select();
    }

    void generation() {
        std::vector<Candidate> batch;
        for (std::size_t i = 0; i < kPopulation; ++i) {
            if (auto made = child()) batch.push_back(std::move(*made));
        }
        add(std::move(batch));
        select();
    }

    std::optional<Candidate> child() {
        const Member& one = tournament();
        const Member& two = tournament();
        Moves::Kind kind{};
        if (search_.rng.below(8) >= kCrossings) return moves_.mutate(one.candidate, search_.rng, kind);
        auto crossed = moves_.cross(one.candidate, two.candidate, search_.rng);
        if (crossed && search_.rng.below(2) == 0) return moves_.mutate(*crossed, search_.rng, kind);
        return crossed;
    }

    const Member& tournament() {
        const std::size_t a = search_.rng.below(members_.size());
        const std::size_t b = search_.rng.below(members_.size());
        return isBefore(members_[b], members_[a]) ? members_[b] : members_[a];
    }

    void add(std::vector<Candidate> batch) {
        const auto scores = search_.judge.scores(batch);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            if (scores[i]) members_.push_back({std::move(batch[i]), *scores[i]});
        }
    }

    /// The best `kPopulation` survive; of equal figures one.
    void select() {
        std::stable_sort(members_.begin(), members_.end(),
                         [](const Member& a, const Member& b) { return figures(a.tally) < figures(b.tally); });
        members_.erase(
            std::unique(members_.begin(), members_.end(),
                        [](const Member& a, const Member& b) { return figures(a.tally) == figures(b.tally); }),
            members_.end());
        for (const std::vector<std::size_t>& front : sortIntoFronts(members_)) setCrowding(members_, front);
        std::stable_sort(members_.begin(), members_.end(), isBefore);
        if (members_.size() > kPopulation) members_.resize(kPopulation);
    }

    Search& search_;
    Moves moves_;
    std::vector<Member> members_;
};

}  // namespace

void searchGenetically(Search& search, std::int64_t generations) { Genetic(search).run(generations); }

}  // namespace millrace::search
