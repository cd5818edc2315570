#include "fusion/micro.h"

#include <gmock/gmock.h>

/// The micro-behaviours of stream.md 12 that a schedule of tiles has, nos. 8 to 17, 20 and 23. "Stream": what its own
/// engine does where this one differs.
namespace millrace::fusion {
namespace {

using hardware::CoreId;
using schedule::TransferCause;
using test::addConv;
using test::addElementwise;
using test::addInput;
using test::bitsOf;
using test::FusedCase;
using test::schedule;
using test::spansOf;
using test::transfersOf;
using test::WiredChip;
using workload::LayerId;
using workload::TensorId;

constexpr std::int64_t kPlenty = 1 << 24;
constexpr workload::DimIndex kK = 0, kOY = 2;

/// A case of one stack; all on core 0 in one tile at first.
FusedCase caseOf(workload::Workload workload, hardware::Chip chip) {
    FusedCase result{std::move(workload), std::move(chip), {}, {}};
    result.plan = test::plainPlan(result.workload);
    return result;
}
LayerPlan& planOf(FusedCase& given, std::size_t layer) { return given.plan.layers[LayerId(layer)]; }

workload::Workload oneConv(test::ConvShape shape = {}) {
    workload::Workload workload;
    const TensorId out = addConv(workload, "conv", addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    workload.tensors[out].isOutput = true;
    return workload;
}

/// Element-wise layers, each on an input of its own of 64 bits; all are outputs.
workload::Workload lone(std::size_t layers, std::int64_t elements = 8) {
    workload::Workload workload;
    for (std::size_t i = 0; i < layers; ++i) {
        const TensorId input = addInput(workload, {elements, 1, 1});
        workload.tensors[addElementwise(workload, "layer" + std::to_string(i), {input})].isOutput = true;
    }
    return workload;
}

TEST(Micro, No08TilesShareWeightsOnceForEachCore) {
    FusedCase given = caseOf(oneConv(), WiredChip(2, kPlenty).wire(0, 2, 32).wire(1, 2, 32).wire(0, 1, 8).chip);
    planOf(given, 0).intra = {{kOY, 2}};
    EXPECT_EQ(transfersOf(schedule(given), TransferCause::weight).size(), 1u);
    given.policy.multicast = false;
    planOf(given, 0) = {0, {{kOY, 2}}, {{kOY, 3}}, {CoreId(0), CoreId(1)}};
    const auto result = schedule(given);
    const auto weights = transfersOf(result, TransferCause::weight);
    ASSERT_EQ(weights.size(), 2u);
    EXPECT_NE(weights[0].to, weights[1].to);
    EXPECT_EQ(bitsOf(result, weights), 2 * 8 * 4 * 3 * 8);
}

/// Stream: 8 busy cycles at the link's energy each, whatever it carries in them.
TEST(Micro, No09LinksTakeTimeByWordAndEnergyByBit) {
    const auto result = schedule(caseOf(lone(1), WiredChip(1, kPlenty).wire(0, 1, 8, 3).chip));
    for (const auto& transfer : result.schedule.transfers) EXPECT_EQ(transfer.span.length(), Cycles(8));
    EXPECT_DOUBLE_EQ(result.schedule.energy.links.value(), 2 * 64 * 3.0);
    const auto ragged = schedule(caseOf(lone(1), WiredChip(1, kPlenty).wire(0, 1, 7, 3).chip));
    EXPECT_EQ(ragged.schedule.transfers[schedule::TransferId(0)].span.length(), Cycles(10));
    EXPECT_DOUBLE_EQ(ragged.schedule.energy.links.value(), 2 * 64 * 3.0);
}

TEST(Micro, No10OnePortIsSharedTwoLinksAreNot) {
    for (const bool bus : {true, false}) {
        WiredChip chip(2, kPlenty);
        FusedCase given = caseOf(lone(2), bus ? chip.bus(8).chip : chip.wire(0, 2, 8).wire(1, 2, 8).chip);
        planOf(given, 1).cores = {CoreId(1)};
        const auto inputs = transfersOf(schedule(given), TransferCause::input);
        ASSERT_EQ(inputs.size(), 2u);
        EXPECT_EQ(inputs[0].span.start, Cycles(0));
        EXPECT_EQ(inputs[1].span.start >= inputs[0].span.end, bus);
        EXPECT_EQ(inputs[1].span.start == Cycles(0), !bus);
    }
}

/// What is booked later may go earlier.
TEST(Micro, No11ATransferFillsAGap) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.oy = 20;
    const TensorId input = addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const TensorId early = addElementwise(workload, "early", {addInput(workload, {4, 1, 1})});
    const TensorId late = addConv(workload, "late", input, shape);
    addElementwise(workload, "reads late", {late});
    addElementwise(workload, "reads early", {early});
    FusedCase given = caseOf(workload, WiredChip(2, kPlenty).wire(0, 1, 8).wire(0, 2, 64).wire(1, 2, 64).chip);
    planOf(given, 2).cores = planOf(given, 3).cores = {CoreId(1)};
    given.policy.order = Order::breadthFirst;
    const auto result = schedule(given);
    const auto lateGoes = transfersOf(result, late);
    const auto earlyGoes = transfersOf(result, early);
    ASSERT_EQ(lateGoes.size(), 1u);
    ASSERT_EQ(earlyGoes.size(), 1u);
    EXPECT_EQ(lateGoes[0].span.start, spansOf(result, 1)[0].end);
    EXPECT_EQ(earlyGoes[0].span.start, spansOf(result, 0)[0].end) << "in the gap before";
    EXPECT_LT(earlyGoes[0].span.end, lateGoes[0].span.start);
    // A gap that is too short is none: it starts behind.
    given.chip.links[hardware::LinkId(0)].bandwidth = 1;
    const auto narrow = schedule(given);
    EXPECT_GE(transfersOf(narrow, early)[0].span.start, spansOf(narrow, 0)[0].end);
}

/// Stream (2025): the window of an equal transfer is never offered; merged only if both happen to start alike.
TEST(Micro, No12OneBookingForTwoCores) {
    FusedCase given = caseOf(oneConv(), WiredChip(2, kPlenty).bus(16).chip);
    planOf(given, 0) = {0, {{kOY, 2}}, {}, {CoreId(0), CoreId(1)}};
    const auto both = transfersOf(schedule(given), TransferCause::weight);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_FALSE(both[0].with.valid());
    EXPECT_TRUE(both[1].with.valid());
    EXPECT_EQ(both[0].span, both[1].span);
    given.policy.multicast = false;
    const auto alone = transfersOf(schedule(given), TransferCause::weight);
    ASSERT_EQ(alone.size(), 2u);
    EXPECT_FALSE(alone[1].with.valid());
    EXPECT_GE(alone[1].span.start, alone[0].span.end);
}

/// A result is needed last (`far`), one next (`near`); room for one of them beside the tile under work. Stream: what
/// has the least priority times size goes. Here: what is needed last (Belady). No copy is elsewhere: it is written off.
TEST(Micro, No13WhatIsNeededLastLeavesAndIsWrittenBack) {
    workload::Workload workload;
    const std::vector<std::int64_t> shape{8, 4, 4};
    const TensorId far = addElementwise(workload, "far", {addInput(workload, shape)});
    const TensorId near = addElementwise(workload, "near", {addInput(workload, shape)});
    const TensorId middle = addElementwise(workload, "middle", {addInput(workload, shape)});
    const TensorId sum = addElementwise(workload, "sum", {near, middle});
    workload.tensors[addElementwise(workload, "out", {far, sum})].isOutput = true;
    const std::int64_t size = 8 * 4 * 4 * 8;
    FusedCase given = caseOf(workload, WiredChip(1, 3 * size + size / 2).wire(0, 1, 64).chip);
    given.policy.order = Order::breadthFirst;
    const auto result = schedule(given);
    const auto spills = transfersOf(result, TransferCause::spill);
    ASSERT_EQ(spills.size(), 1u);
    EXPECT_EQ(spills[0].tensor.index(), far.index());
    EXPECT_EQ(transfersOf(result, TransferCause::reload).size(), 1u);
    given.chip = WiredChip(1, 4 * size).wire(0, 1, 64).chip;
    EXPECT_TRUE(transfersOf(schedule(given), TransferCause::spill).empty());
}

/// Weights go without a word: their copy off-chip stays.
TEST(Micro, No13WeightsAreNotWrittenBack) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.k = shape.c = 16;
    shape.ox = shape.oy = 4;
    shape.fy = 1;
    shape.padY = 0;
    const TensorId first = addConv(workload, "first", addInput(workload, {16, 4, 4}), shape);
    workload.tensors[addConv(workload, "second", first, shape)].isOutput = true;
    const std::int64_t weights = 16 * 16 * 8;
    FusedCase given = caseOf(workload, WiredChip(1, 2 * weights).wire(0, 1, 64).chip);
    for (const std::size_t layer : {0, 1}) planOf(given, layer).intra = {{kOY, 4}};
    const auto result = schedule(given);
    EXPECT_EQ(transfersOf(result, TransferCause::weight).size(), 8u) << "in turn";
    EXPECT_TRUE(transfersOf(result, TransferCause::spill).empty());
    given.chip = WiredChip(1, 4 * weights).wire(0, 1, 64).chip;
    EXPECT_EQ(transfersOf(schedule(given), TransferCause::weight).size(), 2u);
}

TEST(Micro, No14ATileThatDoesNotFitIsRefusedWithNumbers) {
    const FusedCase given = caseOf(lone(1, 100), WiredChip(1, 1500).wire(0, 1, 64).chip);
    EXPECT_THAT(test::refusal(given), testing::HasSubstr("needs at least 1600 bits and has 1500"));
    schedule(caseOf(lone(1, 100), WiredChip(1, 1600).wire(0, 1, 64).chip));
}

/// Results that are off-chip stay there, whoever needs room: a host operator's result beside them is refused.
TEST(Micro, No14TheOffchipMemoryHoldsResultsToTheEnd) {
    workload::Workload workload = lone(2, 100);
    workload::Tensor& read = workload.tensors[workload.layers[LayerId(1)].result];
    read.isOutput = false;
    const TensorId before = workload.layers[LayerId(1)].result;
    workload::Tensor host = read;
    host.origin = workload::TensorOrigin::host;
    host.producer = {};
    const TensorId after = workload.tensors.add(host);
    workload.hostOperators.push_back({"host", "Unknown", "nobody knows it", {before}, {after}});
    workload.tensors[addElementwise(workload, "last", {after})].isOutput = true;
    FusedCase given = caseOf(workload, WiredChip(1, kPlenty).wire(0, 1, 64).chip);
    given.chip.cores[CoreId(1)].memories[0].size = Bits(4 * 800);
    schedule(given);
    given.chip.cores[CoreId(1)].memories[0].size = Bits(3 * 800 - 1);
    EXPECT_THAT(test::refusal(given), testing::HasSubstr("800 bits finds no way to core 1 (offchip) dram or no room"));
    given.policy.order = Order::breadthFirst;
    EXPECT_THAT(test::refusal(given), testing::HasSubstr("which has 2399"));
}

/// Stream: everything is evicted and the off-chip link is blocked. Here: no such tile; cut along K its weights come in
/// turn, each once.
TEST(Micro, No15WeightsThatAreTooLargeComeInParts) {
    test::ConvShape shape;
    shape.k = shape.c = 32;
    shape.oy = shape.ox = 3;
    const std::int64_t weights = 32 * 32 * 3 * 8;
    FusedCase given = caseOf(oneConv(shape), WiredChip(1, weights).wire(0, 1, 64).chip);
    EXPECT_THAT(test::refusal(given), testing::HasSubstr("needs at least 29184 bits and has 24576"));
    planOf(given, 0).intra = {{kK, 4}};
    const auto result = schedule(given);
    const auto parts = transfersOf(result, TransferCause::weight);
    ASSERT_EQ(parts.size(), 4u);
    EXPECT_EQ(bitsOf(result, parts), weights);
    EXPECT_LT(parts[1].span.start, spansOf(result, 0)[0].end) << "while the part before is at work";
}

TEST(Micro, No16TheLatencyHoldsTheLastWriteBack) {
    const auto result = schedule(caseOf(oneConv(), WiredChip(1, kPlenty).wire(0, 1, 8).chip));
    const auto outputs = transfersOf(result, TransferCause::output);
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs[0].span.start, spansOf(result, 0)[0].end);
    EXPECT_EQ(result.schedule.latency, outputs[0].span.end);
}

TEST(Micro, No17NothingMovesInASharedMemory) {
    workload::Workload workload = oneConv();
    const TensorId middle = workload.layers[LayerId(0)].result;
    workload.tensors[middle].isOutput = false;
    workload.tensors[addElementwise(workload, "relu", {middle})].isOutput = true;
    FusedCase given = caseOf(workload, WiredChip(2, kPlenty).bus(8).chip);
    planOf(given, 1).cores = {CoreId(1)};
    EXPECT_EQ(transfersOf(schedule(given), middle).size(), 1u);
    given.chip.sharedMemories = {{CoreId(0), CoreId(1)}};
    const auto shared = schedule(given);
    EXPECT_TRUE(transfersOf(shared, middle).empty());
    EXPECT_EQ(spansOf(shared, 1)[0].start, spansOf(shared, 0)[0].end);
}

/// h(t) = h(t - 1) + x(t): however many cores, a step starts after the step before.
TEST(Micro, No20AScanIsNoFasterThanItsChain) {
    workload::Workload workload;
    TensorId state = addInput(workload, {8, 2, 2});
    for (int t = 0; t < 6; ++t) {
        state = addElementwise(workload, "h" + std::to_string(t), {state, addInput(workload, {8, 2, 2})});
    }
    workload.tensors[state].isOutput = true;
    FusedCase given = caseOf(workload, WiredChip(2, kPlenty).wire(0, 1, 4096).wire(0, 2, 4096).wire(1, 2, 4096).chip);
    for (std::size_t t = 0; t < 6; ++t) planOf(given, t).cores = {CoreId(t % 2)};
    const auto result = schedule(given);
    for (std::size_t t = 1; t < 6; ++t) {
        EXPECT_EQ(spansOf(result, t)[0].start, spansOf(result, t - 1)[0].end + Cycles(1))
            << "one cycle to the other core";
    }
}

/// Wires of a 2 x 2 mesh: 8 links, each with its own time.
TEST(Micro, No23LinksOfAMeshAreDirected) {
    WiredChip chip(4, kPlenty);
    chip.wire(0, 1, 8).wire(0, 2, 8).wire(1, 3, 8).wire(2, 3, 8);
    EXPECT_EQ(chip.chip.links.size(), 8u);
    for (std::size_t core = 0; core < 4; ++core) chip.wire(core, 4, 4096);
    workload::Workload workload = lone(2);
    for (std::size_t i = 0; i < 2; ++i) addElementwise(workload, "other", {workload.layers[LayerId(i)].result});
    FusedCase given = caseOf(workload, chip.chip);
    planOf(given, 1).cores = planOf(given, 2).cores = {CoreId(3)};
    const auto there = transfersOf(schedule(given), workload.layers[LayerId(0)].result);
    const auto back = transfersOf(schedule(given), workload.layers[LayerId(1)].result);
    ASSERT_EQ(there.size(), 2u);
    ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(there[1].route.size(), 2u);
    EXPECT_EQ(there[1].span, back[1].span) << "both ways at once";
}

}  // namespace
}  // namespace millrace::fusion
