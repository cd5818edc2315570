#include "schedule/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schedule/mapoflevels.h"
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

struct Wanted {
    std::size_t timeline;
    std::int64_t amount;
};

std::optional<Cycles> slowEarliest(const std::vector<Slow>& all, const std::vector<Wanted>& wanted, Cycles from,
                                   Cycles duration) {
    for (std::int64_t start = from.value(); start <= from.value() + kCycles + 1; ++start) {
        const bool fits = std::all_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
            return all[one.timeline].free(start, duration, one.amount);
        });
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
        struct Booking {
            std::size_t timeline;
            Span span;
            std::int64_t amount;
        };
        std::vector<Booking> log;
        struct Saved {
            std::size_t bookings;
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
                log.push_back({i, span, amount});
            } else if (what == 5) {
                saved.push_back({log.size(), slow});
            } else if (what == 6 && !saved.empty()) {
                for (; log.size() > saved.back().bookings; log.pop_back()) {
                    fast[log.back().timeline].book(log.back().span, -log.back().amount);
                }
                slow = saved.back().slow;
                saved.pop_back();
            }
            const Cycles from(rng.between(0, kCycles + 5));
            const Cycles duration = rng.below(4) == 0 ? kForever : Cycles(rng.between(0, 12));
            const std::int64_t amount = rng.between(0, 6);
            ASSERT_EQ(fast[i].peak(span), slow[i].peak(span));
            ASSERT_EQ(fast[i].finally(), slow[i].used.back());
            const std::vector<Wanted> alone{{i, amount}};
            ASSERT_EQ(fast[i].earliest(from, duration, amount), slowEarliest(slow, alone, from, duration));
            ASSERT_EQ(fast[i].earliestForever(from, amount), slowEarliest(slow, alone, from, kForever));
            std::vector<Wanted> chosen;
            std::vector<Demand> route;
            for (std::size_t j = 0; j < 3; ++j) {
                if (rng.below(2) == 0) continue;
                chosen.push_back({j, rng.between(0, 6)});
                route.push_back({&fast[j], chosen.back().amount});
            }
            ASSERT_EQ(earliest(route, from, duration), slowEarliest(slow, chosen, from, duration));
        }
    }
}

/// How bookings come.
enum class Pattern : std::uint8_t {
    append,     ///< one after the other, some end to end
    nearEnd,    ///< among the last few
    anywhere,   ///< over all of a fixed span
    crowded,    ///< as anywhere, in few cycles: steps vanish again and again
    unary,      ///< where there is room for one
    takenBack,  ///< much is booked, and all of it taken back in random order
};

class Sequence {
public:
    Sequence(Pattern pattern, std::int64_t capacity, Rng& rng)
        : pattern_(pattern), capacity_(capacity), rng_(rng), fast_(capacity), slow_(capacity) {}

    void run(std::int64_t bookings, std::int64_t questions) {
        range_ = 300 * bookings;
        oneForeverIn_ = 20 + static_cast<std::uint64_t>(bookings / 100);
        std::int64_t asked = 0;
        for (std::int64_t i = 1; i <= bookings; ++i) {
            const bool back = pattern_ == Pattern::takenBack && i > bookings / 2;
            back ? takeBack() : bookNext();
            for (; asked * bookings < i * questions; ++asked) {
                ask();
                if (testing::Test::HasFatalFailure()) return;
            }
        }
        steps_ = static_cast<std::int64_t>(slow_.size());
    }
    std::int64_t steps() const { return steps_; }

private:
    void book(Span span, std::int64_t amount) {
        fast_.book(span, amount);
        slow_.book(span, amount);
        log_.emplace_back(span, amount);
    }
    void takeBack() {
        if (log_.empty()) return;
        std::swap(log_[rng_.below(log_.size())], log_.back());
        const auto [span, amount] = log_.back();
        log_.pop_back();
        fast_.book(span, -amount);
        slow_.book(span, -amount);
    }
    Span spanFrom(std::int64_t start, std::int64_t longest) {
        if (rng_.below(oneForeverIn_) == 0) return {Cycles(start), kForever};
        return {Cycles(start), Cycles(start + rng_.between(0, longest))};
    }
    void bookNext() {
        if (rng_.below(10) == 0) return takeBack();
        const std::int64_t amount = rng_.between(1, capacity_);
        const std::int64_t last = std::max<std::int64_t>(0, slow_.size() == 0 ? 0 : slow_.lastTime());
        switch (pattern_) {
            case Pattern::append: {
                const Cycles start(last + rng_.between(0, 2));
                return book({start, start + Cycles(rng_.between(1, 9))}, amount);
            }
            case Pattern::nearEnd:
                return book(spanFrom(std::max<std::int64_t>(0, last - rng_.between(0, 300) + 100), 200), amount);
            case Pattern::unary: {
                const Cycles duration(rng_.between(1, 30));
                const Cycles start = *slow_.earliest(Cycles(std::max<std::int64_t>(0, last - 500)), duration, 1);
                return book({start, start + duration}, 1);
            }
            case Pattern::crowded: return book(spanFrom(rng_.between(-100, 3000), 40), rng_.between(-2, 2));
            default: return book(spanFrom(rng_.between(-1000, range_), 3000), amount);
        }
    }
    void ask() {
        const std::int64_t last = slow_.size() == 0 ? 0 : slow_.lastTime();
        const std::int64_t back = std::int64_t{1} << rng_.below(25);
        const Cycles from(rng_.below(10) == 0 ? rng_.between(-2000, 1000) : last + 50 - rng_.between(0, back));
        const Cycles duration(std::int64_t{1} << rng_.below(12));
        const std::int64_t amount = rng_.between(0, capacity_);
        ASSERT_EQ(fast_.earliest(from, duration, amount), slow_.earliest(from, duration, amount));
        ASSERT_EQ(fast_.earliestForever(from, amount), slow_.earliest(from, kForever, amount));
        // Full to the brim, as a rule: limits that only the highest levels exceed.
        const std::int64_t most = fast_.peak({from, kForever});
        ASSERT_EQ(most, slow_.peak({from, kForever}));
        const std::int64_t tight = capacity_ - most + rng_.between(-1, 2);
        ASSERT_EQ(fast_.earliest(from, duration, tight), slow_.earliest(from, duration, tight));
        ASSERT_EQ(fast_.earliestForever(from, tight), slow_.earliest(from, kForever, tight));
        const Span span{from, from + Cycles(rng_.between(-1, back))};
        ASSERT_EQ(fast_.peak(span), slow_.peak(span));
        ASSERT_EQ(fast_.finally(), slow_.peak({kForever - Cycles(1), kForever}));
    }

    Pattern pattern_;
    std::int64_t capacity_;
    Rng& rng_;
    std::int64_t range_ = 0;
    std::uint64_t oneForeverIn_ = 20;  ///< the map needs long for them
    Timeline fast_;
    MapOfLevels slow_;
    std::vector<std::pair<Span, std::int64_t>> log_;
    std::int64_t steps_ = 0;
};

void runPatterns(std::int64_t rounds, std::int64_t bookings, std::int64_t questions) {
    Rng rng(31);
    for (const Pattern pattern :
         {Pattern::append, Pattern::nearEnd, Pattern::anywhere, Pattern::crowded, Pattern::unary, Pattern::takenBack}) {
        std::int64_t most = 0;
        for (std::int64_t round = 0; round < rounds; ++round) {
            const std::int64_t capacity = pattern == Pattern::unary ? 1 : rng.between(1, 12);
            Sequence sequence(pattern, capacity, rng);
            sequence.run(bookings, questions);
            if (testing::Test::HasFatalFailure()) FAIL() << "pattern " << static_cast<int>(pattern);
            most = std::max(most, sequence.steps());
        }
        // Bookings without room between them merge, and what is taken back is gone.
        const std::int64_t few = pattern == Pattern::crowded ? 500 : bookings / (pattern == Pattern::unary ? 10 : 4);
        if (pattern == Pattern::takenBack) {
            EXPECT_EQ(most, 0);
        } else {
            EXPECT_GT(most, few) << static_cast<int>(pattern);
        }
    }
}

TEST(Timeline, AgreesWithAMapOnLongSequences) { runPatterns(count(200), 3000, 1500); }
TEST(Timeline, AgreesWithAMapOnVeryLongSequences) { runPatterns(1, count(1000000), 300); }

TEST(Timeline, FindsGapsAndTheFirstFreeCycle) {
    Timeline core(1);
    core.book({Cycles(0), Cycles(4)}, 1);
    core.book({Cycles(7), Cycles(9)}, 1);
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(3), 1), Cycles(4));
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(4), 1), Cycles(9));
    EXPECT_EQ(core.earliest(Cycles(5), Cycles(2), 1), Cycles(5));
    EXPECT_EQ(core.earliest(Cycles(0), Cycles(1), 2), std::nullopt);
}

TEST(Timeline, NothingIsAskedOfNoTimeline) { EXPECT_EQ(earliest({}, Cycles(3), kForever), Cycles(3)); }

TEST(Timeline, AShortenedBufferFreesItsMemory) {
    Timeline memory(100);
    memory.book({Cycles(0), kForever}, 60);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), std::nullopt);
    memory.book({Cycles(10), kForever}, -60);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), Cycles(10));
    memory.book({Cycles(10), kForever}, 60);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 50), std::nullopt);
    EXPECT_EQ(memory.earliest(Cycles(0), kForever, 40), Cycles(0));
}

}  // namespace
}  // namespace millrace::test
