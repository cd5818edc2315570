#include <algorithm>

#include "explore/search/coarse.h"
#include "explore/search/methods.h"

namespace millrace::search {

namespace {

/// Candidates that are changed, of the best ones so far, and changes between two looks at what came out.
constexpr std::size_t kElite = 4;
constexpr std::size_t kBatch = 16;
/// Changes that are thought of for each that is scheduled: those are scheduled that look best from afar.
constexpr std::size_t kThoughts = 2;

struct Parent {
    Candidate candidate;
    double value = 0;
};

class Local {
public:
    explicit Local(Search& search) : search_(search), moves_(search.workshop), coarse_(search.judge.scene()) {}

    void run(std::int64_t patience) {
        search_.judge.setMethod("local");
        begin();
        std::int64_t last = search_.judge.evaluations();
        double best = search_.judge.bestValue();
        while (!elite_.empty() && !search_.judge.ended() && search_.judge.evaluations() - last < patience) {
            const std::int64_t before = search_.judge.evaluations();
            step();
            if (search_.judge.bestValue() < best) {
                best = search_.judge.bestValue();
                last = search_.judge.evaluations();
            }
            idle_ = search_.judge.evaluations() == before ? idle_ + 1 : 0;
            if (idle_ > kIdle) return;
        }
    }

private:
    static constexpr int kIdle = 50;  ///< batches that brought nothing new
    static constexpr int kIdleWhileTooMuch = 10;

    void begin() {
        if (search_.judge.best() == nullptr) search_.judge.scores(search_.seeds);
        if (search_.judge.best() == nullptr) holdLess();
        const Scored* best = search_.judge.best();
        if (best != nullptr) elite_.push_back({best->candidate, search_.judge.bestValue()});
    }

    /// While everything holds too much: changes of what holds least, until something holds little enough.
    void holdLess() {
        int idle = 0;
        while (search_.judge.best() == nullptr && search_.judge.closest() != nullptr && !search_.judge.ended() &&
               idle < kIdleWhileTooMuch) {
            const Scored closest = *search_.judge.closest();
            std::vector<Candidate> batch;
            Moves::Kind kind{};
            for (std::size_t i = 0; i < kBatch; ++i) {
                auto child = moves_.mutate(closest.candidate, search_.rng, kind);
                if (child) batch.push_back(std::move(*child));
            }
            search_.judge.scores(batch);
            const bool less = search_.judge.closest()->tally.peakMemory < closest.tally.peakMemory;
            idle = less ? 0 : idle + 1;
        }
    }

    struct Thought {
        Candidate candidate;
        Moves::Kind kind{};
        double value = 0;
    };

    std::vector<Thought> think() {
        std::vector<Thought> thoughts;
        for (std::size_t i = 0; i < kBatch * kThoughts; ++i) {
            // The best one most of the time.
            const std::size_t first = search_.rng.below(elite_.size());
            const std::size_t at = std::min(first, search_.rng.below(elite_.size()));
            Thought thought;
            auto child = moves_.mutate(elite_[at].candidate, search_.rng, thought.kind);
            if (!child) continue;
            const Coarse::Estimate estimate = coarse_.estimate(child->plan);
            thought.candidate = std::move(*child);
            thought.value = valueOf(estimate.latency, estimate.energy, search_.judge.scene().objective());
            thoughts.push_back(std::move(thought));
        }
        std::stable_sort(thoughts.begin(), thoughts.end(),
                         [](const Thought& a, const Thought& b) { return a.value < b.value; });
        if (thoughts.size() > kBatch) thoughts.resize(kBatch);
        return thoughts;
    }

    void step() {
        std::vector<Candidate> batch;
        std::vector<Moves::Kind> kinds;
        for (Thought& thought : think()) {
            batch.push_back(std::move(thought.candidate));
            kinds.push_back(thought.kind);
        }
        const double before = search_.judge.bestValue();
        const auto scores = search_.judge.scores(batch, search_.judge.slowestUseful());
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const double value = scores[i] ? valueOf(*scores[i], search_.judge.scene().objective()) : before * 2;
            moves_.learn(kinds[i], value < before);
            if (scores[i]) enter(std::move(batch[i]), value);
        }
    }

    void enter(Candidate candidate, double value) {
        const auto place =
            std::find_if(elite_.begin(), elite_.end(), [&](const Parent& p) { return p.value >= value; });
        if (place != elite_.end() && place->value == value) {
            place->candidate = std::move(candidate);
            return;
        }
        elite_.insert(place, {std::move(candidate), value});
        if (elite_.size() > kElite) elite_.pop_back();
    }

    Search& search_;
    Moves moves_;
    Coarse coarse_;
    std::vector<Parent> elite_;  ///< by rising value
    int idle_ = 0;
};

}  // namespace

void searchLocally(Search& search, std::int64_t patience) { Local(search).run(patience); }

}  // namespace millrace::search
