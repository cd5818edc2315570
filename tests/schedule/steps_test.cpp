#include "schedule/steps.h"

#include <gtest/gtest.h>

#include <map>

#include "shared.h"
#include "support/rng.h"

namespace millrace::schedule::steps {
namespace {

using Steps = std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< time, delta

/// The summary of a run, by the words of its definition.
Summary slowSummary(const Steps& steps) {
    Summary result{steps.front().first, 0, kNever, -kNever, 0, kNever, 0};
    std::vector<std::int64_t> levels;
    for (const auto& [time, delta] : steps) {
        result.sum += delta;
        levels.push_back(result.sum);
        result.low = std::min(result.low, result.sum);
        result.high = std::max(result.high, result.sum);
    }
    bool met = false;
    std::int64_t below = kNever;  // since when
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::int64_t time = steps[i].first;
        if (levels[i] == result.high) {
            if (!met) result.lead = time;
            if (met && below != kNever) result.gap = std::max(result.gap, time - below);
            met = true;
            below = kNever;
        } else if (below == kNever) {
            below = time;
        }
    }
    result.trail = below;
    return result;
}

std::string text(const Summary& s) {
    std::string result;
    for (const std::int64_t value : {s.first, s.sum, s.low, s.high, s.lead, s.trail, s.gap}) {
        result += std::to_string(value) + " ";
    }
    return result;
}

Steps stepsOf(const Leaf& leaf) {
    Steps result;
    for (std::size_t i = 0; i < leaf.size(); ++i) result.emplace_back(leaf.time(i), leaf.delta(i));
    EXPECT_LE(leaf.size(), Leaf::kMost);
    return result;
}

/// All steps below a row; what the row says of its children is held against them.
template <class Child>
Steps stepsOf(const Row<Child>& row) {
    Steps result;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const Steps part = stepsOf(row.child(i));
        EXPECT_FALSE(part.empty());
        EXPECT_LE(row.child(i).size(), Child::kMost);
        if (part.empty()) continue;
        const Summary slow = slowSummary(part);
        EXPECT_EQ(row.outline(i).first, slow.first);
        EXPECT_EQ(row.outline(i).sum, slow.sum);
        EXPECT_EQ(text(row.about(i)), text(slow));
        result.insert(result.end(), part.begin(), part.end());
    }
    return result;
}

std::size_t leaves(const Leaf&) { return 1; }
template <class Child>
std::size_t leaves(const Row<Child>& row) {
    std::size_t result = 0;
    for (std::size_t i = 0; i < row.size(); ++i) result += leaves(row.child(i));
    return result;
}

void compare(const Tree& tree, const std::map<std::int64_t, std::int64_t>& slow) {
    ASSERT_EQ(stepsOf(tree), Steps(slow.begin(), slow.end()));
}

void add(Tree& tree, std::map<std::int64_t, std::int64_t>& slow, std::int64_t time, std::int64_t delta) {
    tree.add(time, delta);
    if ((slow[time] += delta) == 0) slow.erase(time);
}

/// Steps come anywhere in [0, span), then go again in random order.
void growAndShrink(Rng& rng, std::int64_t count, std::int64_t span) {
    Tree tree;
    std::map<std::int64_t, std::int64_t> slow;
    Steps log;
    for (std::int64_t i = 0; i < count; ++i) {
        log.emplace_back(rng.between(0, span - 1), rng.between(0, 1) * 2 - 1);
        add(tree, slow, log.back().first, log.back().second);
        if (rng.below(static_cast<std::uint64_t>(count)) < 4) compare(tree, slow);
    }
    compare(tree, slow);
    EXPECT_GT(10 * slow.size(), 7 * leaves(tree) * Leaf::kMost) << "leaves are filled";
    while (!log.empty()) {
        std::swap(log[rng.below(log.size())], log.back());
        add(tree, slow, log.back().first, -log.back().second);
        log.pop_back();
        if (rng.below(static_cast<std::uint64_t>(count)) < 4) {
            compare(tree, slow);
            EXPECT_LE(leaves(tree), slow.size() / 8 + 1) << "small leaves are joined";
        }
    }
    EXPECT_EQ(tree.size(), 0u);
}

TEST(Steps, AreThoseOfAMapAndSummariesAreTrue) {
    Rng rng(5);
    growAndShrink(rng, 120000, 10000000);
    for (std::int64_t i = test::count(500); i > 0; --i) growAndShrink(rng, 5000, rng.between(3000, 100000));
}

TEST(Steps, AddedAtTheEndFillTheirLeaves) {
    Rng rng(6);
    Tree tree;
    std::map<std::int64_t, std::int64_t> slow;
    for (std::int64_t i = 0; i < 200000; ++i) add(tree, slow, 3 * i - rng.between(0, 60), rng.between(1, 5));
    compare(tree, slow);
    EXPECT_GT(slow.size(), leaves(tree) * Leaf::kMost * 9 / 10);
}

TEST(Steps, TellWhereTheHighestLevelIs) {
    Leaf leaf;
    // Levels 2 1 2 0 2 from 10, 20, 24, 30, 50.
    for (const auto& [time, delta] : Steps{{10, 2}, {30, -2}, {20, -1}, {24, 1}, {50, 2}}) leaf.add(time, delta);
    const Summary about = leaf.summary();
    EXPECT_EQ(text(about), text(Summary{10, 2, 0, 2, 10, kNever, 20}));
    leaf.add(60, -5);
    EXPECT_EQ(text(leaf.summary()), text(Summary{10, -3, -3, 2, 10, 60, 20}));
}

}  // namespace
}  // namespace millrace::schedule::steps
