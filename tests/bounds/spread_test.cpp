#include "explore/bounds/spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "shared.h"
#include "support/rng.h"

namespace millrace::bounds {
namespace {

double best(const std::vector<Job>& jobs, std::size_t count) {
    double most = 0;
    for (const Prices& prices : usefulPrices(jobs, count)) {
        double sum = 0;
        for (const double price : prices) {
            EXPECT_GE(price, 0);
            sum += price;
        }
        EXPECT_NEAR(sum, 1, 1e-9);
        most = std::max(most, timeAt(jobs, prices));
    }
    return most;
}

TEST(Spread, OneJobOnUnequalCores) {
    // 3/4 of it on the fast core, 1/4 on the slow one: 7.5 cycles each.
    EXPECT_NEAR(best({{{0, 1}, {10, 30}, 0, {}}}, 2), 7.5, 1e-6);
    EXPECT_NEAR(best({{{0}, {10}, 0, {}}, {{1}, {30}, 0, {}}}, 2), 30, 1e-9);
}

TEST(Spread, TwoJobsTradeCores) {
    // The first job on core 0 (10 cycles) with a quarter of the second; the rest of that on core 1: 15 cycles.
    EXPECT_NEAR(best({{{0, 1}, {10, 40}, 0, {}}, {{0, 1}, {20, 20}, 0, {}}}, 2), 15, 1e-6);
}

TEST(Spread, StepsCountWhereTheyAreMore) {
    // Nine operations' worth of cycles, but ten steps of one cycle (core 0) or two (core 1).
    const std::vector<Job> jobs{{{0, 1}, {9, 9}, 10, {1, 2}}};
    EXPECT_NEAR(timeAt(jobs, even({0}, 2)), 0, 1e-12);
    EXPECT_NEAR(best(jobs, 2), 10 / 1.5, 1e-6);
}

/// Least time of fractions of jobs on two cores: jobs by the ratio of their times, the first ones on core 0.
double bestOnTwo(std::vector<std::pair<double, double>> jobs) {
    std::sort(jobs.begin(), jobs.end(),
              [](const auto& a, const auto& b) { return a.first * b.second < b.first * a.second; });
    double second = 0;
    for (const auto& job : jobs) second += job.second;
    double first = 0;
    for (const auto& [a, b] : jobs) {
        // Move all of this job to core 0, or as much as makes both equal.
        if (first + a >= second - b) {
            const double share = (second - first) / (a + b);
            return first + a * share;
        }
        first += a;
        second -= b;
    }
    return std::max(first, second);
}

TEST(Spread, FindsTheBestPricesOfTwoCores) {
    Rng rng(5);
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        std::vector<std::pair<double, double>> pairs;
        std::vector<Job> jobs;
        for (std::int64_t n = rng.between(1, 8); n > 0; --n) {
            const double a = static_cast<double>(rng.between(1, 50));
            const double b = static_cast<double>(rng.between(1, 50));
            pairs.emplace_back(a, b);
            jobs.push_back({{0, 1}, {a, b}, 0, {}});
        }
        const double expected = bestOnTwo(pairs);
        EXPECT_NEAR(best(jobs, 2), expected, 1e-6 * expected) << i;
    }
}

/// Any way to lay jobs over cores, in random fractions, takes at least as long.
TEST(Spread, NoRandomWayIsFaster) {
    Rng rng(6);
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const std::size_t cores = 1 + rng.below(5);
        std::vector<Job> jobs;
        std::vector<double> load(cores, 0.0);
        for (std::int64_t n = rng.between(1, 6); n > 0; --n) {
            Job job;
            std::vector<double> part;
            double sum = 0;
            for (std::size_t core = 0; core < cores; ++core) {
                if (core > 0 && rng.below(2) == 0) continue;
                job.cores.push_back(core);
                job.cycles.push_back(static_cast<double>(rng.between(1, 50)));
                part.push_back(rng.unit() + 1e-9);
                sum += part.back();
            }
            for (std::size_t k = 0; k < part.size(); ++k) load[job.cores[k]] += part[k] / sum * job.cycles[k];
            jobs.push_back(std::move(job));
        }
        EXPECT_LE(best(jobs, cores), *std::max_element(load.begin(), load.end()) * (1 + 1e-9)) << i;
    }
}

}  // namespace
}  // namespace millrace::bounds
