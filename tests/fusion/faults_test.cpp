#include <gmock/gmock.h>

#include <algorithm>

#include "explore/workload/lower.h"
#include "fusion/micro.h"
#include "workload/nets.h"

/// Faults of Stream that an engine for fused layers could have (stream.md 7.1, 7.2): cases in which they would give
/// other numbers.
namespace millrace::fusion {
namespace {

using hardware::CoreId;
using schedule::TransferCause;
using test::addConv;
using test::addElementwise;
using test::addInput;
using test::bitsOf;
using test::FusedCase;
using test::Net;
using test::schedule;
using test::spansOf;
using test::transfersOf;
using test::WiredChip;
using workload::LayerId;
using workload::TensorId;

constexpr std::int64_t kPlenty = 1 << 24;
constexpr workload::DimIndex kOY = 2, kOX = 3;

FusedCase caseOf(workload::Workload workload, hardware::Chip chip) {
    FusedCase result{std::move(workload), std::move(chip), {}, {}};
    result.plan = test::plainPlan(result.workload);
    return result;
}
LayerPlan& planOf(FusedCase& given, std::size_t layer) { return given.plan.layers[LayerId(layer)]; }

/// Cores in a row; the off-chip memory on core 0.
hardware::Chip row(std::size_t cores, std::int64_t width = 64) {
    WiredChip chip(cores, kPlenty);
    for (std::size_t i = 0; i + 1 < cores; ++i) chip.wire(i, i + 1, width);
    return chip.wire(0, cores, width).chip;
}
hardware::Chip star(std::size_t cores, std::int64_t width = 64) {
    WiredChip chip(cores, kPlenty);
    for (std::size_t i = 0; i < cores; ++i) {
        for (std::size_t j = i + 1; j <= cores; ++j) chip.wire(i, j, width);
    }
    return chip.chip;
}

workload::Workload convs(std::size_t layers, const test::ConvShape& shape = {}) {
    workload::Workload workload;
    TensorId last = addInput(workload, {shape.c, shape.iy(), shape.ix()});
    for (std::size_t i = 0; i < layers; ++i) last = addConv(workload, "conv" + std::to_string(i), last, shape);
    workload.tensors[last].isOutput = true;
    return workload;
}

workload::Workload lowered(const Net& net) {
    Diagnostics diagnostics;
    auto result = workload::lower(net.network, {}, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(workload::Workload{});
}

/// No. 1: rows and columns. A window of 3 rows and 1 column, two cores: cut along rows each needs a row of the other's
/// input; cut along columns none.
TEST(Faults, RowsAreNotColumns) {
    test::ConvShape shape;
    shape.oy = 6;
    shape.ox = 10;
    const std::int64_t input = 4 * 6 * 10 * 8;
    FusedCase given = caseOf(convs(1, shape), star(2));
    given.policy.multicast = false;
    planOf(given, 0) = {0, {{kOY, 2}}, {}, {CoreId(0), CoreId(1)}};
    const auto rows = schedule(given);
    std::int64_t bits = bitsOf(rows, transfersOf(rows, TensorId(0)));
    EXPECT_EQ(bits, input + 2 * 4 * 10 * 8);
    planOf(given, 0).inter = {{kOX, 2}};
    const auto columns = schedule(given);
    bits = bitsOf(columns, transfersOf(columns, TensorId(0)));
    EXPECT_EQ(bits, input);
}

/// No. 3: Stream reserves the off-chip port for a tile before it knows when its result has room. Here ports are only
/// taken by what passes them.
TEST(Faults, PortsAreTakenByTransfersOnly) {
    WiredChip chip(1, 3 * 960 + 100);
    chip.wire(0, 1, 8);
    chip.chip.links[hardware::LinkId(0)].bandwidth = 2;  // results leave slowly
    workload::Workload workload;
    for (int i = 0; i < 3; ++i) {
        const TensorId input = addInput(workload, {12, 5, 2});
        workload.tensors[addElementwise(workload, "layer" + std::to_string(i), {input})].isOutput = true;
    }
    const auto result = schedule(caseOf(workload, chip.chip));
    std::int64_t waits = 0;
    for (std::size_t layer = 0; layer < 3; ++layer) {
        const auto input = transfersOf(result, TensorId(2 * layer));
        ASSERT_EQ(input.size(), 1u);
        waits += spansOf(result, layer)[0].start > input[0].span.end;
    }
    EXPECT_GT(waits, 0) << "a tile waited for room";
    Cycles busy;
    for (const auto& transfer : result.schedule.transfers) busy += transfer.span.length();
    EXPECT_EQ(busy, Cycles(3 * (960 / 8 + 960 / 2)));
}

/// No. 4: weights that two cores need, cut along K in time: each part passes the bus once.
TEST(Faults, WeightsPassOnceForAllCores) {
    FusedCase given = caseOf(convs(1), WiredChip(2, kPlenty).bus(64).chip);
    planOf(given, 0) = {0, {{kOY, 2}}, {{0, 4}}, {CoreId(0), CoreId(1)}};
    const auto weights = transfersOf(schedule(given), TransferCause::weight);
    ASSERT_EQ(weights.size(), 8u);
    EXPECT_EQ(std::count_if(weights.begin(), weights.end(), [](const auto& each) { return each.with.valid(); }), 4);
}

/// No. 5: a neighbour needs one row, not the tile.
TEST(Faults, OnlyWhatIsNeededMoves) {
    test::ConvShape shape;
    shape.k = shape.c = 4;
    FusedCase given = caseOf(convs(2, shape), star(2));
    for (const std::size_t layer : {0, 1}) planOf(given, layer) = {0, {{kOY, 2}}, {}, {CoreId(0), CoreId(1)}};
    const auto result = schedule(given);
    const auto halos = transfersOf(result, TransferCause::forward);
    std::int64_t bits = 0;
    for (const auto& halo : halos) {
        if (halo.tensor.index() == given.workload.layers[LayerId(0)].result.index()) bits += bitsOf(result, {halo});
    }
    EXPECT_EQ(bits, 2 * 4 * 10 * 8);
}

/// Nos. 6, 7 and 16: energy by the bit; as slow as the narrowest part of the way; no link is infinitely wide.
TEST(Faults, SlowWaysCostTimeNotEnergy) {
    double energy = -1;
    for (const std::int64_t width : {8, 64, 4096}) {
        FusedCase given = caseOf(convs(1), row(2, 4096));
        given.chip.links[hardware::LinkId(0)].bandwidth = given.chip.links[hardware::LinkId(1)].bandwidth = width;
        planOf(given, 0).cores = {CoreId(1)};
        const auto result = schedule(given);
        for (const auto& transfer : result.schedule.transfers) {
            const std::int64_t bits = bitsOf(result, {transfer});
            EXPECT_EQ(transfer.route.size(), 2u);
            EXPECT_EQ(transfer.span.length(), Cycles(ceilDiv(bits, width)));
        }
        if (energy < 0) energy = result.schedule.energy.links.value();
        EXPECT_DOUBLE_EQ(result.schedule.energy.links.value(), energy);
    }
}

/// No. 8: the nearest copy is the source, not the one that has been there longest.
TEST(Faults, TheNearestCopyIsTheSource) {
    test::ConvShape shape;
    shape.c = shape.k;
    workload::Workload workload = convs(1, shape);
    const TensorId made = workload.layers[LayerId(0)].result;
    for (int i = 0; i < 2; ++i) addConv(workload, "reader" + std::to_string(i), made, shape);
    FusedCase given = caseOf(workload, row(3));
    given.policy.multicast = false;
    planOf(given, 1) = {0, {}, {{0, 2}}, {CoreId(1)}};
    planOf(given, 2).cores = {CoreId(2)};
    // Reader 0 has two tiles: its copy is still there when reader 1 needs it.
    const auto result = schedule(given, {{WorkId(0), 0}, {WorkId(1), 0}, {WorkId(2), 0}, {WorkId(1), 1}});
    const auto ways = transfersOf(result, made);
    const auto last = std::find_if(ways.begin(), ways.end(), [](const auto& way) { return way.to.index() == 2; });
    ASSERT_NE(last, ways.end());
    EXPECT_EQ(last->from.index(), 1u);
    EXPECT_EQ(last->route.size(), 1u);
}

/// Nos. 4 and 8 together: a transfer is not shared by a longer way than the nearest copy is away. Core 2 is two links
/// from the maker (by core 4) and one from core 3.
TEST(Faults, SharedTransfersAreNoDetour) {
    test::ConvShape shape;
    shape.c = shape.k;
    workload::Workload workload = convs(1, shape);
    const TensorId made = workload.layers[LayerId(0)].result;
    workload.tensors[made].isOutput = false;
    for (int i = 0; i < 3; ++i) addConv(workload, "reader" + std::to_string(i), made, shape);
    WiredChip chip(5, kPlenty);
    chip.wire(0, 4, 64).wire(4, 2, 64).wire(0, 1, 64).wire(0, 3, 64).wire(3, 2, 64);
    for (std::size_t core = 0; core < 5; ++core) chip.wire(core, 5, 64);
    FusedCase given = caseOf(workload, chip.chip);
    planOf(given, 1).cores = {CoreId(1)};
    planOf(given, 2) = {0, {}, {{0, 2}}, {CoreId(3)}};
    planOf(given, 3).cores = {CoreId(2)};
    const auto result =
        schedule(given, {{WorkId(0), 0}, {WorkId(1), 0}, {WorkId(2), 0}, {WorkId(3), 0}, {WorkId(2), 1}});
    std::vector<std::size_t> links;
    for (const auto& way : transfersOf(result, made)) links.push_back(way.route.size());
    EXPECT_EQ(links, (std::vector<std::size_t>{1, 1, 1}));
}

/// No. 10: weights of groups belong to (g, k).
TEST(Faults, EachGroupHasItsWeights) {
    Net net;
    net.output(net.conv(net.input({1, 4, 5, 4}), 8, {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 2));
    FusedCase given = caseOf(lowered(net), star(2));
    const auto group = given.workload.layers[LayerId(0)].dim("G");
    ASSERT_TRUE(group);
    planOf(given, 0) = {0, {{*group, 2}}, {}, {CoreId(0), CoreId(1)}};
    const auto result = schedule(given);
    const auto weights = transfersOf(result, TransferCause::weight);
    ASSERT_EQ(weights.size(), 2u);
    EXPECT_FALSE(overlaps(weights[0].box, weights[1].box));
    EXPECT_EQ(bitsOf(result, weights), 8 * 2 * 3 * 3 * 8);
}

/// No. 11: no barrier where a layer begins.
TEST(Faults, LayersOverlap) {
    test::ConvShape shape;
    shape.k = shape.c = 4;
    FusedCase given = caseOf(convs(2, shape), star(2));
    planOf(given, 0).intra = planOf(given, 1).intra = {{kOY, 6}};
    planOf(given, 1).cores = {CoreId(1)};
    const auto result = schedule(given);
    EXPECT_LT(spansOf(result, 1)[0].start, spansOf(result, 0)[3].start) << "after rows 0 and 1 and the way";
}

/// No. 17: all outputs count.
TEST(Faults, EveryOutputIsWritten) {
    workload::Workload workload = convs(2, {4, 4});
    workload.tensors[workload.layers[LayerId(0)].result].isOutput = true;
    const auto result = schedule(caseOf(workload, star(1)));
    EXPECT_EQ(transfersOf(result, TransferCause::output).size(), 2u);
}

/// Issues 9 and 52: any number of parts, on one loop both ways, in any order of tiles.
TEST(Faults, AnyTilingRuns) {
    test::ConvShape shape;
    shape.k = shape.c = 4;
    shape.oy = 8;
    for (const std::int64_t parts : {1, 2, 3, 5, 7, 8}) {
        for (const Order order : {Order::depthFirst, Order::breadthFirst, Order::earliestReady}) {
            FusedCase given = caseOf(convs(3, shape), star(2));
            given.policy.order = order;
            for (std::size_t layer = 0; layer < 3; ++layer)
                planOf(given, layer) = {0, {{kOY, 2}}, {{kOY, parts}}, {CoreId(0), CoreId(1)}};
            const auto result = schedule(given);
            EXPECT_EQ(spansOf(result, 2).size(), static_cast<std::size_t>(2 * std::min<std::int64_t>(parts, 4)));
        }
    }
}

/// Issue 37: a concatenation of several producers is no layer, and each reader takes from both.
TEST(Faults, ConcatenationsOfProducers) {
    Net net;
    const auto x = net.input({1, 2, 6, 4});
    const auto a = net.conv(x, 3, {1, 1});
    const auto b = net.conv(x, 5, {3, 1}, {1, 1}, {1, 0, 1, 0});
    const auto both = net.op("Concat", {a, b}, {1, 8, 6, 4}, {{"axis", std::int64_t{1}}});
    net.output(net.conv(both, 2, {1, 1}));
    FusedCase given = caseOf(lowered(net), star(3));
    ASSERT_EQ(given.workload.layers.size(), 3u);
    for (std::size_t layer = 0; layer < 3; ++layer) {
        const auto rows = given.workload.layers[LayerId(layer)].dim("OY");
        planOf(given, layer) = {0, {}, {{*rows, 3}}, {CoreId(layer)}};
    }
    const auto result = schedule(given);
    EXPECT_EQ(bitsOf(result, transfersOf(result, given.workload.layers[LayerId(0)].result)), 3 * 6 * 4 * 8);
    EXPECT_EQ(bitsOf(result, transfersOf(result, given.workload.layers[LayerId(1)].result)), 5 * 6 * 4 * 8);
    EXPECT_LT(spansOf(result, 2)[0].start, spansOf(result, 1)[2].start) << "tile by tile";
}

/// Pull request 96: results go out from the first tile on, and never two at once over one link.
TEST(Faults, ResultsLeaveTileByTile) {
    FusedCase given = caseOf(convs(1), star(1, 8));
    planOf(given, 0).intra = {{kOY, 3}};
    const auto result = schedule(given);
    auto outputs = transfersOf(result, TransferCause::output);
    ASSERT_EQ(outputs.size(), 3u);
    EXPECT_EQ(outputs[0].span.start, spansOf(result, 0)[0].end);
    for (std::size_t i = 1; i < 3; ++i) EXPECT_GE(outputs[i].span.start, outputs[i - 1].span.end);
    EXPECT_EQ(bitsOf(result, outputs), 8 * 6 * 10 * 8);
}

}  // namespace
}  // namespace millrace::fusion
