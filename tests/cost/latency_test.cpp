#include "explore/cost/latency.h"

#include <gmock/gmock.h>

#include <numeric>

#include "shared.h"
#include "support/rng.h"

namespace millrace::cost {
namespace {

/// Busy cycles as ZigZag counts them: a bitmap of the longest period.
std::int64_t bitmap(const std::vector<Activity>& activities) {
    for (const Activity& a : activities) {
        if (a.period == a.allowed) return a.period * a.count;
    }
    const auto longest = *std::max_element(activities.begin(), activities.end(),
                                           [](const Activity& a, const Activity& b) { return a.period < b.period; });
    std::int64_t busy = 0;
    for (std::int64_t t = 0; t < longest.period; ++t) {
        busy += std::any_of(activities.begin(), activities.end(),
                            [&](const Activity& a) { return t % a.period < a.allowed; })
                    ? 1
                    : 0;
    }
    return busy * longest.count;
}

TEST(BusyCycles, ClosedFormEqualsTheBitmap) {
    Rng rng(7);
    const std::int64_t count = test::count(200'000);
    std::int64_t interesting = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        std::vector<std::int64_t> periods{rng.between(1, 4)};
        while (periods.size() < 5 && periods.back() < 400) periods.push_back(periods.back() * rng.between(1, 5));
        std::vector<Activity> activities;
        const std::int64_t total = periods.back() * rng.between(1, 3);
        for (std::int64_t n = rng.between(1, 8); n > 0; --n) {
            const std::int64_t period = periods[rng.below(periods.size())];
            const std::int64_t allowed =
                rng.below(20) == 0 ? period : rng.between(1, std::max<std::int64_t>(1, period - 1));
            activities.push_back({0, allowed, period, total / period, 1});
        }
        const std::int64_t expected = bitmap(activities);
        interesting += expected < total ? 1 : 0;
        ASSERT_EQ(busyCycles(activities.data(), activities.size()), expected) << i;
    }
    EXPECT_GT(interesting, count / 20);
}

TEST(PortStall, OneMovementMayHaveSlack) {
    const Activity slack{1, 256, 256, 16, 1};
    EXPECT_EQ(portStall(&slack, 1), -3825);
    const Activity stall{5, 2, 4, 10, 1};
    EXPECT_EQ(portStall(&stall, 1), 27);
}

/// The port of a sum that is read and written in every cycle (zigzag.md 15.2), and the toy's read port (15.1).
TEST(PortStall, MovementsCompete) {
    const Activity sums[] = {{1, 1, 1, 4096, 1}, {1, 1, 1, 4096, 1}};
    EXPECT_EQ(portStall(sums, 2), 4094);
    const Activity toy[] = {{1, 1, 1, 72, 1}, {1, 6, 6, 12, 1}};
    EXPECT_EQ(portStall(toy, 2), 10);
}

std::vector<double> balanced(std::vector<Load> loads, double surplus) {
    balance(loads.data(), loads.size(), surplus);
    std::vector<double> result;
    for (const Load& load : loads) result.push_back(load.cycles);
    return result;
}

TEST(Balance, PublishedOverReduction) {
    EXPECT_THAT(balanced({{2209, 1}, {1, 1}, {982, 4}}, 1e9), testing::ElementsAre(-977, 1, 4));
    EXPECT_THAT(balanced({{2209, 5}, {1, 1}, {982, 1}}, 1e9), testing::ElementsAre(-976, 1, 1));
}

TEST(Balance, StopsWhenTheSurplusIsUsedUp) {
    EXPECT_THAT(balanced({{10, 2}, {6, 2}}, 4), testing::ElementsAre(6, 6));
    EXPECT_THAT(balanced({{10, 2}, {6, 2}}, 0), testing::ElementsAre(10, 6));
    EXPECT_THAT(balanced({{10, 2}, {6, 2}}, 10), testing::ElementsAre(1, 5));
    EXPECT_THAT(balanced({{5, 0}, {5, 0}, {5, 0}}, 6), testing::ElementsAre(-0.5, 4.5, 5));
}

}  // namespace
}  // namespace millrace::cost
