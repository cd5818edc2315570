#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/search/scene.h"

/// Scores candidates, in several threads, and remembers what was found.
namespace millrace::search {

/// Limits of a search as a whole.
struct Effort {
    mapper::Limits limits;
    std::optional<std::int64_t> evaluations;  ///< schedules; exactly so many if the search does not end by itself
    int threads = 1;
    std::optional<Bits> memory;  ///< candidates that hold more (`Tally::peakMemory`) do not count
};

/// Something that was found, and its place in the course of the search.
struct Scored {
    Candidate candidate;
    fusion::Tally tally;
    std::int64_t evaluation = 0;  ///< from 1
};

class Judge {
public:
    using Report = std::function<void(const explore::Progress&)>;

    /// `scene` must outlive it. `report` is called after each batch, from the thread that asked.
    Judge(const Scene& scene, Effort effort, Report report = {});

    /// Schedules candidates; nothing for those that fit nowhere, that hold too much, or that take longer than
    /// `slowest`. A candidate that was scored before is not scheduled again. Once a limit is reached, fewer scores than
    /// candidates: those of the first ones. The same for any number of threads.
    std::vector<std::optional<fusion::Tally>> scores(const std::vector<Candidate>& candidates,
                                                     Cycles slowest = schedule::kForever);
    /// Takes one in that was scored in another way.
    void take(const Candidate& candidate, const fusion::Tally& tally);

    bool ended() const { return ended_; }
    const Scene& scene() const { return scene_; }
    const Effort& effort() const { return effort_; }
    std::int64_t evaluations() const { return evaluations_; }
    /// The best by the objective; of equals one that the others do not beat in something else, the first of those. Null
    /// if nothing was found.
    const Scored* best() const { return best_ ? &*best_ : nullptr; }
    double bestValue() const;
    /// While there is no best one: of those that hold too much, the one that holds least. Null if there is none.
    const Scored* closest() const { return closest_ ? &*closest_ : nullptr; }
    /// No other candidate is better in latency, energy and peak memory; by rising latency.
    const std::vector<Scored>& front() const { return front_; }
    /// Is there nothing better to be found?
    bool atBound() const;
    /// No candidate whose schedule is longer than this can be the best: by the energy bound.
    Cycles slowestUseful() const;
    void setMethod(std::string name) { method_ = std::move(name); }
    /// Schedules since the best was found.
    std::int64_t sinceBest() const { return best_ ? evaluations_ - best_->evaluation : evaluations_; }

private:
    using Key = std::vector<std::int64_t>;
    struct Known {
        std::optional<fusion::Tally> tally;
        Cycles slowest;  ///< no tally: it takes longer than this
    };

    struct Batch;

    void sort(Batch& batch) const;
    void schedule(Batch& batch) const;
    void record(const Candidate& candidate, const fusion::Tally& tally);
    void report() const;

    const Scene& scene_;
    Effort effort_;
    Report report_;
    std::string method_;
    std::map<Key, Known> known_;
    std::int64_t evaluations_ = 0;
    std::optional<Scored> best_;
    std::optional<Scored> closest_;
    std::vector<Scored> front_;
    bool ended_ = false;
};

}  // namespace millrace::search
