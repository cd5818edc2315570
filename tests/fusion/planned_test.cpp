#include <gtest/gtest.h>

#include <set>

#include "explore/fusion/run.h"
#include "fusion/micro.h"
#include "fusion/random_case.h"
#include "search/networks.h"
#include "shared.h"
#include "tiling/random_workload.h"

/// Plans and the engine together.
namespace millrace::fusion {
namespace {

using test::FusedCase;
using test::FusedRun;
using workload::LayerId;

/// Cuts that are asked for, over cores and in time, along all loops; sums too.
mapping::MappingEntry randomTile(Rng& rng, const workload::Workload& workload) {
    mapping::MappingEntry entry;
    const workload::Layer& layer = workload.layers[LayerId(rng.below(workload.layers.size()))];
    const std::string names[] = {"default", layer.type, layer.name};
    entry.name = names[rng.below(3)];
    const auto split = [&] {
        const auto kind = static_cast<mapping::Tiling::Kind>(rng.below(3));
        return mapping::Tiling{layer.dims[rng.below(layer.dims.size())].name, kind, rng.between(1, 6)};
    };
    for (std::int64_t n = rng.between(0, 2); n > 0; --n) entry.intraCoreTiling.push_back(split());
    for (std::int64_t n = rng.between(0, 2); n > 0; --n) entry.interCoreTiling.push_back(split());
    return entry;
}

PlanOptions randomOptions(Rng& rng, const workload::Workload& workload) {
    PlanOptions options;
    const Stacking kinds[] = {Stacking::automatic, Stacking::automatic, Stacking::layers, Stacking::cuts};
    options.stacking = kinds[rng.below(4)];
    if (options.stacking == Stacking::cuts) options.cuts = {std::to_string(rng.below(workload.layers.size()))};
    options.fill = 0.1 * static_cast<double>(rng.between(1, 10));
    options.tilesPerLayer = rng.between(1, 12);
    options.doubleBuffer = rng.below(2) == 0;
    for (std::int64_t i = rng.between(0, 2); i > 0; --i) options.tiles.push_back(randomTile(rng, workload));
    return options;
}

/// Memories of a random share of all data.
hardware::Chip chipFor(Rng& rng, const workload::Workload& workload) {
    const double bits = test::randomShare(rng) * static_cast<double>(test::allBits(workload));
    return test::randomChip(rng, std::max<std::int64_t>(static_cast<std::int64_t>(bits), 64));
}

/// Whatever the memories, the policy and the wishes: a plan can be scheduled. Two in a thousand cannot: plans do not
/// foresee all ways in which the cost model takes tiles of transposed convolutions as larger than they are, nor all
/// that tiles with halos of their own hold. Unfinished sums are never the reason.
TEST(Planned, WhatIsPlannedIsScheduled) {
    Rng rng(51);
    std::int64_t plans = 0, chains = 0, keeping = 0, sums = 0, noMapping = 0, tooLarge = 0;
    const std::int64_t runs = test::count(10000);
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given;
        given.workload = rng.below(3) == 0 ? test::randomWorkload(rng) : test::randomSmallWorkload(rng);
        given.chip = chipFor(rng, given.workload);
        given.policy = test::randomPolicy(rng);
        PlanOptions options = randomOptions(rng, given.workload);
        options.recompute = given.policy.halo == Halo::recompute;
        Diagnostics diagnostics;
        auto plan = makePlan(given.workload, given.chip, nullptr, options, diagnostics);
        ASSERT_EQ(plan.has_value(), !diagnostics.failed());
        if (!plan) continue;
        ++plans;
        given.plan = std::move(*plan);
        for (const LayerPlan& layer : given.plan.layers) keeping += layer.keepsHalos;
        FusedRun run(given);
        chains += run.given().workload.layers.size() > given.workload.layers.size();
        for (const LayerId id : run.given().workload.layers.ids()) sums += run.setup().cells().grid(id).sums() > 1;
        if (fusion::run(run.engine(), diagnostics)) continue;
        const std::string& reason = run.engine().reason();
        ASSERT_EQ(reason.find("unfinished sums"), std::string::npos) << "run " << i << " " << diagnostics.text();
        ++(reason.find("the cost model finds no mapping") == 0 ? noMapping : tooLarge);
    }
    EXPECT_GT(2 * plans, runs);
    EXPECT_GT(chains, runs / 50);
    EXPECT_GE(keeping, runs / 1000);
    EXPECT_GT(sums, runs / 50);
    EXPECT_LE(noMapping, 2 + runs / 400);
    EXPECT_LE(tooLarge, 2 + runs / 500);
}

/// Two parts of one layer on one core, each summed up in four tiles: room for one sum beside a tile's data.
FusedCase twoSums(std::int64_t bits) {
    FusedCase result{{}, test::WiredChip(1, bits).bus(64).chip, {}, {}};
    test::ConvShape shape;
    shape.fy = 1;
    shape.padY = 0;
    shape.oy = shape.ox = 4;
    const auto input = test::addInput(result.workload, {4, 4, 4});
    result.workload.tensors[test::addConv(result.workload, "conv", input, shape)].isOutput = true;
    result.plan = test::plainPlan(result.workload);
    result.plan.layers[LayerId(0)].inter = {{0, 2}};
    result.plan.layers[LayerId(0)].intra = {{1, 4}};
    return result;
}

TEST(Planned, SumsThatDoNotFitSideBySideRunOneAfterAnother) {
    constexpr std::int64_t sum = 4 * 4 * 4 * 16, data = 4 * 4 * 8 + 4 * 8;
    for (const Order order : ownOrders()) {
        FusedCase given = twoSums(sum + data);
        given.policy.order = order;
        const auto spans = test::spansOf(test::schedule(given), 0);
        ASSERT_EQ(spans.size(), 8u);
        EXPECT_LE(spans[6].end, spans[1].start) << "all tiles of one part, then those of the other";
        given = twoSums(3 * sum + data);
        given.policy.order = order;
        const auto both = test::spansOf(test::schedule(given), 0);
        EXPECT_LT(both[1].start, both[6].end) << "with room for both as the order has it";
    }
    FusedCase given = twoSums(sum + data);
    FusedRun run(given);
    std::vector<test::FusedTile> alternating;
    for (std::uint32_t tile = 0; tile < 8; ++tile) alternating.push_back({WorkId(0), tile});
    EXPECT_FALSE(run.all(alternating));
    EXPECT_NE(run.engine().reason().find("taken by unfinished sums"), std::string::npos);
}

TEST(Planned, HalosThatWouldNotFitAreKept) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.k = shape.c = 4;
    shape.oy = 12;
    auto last = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    for (const char* name : {"first", "second", "third"}) last = test::addConv(workload, name, last, shape);
    workload.tensors[last].isOutput = true;
    std::set<std::int64_t> kept;
    for (std::int64_t bits = 4000; bits < 1 << 15; bits += 500) {
        FusedCase given{workload, test::WiredChip(1, bits).bus(64).chip, {}, {}};
        given.policy.halo = Halo::recompute;
        PlanOptions options;
        options.recompute = true;
        options.stacking = Stacking::byHand;
        options.stacks = {{"0-2"}};
        mapping::MappingEntry rows;
        rows.name = "default";
        rows.intraCoreTiling = {{"OY", mapping::Tiling::Kind::parts, 4}};
        options.tiles = {rows};
        Diagnostics diagnostics;
        auto plan = makePlan(workload, given.chip, nullptr, options, diagnostics);
        if (!plan) continue;
        given.plan = std::move(*plan);
        std::int64_t number = 0;
        for (const LayerPlan& layer : given.plan.layers) number += layer.keepsHalos;
        kept.insert(number);
        EXPECT_EQ(number > 0,
                  diagnostics.text().find("keeps its halos: computed again, a tile of") != std::string::npos);
        FusedRun run(given);
        ASSERT_TRUE(fusion::run(run.engine(), diagnostics)) << bits << diagnostics.text();
        ASSERT_TRUE(run.finish(diagnostics)) << diagnostics.text();
    }
    EXPECT_EQ(*kept.begin(), 0) << "where there is room none is";
    EXPECT_GE(*kept.rbegin(), 1);
}

}  // namespace
}  // namespace millrace::fusion
