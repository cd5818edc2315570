#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>

#include "chips.h"
#include "layers.h"
#include "search/searching.h"
#include "shared.h"

/// What the judge remembers and counts, for any number of threads and however it ends.
namespace millrace::search {
namespace {

using fusion::Tally;
using test::Searching;
using Figures = std::array<double, 3>;

Figures figuresOf(const Tally& tally) {
    return {static_cast<double>(tally.latency.value()), tally.energy.value(),
            static_cast<double>(tally.peakMemory.value())};
}

using Found = std::vector<std::pair<std::vector<std::int64_t>, Figures>>;

/// All that one can see of what was found.
struct View {
    std::int64_t evaluations = 0;
    Found best, front;
    std::vector<std::int64_t> places;
    bool operator==(const View&) const = default;
};

View viewOf(const Judge& judge) {
    View view;
    view.evaluations = judge.evaluations();
    if (const Scored* best = judge.best()) {
        view.best.emplace_back(keyOf(best->candidate), figuresOf(best->tally));
        view.places.push_back(best->evaluation);
    }
    for (const Scored& scored : judge.front()) {
        view.front.emplace_back(keyOf(scored.candidate), figuresOf(scored.tally));
        view.places.push_back(scored.evaluation);
    }
    return view;
}

std::vector<std::optional<Figures>> all(const std::vector<std::optional<Tally>>& tallies) {
    std::vector<std::optional<Figures>> result;
    for (const auto& tally : tallies) result.push_back(tally ? std::optional(figuresOf(*tally)) : std::nullopt);
    return result;
}

/// Batches of candidates, some of which come again.
struct Batches {
    std::vector<std::vector<Candidate>> candidates;
    std::vector<Cycles> slowest;
};

Batches randomBatches(const Searching& searching, Rng& rng) {
    std::vector<Candidate> pool;
    for (int i = 0; i < 12; ++i) pool.push_back(test::randomCandidate(searching, rng, static_cast<int>(rng.below(6))));
    const auto some = searching.score(pool.front());
    Batches batches;
    for (int b = 0; b < 6; ++b) {
        batches.candidates.emplace_back();
        for (std::uint64_t n = rng.below(8); n > 0; --n) batches.candidates.back().push_back(pool[rng.below(12)]);
        const bool limited = some && rng.below(2) == 0;
        batches.slowest.push_back(limited ? some->latency : schedule::kForever);
    }
    return batches;
}

/// Figures that no others beat, each once.
std::set<Figures> bestOf(const std::set<Figures>& figures) {
    std::set<Figures> result;
    for (const Figures& a : figures) {
        const bool beaten = std::any_of(figures.begin(), figures.end(), [&](const Figures& b) {
            return a != b && b[0] <= a[0] && b[1] <= a[1] && b[2] <= a[2];
        });
        if (!beaten) result.insert(a);
    }
    return result;
}

/// Asks one batch after another and compares each answer with what the candidates score by themselves.
class Asking {
public:
    Asking(const Searching& searching, const Effort& effort)
        : searching_(searching), judge_(searching.scene(), effort) {}

    std::vector<std::vector<std::optional<Figures>>> ask(const Batches& batches) {
        std::vector<std::vector<std::optional<Figures>>> answers;
        for (std::size_t b = 0; b < batches.candidates.size(); ++b) {
            const auto scores = judge_.scores(batches.candidates[b], batches.slowest[b]);
            for (std::size_t i = 0; i < scores.size(); ++i) {
                check(batches.candidates[b][i], scores[i], batches.slowest[b]);
            }
            answers.push_back(all(scores));
        }
        return answers;
    }

    /// The best and the front, from all that was told.
    void checkFound() const {
        std::set<Figures> front;
        for (const Scored& scored : judge_.front()) {
            EXPECT_TRUE(front.insert(figuresOf(scored.tally)).second) << "twice in the front";
        }
        EXPECT_EQ(front, bestOf(told_));
        EXPECT_TRUE(std::is_sorted(judge_.front().begin(), judge_.front().end(),
                                   [](const auto& a, const auto& b) { return a.tally.latency < b.tally.latency; }));
        EXPECT_EQ(judge_.best() == nullptr, told_.empty());
        EXPECT_GE(judge_.evaluations(), static_cast<std::int64_t>(keys_.size()));
        EXPECT_LE(judge_.evaluations(), static_cast<std::int64_t>(questions_.size()));
        if (values_.empty()) return;
        EXPECT_EQ(judge_.bestValue(), *values_.begin());
    }
    const Judge& judge() const { return judge_; }

private:
    void check(const Candidate& candidate, const std::optional<Tally>& told, Cycles slowest) {
        const auto alone = searching_.score(candidate);
        const auto& memory = judge_.effort().memory;
        const bool tooMuch = alone && memory && alone->peakMemory > *memory;
        keys_.insert(keyOf(candidate));
        questions_.insert({keyOf(candidate), slowest});
        if (told) {
            ASSERT_TRUE(alone && !tooMuch);
            EXPECT_EQ(figuresOf(*told), figuresOf(*alone));
            told_.insert(figuresOf(*told));
            values_.insert(searching_.value(*told));
        } else if (alone && !tooMuch) {
            EXPECT_GT(alone->latency, slowest);
        }
    }

    const Searching& searching_;
    Judge judge_;
    std::set<Figures> told_;
    std::set<double> values_;
    std::set<std::vector<std::int64_t>> keys_;
    std::set<std::pair<std::vector<std::int64_t>, Cycles>> questions_;
};

TEST(Judge, ToldTheSameByAnyNumberOfThreads) {
    Rng rng(51);
    const std::int64_t runs = test::count(4000);
    std::int64_t fronts = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const Searching searching(test::randomSearchCase(rng, 5, 4));
        if (searching.seeds().empty()) continue;
        const Batches batches = randomBatches(searching, rng);
        Effort effort;
        const auto some = searching.score(searching.seeds().front());
        if (some && rng.below(3) == 0) effort.memory = some->peakMemory;
        const bool limited = rng.below(2) == 0;
        if (limited) effort.evaluations = rng.between(1, 12);
        Asking one(searching, effort);
        const auto answers = one.ask(batches);
        if (!limited) one.checkFound();
        fronts += one.judge().front().size() > 1 ? 1 : 0;
        EXPECT_LE(one.judge().evaluations(), effort.evaluations.value_or(1000));
        for (const int threads : {2, 5}) {
            effort.threads = threads;
            Asking more(searching, effort);
            EXPECT_EQ(more.ask(batches), answers);
            EXPECT_EQ(viewOf(more.judge()), viewOf(one.judge()));
            EXPECT_EQ(more.judge().ended(), one.judge().ended());
        }
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(fronts, runs / 10);
}

View searched(const Searching& searching, const char* method, const Effort& effort) {
    Judge judge(searching.scene(), effort);
    Search search{searching.workshop(), judge, Rng(7), searching.seeds()};
    findMethod(method)->run(search);
    return viewOf(judge);
}

/// So many tiles that a schedule may be given up on its way.
test::SearchCase manyTiles(Rng& rng) {
    test::SearchCase given;
    const test::ConvShape shape{4, 4, 64, 3};
    auto last = test::addInput(given.workload, {shape.c, shape.iy(), shape.ix()});
    for (int i = 0; i < 8; ++i) {
        test::ConvShape next = shape;
        next.ox = given.workload.tensors[last].shape.at(2);
        last = test::addConv(given.workload, "conv" + std::to_string(i), last, next);
    }
    given.workload.tensors[last].isOutput = true;
    given.chip = test::smallChip(2, 1 << 20);
    given.rules.tilesPerLayer = 64;
    given.options.lpfLimit = 4;
    given.policy.prefetch = rng.below(2) == 0;
    return given;
}

/// A search that time ended is one of so many evaluations.
TEST(Judge, EndsByTimeAsByCount) {
    Rng rng(52);
    const std::int64_t runs = test::count(2000);
    std::int64_t cut = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const Searching searching(run % 2 == 0 ? test::randomSearchCase(rng, 8, 4) : manyTiles(rng));
        if (searching.seeds().empty()) continue;
        const char* names[] = {"auto", "local", "genetic", "exact"};
        const char* method = names[rng.below(4)];
        Effort timed;
        timed.threads = static_cast<int>(rng.between(1, 3));
        timed.evaluations = 400;
        timed.limits.deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(rng.below(20'000));
        const View byTime = searched(searching, method, timed);
        ASSERT_GE(byTime.evaluations, 1);
        cut += byTime.evaluations < 400 ? 1 : 0;
        Effort counted;
        counted.threads = static_cast<int>(rng.between(1, 3));
        counted.evaluations = byTime.evaluations;
        EXPECT_EQ(searched(searching, method, counted), byTime) << method;
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(cut, 0);
}

TEST(Judge, CountsTheFirstCandidateHoweverLate) {
    Rng rng(53);
    const Searching searching(test::randomSearchCase(rng, 4, 3));
    ASSERT_TRUE(!searching.seeds().empty() && searching.score(searching.seeds().front()));
    Effort late;
    late.threads = 3;
    late.limits.deadline = std::chrono::steady_clock::now() - std::chrono::hours(1);
    Judge judge(searching.scene(), late);
    EXPECT_EQ(judge.scores(searching.seeds()).size(), 1U);
    EXPECT_EQ(judge.evaluations(), 1);
    EXPECT_NE(judge.best(), nullptr);
    EXPECT_TRUE(judge.ended());

    const std::atomic<bool> stop = true;
    Effort stopped;
    stopped.limits.stop = &stop;
    Judge none(searching.scene(), stopped);
    EXPECT_TRUE(none.scores(searching.seeds()).empty());
    EXPECT_TRUE(none.ended());
}

/// With next to no energy bound nothing but the product itself tells which schedules are too long.
TEST(Judge, LongSchedulesOfLittleEnergyCount) {
    Rng rng(54);
    for (int run = 0; run < 20; ++run) {
        test::SearchCase given = test::randomSearchCase(rng, 4, 3);
        given.options.objective = explore::Objective::edp;
        for (hardware::Core& core : given.chip.cores) {
            core.array.unitEnergy *= 1e-9;
            for (hardware::Memory& memory : core.memories) {
                memory.readCost *= 1e-9;
                memory.writeCost *= 1e-9;
            }
        }
        for (hardware::Link& link : given.chip.links) link.energyPerBit *= 1e-9;
        const Searching searching(std::move(given));
        if (searching.seeds().empty()) continue;
        Judge judge(searching.scene(), {});
        judge.scores(searching.seeds());
        if (judge.best() == nullptr) continue;
        const double least = searching.scene().bounds().energy.value();
        const auto slowest = static_cast<double>(judge.slowestUseful().value());
        EXPECT_GE(slowest * least, judge.bestValue() * (1 - 1e-9)) << run;
    }
}

}  // namespace
}  // namespace millrace::search
