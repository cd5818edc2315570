#include "explore/cost/corrections.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "explore/cost/latency.h"
#include "explore/cost/model.h"
#include "explore/cost/tables.h"
#include "explore/mapper/mapper.h"
#include "oracle.h"
#include "shared.h"
#include "support/rng.h"
#include "toy.h"

/// Each correction of the model against something slow and obvious; all of them together against
/// tools/corrected_costs.py.
namespace millrace::cost {
namespace {

using nlohmann::ordered_json;
using test::Triple;

Corrections only(Correction correction) {
    Corrections result;
    result.add(correction);
    return result;
}

TEST(Corrections, HaveNames) {
    EXPECT_TRUE(Corrections().none());
    EXPECT_EQ(Corrections::named("all"), Corrections::all());
    EXPECT_FALSE(Corrections::named("everything"));
    Corrections some;
    for (const Correction correction : kCorrections) {
        EXPECT_EQ(Corrections::named(name(correction)), only(correction));
        EXPECT_FALSE(some.has(correction));
        some.add(correction);
        EXPECT_TRUE(some.has(correction));
    }
    EXPECT_EQ(some, Corrections::all());
    EXPECT_EQ(some.names().size(), std::size(kCorrections));
}

TEST(TrueHalo, CountsTheSetOfIndices) {
    std::int64_t wrong = 0;
    for (std::int64_t stride = 1; stride <= 4; ++stride) {
        for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
            const Relation relation{"I", {0, 1}, {stride, dilation}, 1000, 0};
            for (std::int64_t a = 1; a <= 9; ++a) {
                for (std::int64_t b = 1; b <= 9; ++b) {
                    std::set<std::int64_t> indices;
                    for (std::int64_t i = 0; i < a * b; ++i) indices.insert(stride * (i / b) + dilation * (i % b));
                    ASSERT_EQ(trueHalo(relation, double(a), double(b)), double(indices.size()));
                    wrong += halo(relation, a, b) != std::int64_t(indices.size()) ? 1 : 0;
                }
            }
        }
    }
    EXPECT_GT(wrong, 0) << "ZigZag's formula has no fault?";
}

TEST(TrueHalo, GrowsWithItsLoopsAndNoFaster) {
    Rng rng(3);
    for (std::int64_t n = test::count(100'000); n > 0; --n) {
        const Relation relation{"I", {0, 1}, {rng.between(1, 4), rng.between(1, 4)}, 1000, 0};
        const double a = 1 + 20 * rng.unit();
        const double b = 1 + 10 * rng.unit();
        const double more = 1 + 3 * rng.unit();
        const double here = trueHalo(relation, a, b);
        ASSERT_LE(here, trueHalo(relation, a * more, b) * (1 + 1e-12));
        ASSERT_LE(trueHalo(relation, a * more, b), here * more * (1 + 1e-12));
    }
}

std::vector<double> sunk(std::vector<Load> loads, double surplus) {
    sink(loads.data(), loads.size(), surplus);
    std::vector<double> result;
    for (const Load& load : loads) result.push_back(load.cycles);
    return result;
}

TEST(Sink, NoneBelowItsLeast) {
    using testing::ElementsAre;
    EXPECT_THAT(sunk({{2209, 5}, {1, 1}, {982, 1}}, 1e9), ElementsAre(5, 1, 1));
    EXPECT_THAT(sunk({{10, 2}, {6, 2}}, 4), ElementsAre(6, 6));
    EXPECT_THAT(sunk({{10, 2}, {6, 2}}, 6), ElementsAre(5, 5));
    EXPECT_THAT(sunk({{10, 8}, {6, 2}}, 4), ElementsAre(8, 4));
    EXPECT_THAT(sunk({{10, 2}, {6, 2}}, 0), ElementsAre(10, 6));
    EXPECT_THAT(sunk({{3, 7}}, 5), ElementsAre(3));
    EXPECT_THAT(sunk({}, 5), ElementsAre());
}

/// One cycle at a time from the highest load that may still sink.
TEST(Sink, EqualsTakingSingleCycles) {
    Rng rng(11);
    constexpr double grain = 1.0 / 16;
    for (std::int64_t n = test::count(100'000); n > 0; --n) {
        std::vector<Load> loads(1 + rng.below(5));
        for (Load& load : loads) load = {double(rng.between(0, 12)), double(rng.between(0, 12))};
        const double surplus = double(rng.between(0, 30));
        const std::vector<double> fast = sunk(loads, surplus);
        double before = 0;
        for (const Load& load : loads) before += load.cycles;
        for (std::int64_t left = std::int64_t(surplus / grain); left > 0; --left) {
            Load* highest = nullptr;
            for (Load& load : loads) {
                if (load.cycles > load.least && (highest == nullptr || load.cycles > highest->cycles)) highest = &load;
            }
            if (highest == nullptr) break;
            highest->cycles -= grain;
        }
        for (std::size_t i = 0; i < loads.size(); ++i) ASSERT_NEAR(fast[i], loads[i].cycles, grain);
        ASSERT_LE(before - std::accumulate(fast.begin(), fast.end(), 0.0), surplus + 1e-9);
    }
}

TEST(LargestSets, AreThoseThatNothingCanBeAddedTo) {
    Rng rng(5);
    for (std::int64_t n = test::count(20'000); n > 0; --n) {
        const std::size_t parts = 1 + rng.below(3);
        double use[3];
        for (double& bits : use) bits = double(rng.between(0, 10));
        const double size = double(rng.between(1, 50));
        const auto fits = [&](unsigned set) {
            double sum = 0;
            for (std::size_t k = 0; k < parts; ++k) sum += use[k] * ((set >> k & 1) + 1);
            return sum <= size;
        };
        std::set<unsigned> expected;
        for (unsigned set = 0; set < 1U << parts; ++set) {
            bool grows = false;
            for (std::size_t k = 0; k < parts; ++k) grows = grows || ((set >> k & 1) == 0 && fits(set | 1U << k));
            if (fits(set) && !grows) expected.insert(set);
        }
        if (expected.empty()) expected.insert(0);
        std::array<std::uint8_t, kMaxSets> sets{};
        const std::size_t count = largestSets(use, parts, size, sets);
        ASSERT_EQ(std::set<unsigned>(sets.begin(), sets.begin() + std::ptrdiff_t(count)), expected);
        ASSERT_EQ(count, expected.size());
    }
}

/// Units that work in the fullest pass, when a loop is dealt out to as few passes as the array allows.
TEST(Ragged, CountsTheFullestPass) {
    for (std::int64_t size = 1; size <= 60; ++size) {
        for (std::int64_t columns = 1; columns <= 16; ++columns) {
            Nest nest = test::convolution(size, 2, 1, 1, 1, 1);
            nest.corrections = only(Correction::ragged);
            hardware::Core core = test::toyCore();
            core.array.dimensions[0].size = columns;
            Diagnostics diagnostics;
            const Machine machine = machineOf(nest, core, diagnostics).value();
            const SpatialPair pair = spatialOf(nest, core, machine, {{0, {{"K", std::min(size, columns)}}}, {1, {}}});
            std::int64_t passes = 1;
            while (passes * columns < size) ++passes;
            std::vector<std::int64_t> dealt(std::size_t(passes), 0);
            for (std::int64_t i = 0; i < size; ++i) ++dealt[std::size_t(i % passes)];
            double factor = 1;
            for (const Spatial::Level& level : pair.whole.level[0]) {
                for (const SpatialLoop& loop : level.loops) factor *= loop.factor;
            }
            ASSERT_EQ(factor, double(*std::max_element(dealt.begin(), dealt.end()))) << size << " over " << columns;
        }
    }
}

/// zigzag.md 15.2: sums that are read and written over one port in every cycle; 16 visits of each of 256 tiles.
TEST(Readback, FirstVisitsLoadNoPort) {
    const Activity sums[] = {{1, 1, 1, 4096, 256}, {1, 1, 1, 4096, 1}};
    EXPECT_EQ(portStall(sums, 2), 4095 + (4096 - 256) - 4096);
    const Activity slow{5, 2, 4, 10, 3};
    EXPECT_EQ(portStall(&slow, 1), 3 * 7);
}

class Corrected : public testing::Test {
protected:
    Detail explain(Corrections corrections) {
        Nest nest = test::toyNest();
        nest.corrections = corrections;
        Diagnostics diagnostics;
        const Machine machine = machineOf(nest, core, diagnostics).value();
        const Model model(nest, machine, spatialOf(nest, core, machine, test::toySpatial()));
        TooSmall why;
        return model.explain(order, model.allocate(order, false, why).value());
    }

    hardware::Core core = test::toyCore();
    std::vector<Loop> order{{2, 3}, {4, 2}, {1, 6}, {3, 2}};
};

/// The toy: C 3 is innermost and in the sums' register, so that each of its 24 tiles is visited 3 times below and never
/// comes back from above.
TEST_F(Corrected, TheToyReadsBackTwoOfThreeTimes) {
    const Detail before = explain({});
    const Detail after = explain(only(Correction::readback));
    EXPECT_EQ(before.accesses[0][0][0], 144);
    EXPECT_EQ(after.accesses[0][0][0], 96);
    EXPECT_EQ(after.accesses[0][0][1], 144);
    EXPECT_EQ(after.accesses[0][0][2], 48);
    EXPECT_NEAR(before.score.energy - after.score.energy, 48 * 0.2, 1e-9);
}

TEST_F(Corrected, TheToysRaggedColumnsAreThree) {
    EXPECT_EQ(explain({}).wholeElements[0][3], 48);
    EXPECT_EQ(explain(only(Correction::ragged)).wholeElements[0][3], 72);
}

/// OX 2.5 and FX 3: 4.5 columns, not 4; times 3 channels and 2 rows, and the whole image has 7.
TEST_F(Corrected, TheToysHaloIsNotTruncated) {
    order = {{2, 3}, {3, 2}, {1, 6}, {4, 2}};
    core.memories[2].size = Bits(240);
    EXPECT_EQ(explain({}).elements[2][1], 24);
    EXPECT_EQ(explain(only(Correction::halo)).elements[2][1], 27);
}

/// A forced double buffer makes the allocation keep less.
TEST_F(Corrected, ForcedDoubleBuffersNeedTwiceTheRoom) {
    core.memories[2].forceDoubleBuffering = true;
    const Detail before = explain({});
    const Detail after = explain(only(Correction::buffering));
    const auto bits = [](const Detail& detail) { return detail.elements[2][1] * 8 + detail.elements[0][2] * 8; };
    EXPECT_GT(bits(before), 256);
    EXPECT_LE(2 * bits(after), 512);
    EXPECT_TRUE(after.doubleBuffer[0][2]);
    EXPECT_TRUE(after.doubleBuffer[2][1]);
}

/// The mapper costs with what its options ask for, and its cache tells the answers apart.
TEST(MapCorrected, AnswersAreRememberedBySet) {
    const Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    mapper::Cache cache;
    mapper::Request request{nest, core, test::toySpatial()};
    request.options.objective = mapper::Objective::energy;
    EXPECT_NEAR(cache.map(request, diagnostics)->energy, 6396, 1e-9);
    request.options.corrections = only(Correction::readback);
    const double readback = cache.map(request, diagnostics)->energy;
    EXPECT_LT(readback, 6396);
    request.options.corrections = Corrections::all();
    const double all = cache.map(request, diagnostics)->energy;
    EXPECT_GT(all, readback) << "shares of accesses are not rounded down";
    Corrections rest = only(Correction::readback);
    rest.add(only(Correction::shares));
    request.options.corrections = rest;
    EXPECT_EQ(cache.map(request, diagnostics)->energy, all);
    EXPECT_EQ(cache.size(), 4u);
    core.memories[2].forceDoubleBuffering = true;
    cache.map(request, diagnostics);
    EXPECT_EQ(cache.size(), 5u);
}

/// Models and tables of a triple under a set of corrections.
struct Both {
    std::optional<Score> walked;
    std::optional<Score> looked;
    bool tables = false;
};

Both evaluate(const Triple& triple, const hardware::Core& core, Corrections corrections) {
    Nest nest = triple.nest;
    nest.corrections = corrections;
    Diagnostics diagnostics;
    const Machine machine = machineOf(nest, core, diagnostics).value();
    const Model model(nest, machine, spatialOf(nest, core, machine, triple.flows));
    Both both;
    TooSmall why;
    if (const auto allocation = model.allocate(triple.order, triple.even, why))
        both.walked = model.evaluate(triple.order, *allocation);
    const auto tables = triple.even ? std::nullopt : Tables::make(model, triple.order);
    both.tables = tables.has_value();
    if (!tables) return both;
    std::vector<std::uint32_t> order;
    for (const Loop& loop : triple.order) {
        const auto at = std::find(tables->kinds().begin(), tables->kinds().end(), loop);
        order.push_back(static_cast<std::uint32_t>(at - tables->kinds().begin()));
    }
    Score score;
    if (tables->evaluate(order.data(), score, why)) both.looked = score;
    return both;
}

void expectEqual(const Score& a, const Score& b) {
    EXPECT_EQ(a.energy, b.energy);
    EXPECT_EQ(a.stall, b.stall);
    EXPECT_EQ(a.onload, b.onload);
    EXPECT_EQ(a.offload, b.offload);
    EXPECT_EQ(a.latency2, b.latency2);
}

void expectAnswer(const ordered_json& numbers, const Score& score) {
    EXPECT_EQ(test::hexNumber(numbers["energy"]), score.energy);
    EXPECT_EQ(test::hexNumber(numbers["stall"]), score.stall);
    EXPECT_EQ(test::hexNumber(numbers["on"]), score.onload);
    EXPECT_EQ(test::hexNumber(numbers["off"]), score.offload);
    EXPECT_EQ(test::hexNumber(numbers["lat2"]), score.latency2);
}

TEST(Oracle, CorrectedTriplesEqualTheSlowReference) {
    MILLRACE_NEEDS_SHARED();
    if (!test::oracleAvailable()) GTEST_SKIP() << "needs python3";
    std::int64_t fits = 0;
    std::int64_t tables = 0;
    Rng rng(17);
    const std::int64_t count = test::count(40'000);
    test::forEachCorrectedTriple(count, 20'260'102, [&](const Triple& triple) {
        if (testing::Test::HasFailure()) return;
        const Both both = evaluate(triple, triple.core, triple.nest.corrections);
        const ordered_json& answer = triple.json["answer"];
        EXPECT_EQ(both.walked.has_value(), answer["fits"].get<bool>());
        if (both.walked && !testing::Test::HasFailure()) {
            ++fits;
            expectAnswer(answer["numbers"], *both.walked);
        }
        tables += both.tables ? 1 : 0;
        EXPECT_TRUE(!both.tables || both.walked.has_value() == both.looked.has_value());
        if (both.walked && both.looked) expectEqual(*both.walked, *both.looked);
        // Both ways agree under any other set as well.
        Corrections others;
        for (const Correction correction : kCorrections) {
            if (rng.below(2) == 0) others.add(correction);
        }
        const Both again = evaluate(triple, triple.core, others);
        EXPECT_TRUE(!again.tables || again.walked.has_value() == again.looked.has_value());
        if (again.walked && again.looked) expectEqual(*again.walked, *again.looked);
        if (testing::Test::HasFailure()) ADD_FAILURE() << "first different triple: " << triple.json.dump();
    });
    EXPECT_GT(fits, count / 2);
    EXPECT_GT(tables, count / 3);
}

}  // namespace
}  // namespace millrace::cost
