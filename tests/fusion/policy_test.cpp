#include <gtest/gtest.h>

#include "fusion/micro.h"

/// What a policy changes, in numbers.
namespace millrace::fusion {
namespace {

using hardware::CoreId;
using schedule::TransferCause;
using test::bitsOf;
using test::FusedCase;
using test::spansOf;
using test::transfersOf;
using test::WiredChip;
using workload::LayerId;
using workload::TensorId;

constexpr std::int64_t kPlenty = 1 << 24;
constexpr workload::DimIndex kOY = 2;

/// Two convolutions of 3 rows on 6 rows of 4 channels and 10 columns, one on each of two cores, in 3 tiles.
FusedCase twoConvs() {
    workload::Workload workload;
    test::ConvShape shape;
    shape.k = shape.c = 4;
    const TensorId middle =
        test::addConv(workload, "first", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    workload.tensors[test::addConv(workload, "second", middle, shape)].isOutput = true;
    FusedCase result{workload, WiredChip(2, kPlenty).wire(0, 1, 64).wire(0, 2, 64).wire(1, 2, 64).chip, {}, {}};
    result.plan = test::plainPlan(workload);
    for (LayerPlan& plan : result.plan.layers) plan.intra = {{kOY, 3}};
    result.plan.layers[LayerId(1)].cores = {CoreId(1)};
    return result;
}

TEST(Policy, HalosAreKeptSentAgainOrComputedAgain) {
    FusedCase given = twoConvs();
    const TensorId middle = given.workload.layers[LayerId(0)].result;
    constexpr std::int64_t row = 4 * 10 * 8;
    for (const auto& [halo, rows, operations] :
         {std::tuple(Halo::keep, 6, 6), std::tuple(Halo::again, 3 + 4 + 3, 6), std::tuple(Halo::recompute, 10, 10)}) {
        given.policy.halo = halo;
        const auto result = test::schedule(given);
        EXPECT_EQ(bitsOf(result, transfersOf(result, middle)), rows * row);
        std::int64_t done = 0;
        for (const explore::TileKind& kind : result.layers[LayerId(0)].kinds) done += kind.count * kind.sizes[kOY];
        EXPECT_EQ(done, operations);
    }
}

TEST(Policy, WeightsAreFetchedAheadOrForTheirTile) {
    FusedCase given = twoConvs();
    given.plan.layers[LayerId(1)].cores = {CoreId(0)};
    given.policy.order = Order::breadthFirst;
    given.policy.lookahead = 1;
    for (const bool prefetch : {false, true}) {
        given.policy.prefetch = prefetch;
        const auto result = test::schedule(given);
        const auto weights = transfersOf(result, TransferCause::weight);
        ASSERT_EQ(weights.size(), 2u);
        const auto first = spansOf(result, 0);
        EXPECT_EQ(weights[1].span.start < first[1].start, prefetch) << "as soon as the link is free";
        EXPECT_EQ(weights[1].span.start >= first[2].start, !prefetch) << "while the tile before is at work";
    }
}

}  // namespace
}  // namespace millrace::fusion
