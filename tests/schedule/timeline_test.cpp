#include "schedule/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared.h"
#include "support/rng.h"

namespace millrace::test {
namespace {

using namespace schedule;

constexpr std::int64_t kCycles = 60;  ///< what is booked ends before, or never

/// An array of cycles; the last one stands for all that follow.
struct Slow {
    std::int64_t capacity;
    std::vector<std::int64_t> used = std::vector<std::int64_t>(kCycles + 1, 0);

    static std::size_t at(std::int64_t time) { return static_cast<std::size_t>(std::min(time, kCycles)); }

    void book(Span span, std::int64_t amount) {
        if (span.end == kForever) used[at(kCycles)] += amount;
        for (std::int64_t t = span.start.value(); t < std::min(span.end.value(), kCycles); ++t) used[at(t)] += amount;
    }
    std::int64_t peak(Span span) const {
        if (span.end <= span.start) return 0;
        std::int64_t most = used[at(span.start.value())];
        for (std::int64_t t = span.start.value(); t < std::min(span.end.value(), kCycles + 1); ++t) {
            most = std::max(most, used[at(t)]);
        }
        return most;
    }
    bool free(std::int64_t start, Cycles duration, std::int64_t amount) const {
        if (used[at(start)] + amount > capacity) return false;
        for (std::int64_t t = start; t <= kCycles && t - start < duration.value(); ++t) {
            if (used[at(t)] + amount > capacity) return false;
        }
        return true;
    }
};

std::optional<Cycles> slowEarliest(const std::vector<Slow>& all, const std::vector<std::size_t>& chosen, Cycles from,
                                   Cycles duration, std::int64_t amount) {
    for (std::int64_t start = from.value(); start <= from.value() + kCycles + 1; ++start) {
        const bool fits = std::all_of(chosen.begin(), chosen.end(),
                                      [&](std::size_t i) { return all[i].free(start, duration, amount); });
        if (fits) return Cycles(start);
    }
    return std::nullopt;
}

Span randomSpan(Rng& rng) {
    const std::int64_t start = rng.between(0, kCycles - 1);
    if (rng.below(5) == 0) return {Cycles(start), kForever};
    return {Cycles(start), Cycles(rng.between(start, kCycles))};
}

TEST(Timeline, AgreesWithAnArrayOfCyclesAndTakesBack) {
    Rng rng(7);
    const std::int64_t rounds = count(20000);
    for (std::int64_t round = 0; round < rounds; ++round) {
        std::vector<Timeline> fast;
        std::vector<Slow> slow;
        for (int i = 0; i < 3; ++i) {
            const std::int64_t capacity = rng.between(1, 8);
            fast.emplace_back(capacity);
            slow.push_back({capacity});
        }
        struct Saved {
            std::vector<Timeline::Checkpoint> checkpoints;
            std::vector<Slow> slow;
        };
        std::vector<Saved> saved;
        for (int step = 0; step < 60; ++step) {
            const std::size_t i = rng.below(3);
            const Span span = randomSpan(rng);
            const std::uint64_t what = rng.below(10);
            if (what < 5) {
                const std::int64_t amount = rng.between(-2, 4);
                fast[i].book(span, amount);
                slow[i].book(span, amount);
            } else if (what == 5) {
                saved.push_back({{}, slow});
                for (const Timeline& timeline : fast) saved.back().checkpoints.push_back(timeline.checkpoint());
            } else if (what == 6 && !saved.empty()) {
                for (std::size_t j = 0; j < 3; ++j) fast[j].rollback(saved.back().checkpoints[j]);
                slow = saved.back().slow;
                saved.pop_back();
            }
            const Cycles from(rng.between(0, kCycles + 5));
            const Cycles duration = rng.below(4) == 0 ? kForever : Cycles(rng.between(0, 12));
            const std::int64_t amount = rng.between(0, 6);
            ASSERT_EQ(fast[i].peak(span), slow[i].peak(span));
            ASSERT_EQ(fast[i].earliest(from, duration, amount), slowEarliest(slow, {i}, from, duration, amount));
            std::vector<std::size_t> chosen;
            std::vector<const Timeline*> route;
            for (std::size_t j = 0; j < 3; ++j) {
                if (rng.below(2) == 0) continue;
                chosen.push_back(j);
                route.push_back(&fast[j]);
            }
            ASSERT_EQ(earliest(route, from, duration, amount), slowEarliest(slow, chosen, from, duration, amount));
        }
    }
}

TEST(Timeline, FindsGapsAndTheFirstFreeCycle) {
    Timeline core(1);
    core.book({Cycles(0), Cycles(4)}, 1);
    core.book({Cycles(7), Cycles(9)}, 1);
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(3), 1), Cycles(4));
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(4), 1), Cycles(9));
    EXPECT_EQ(core.earliest(Cycles(5), Cycles(2), 1), Cycles(5));
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(1), 2), std::nullopt);
}

TEST(Timeline, AShortenedBufferFreesItsMemory) {
    Timeline memory(100);
    memory.book({Cycles(0), kForever}, 60);
    const Timeline::Checkpoint before = memory.checkpoint();
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), std::nullopt);
    memory.book({Cycles(10), kForever}, -60);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), Cycles(10));
    memory.rollback(before);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), std::nullopt);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 40), Cycles(0));
}

}  // namespace
}  // namespace millrace::test
