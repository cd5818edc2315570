#include <gtest/gtest.h>

#include "chips.h"
#include "explore/bounds/bounds.h"
#include "explore/bounds/work.h"
#include "explore/platform/costs.h"
#include "layers.h"

/// Each term by hand.
namespace millrace::bounds {
namespace {

using hardware::CoreId;
using workload::LayerId;
using workload::TensorId;

/// A convolution on matrix cores, then an activation on the vector core.
workload::Workload convAndRelu(test::ConvShape shape) {
    workload::Workload workload;
    const TensorId input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const TensorId middle = test::addConv(workload, "conv", input, shape);
    workload.tensors[test::addElementwise(workload, "relu", {middle})].isOutput = true;
    return workload;
}

double termOf(const std::vector<explore::BoundTerm>& terms, const std::string& name) {
    for (const explore::BoundTerm& term : terms) {
        if (term.name == name) return term.value;
    }
    return -1;
}

CoreFloor floorOf(const workload::Layer& layer, const hardware::Core& core) {
    Diagnostics diagnostics;
    auto nest = cost::nestOf(layer, diagnostics);
    EXPECT_TRUE(nest) << diagnostics.text();
    nest->corrections = platform::tileCorrections();
    return coreFloor(*nest, core, core.dataflows);
}

explore::TileKind costOf(const workload::Workload& workload, LayerId layer, const hardware::Core& core) {
    hardware::Chip chip;
    chip.cores.add(core);
    platform::TileCosts costs(workload, chip, nullptr, explore::Objective::energy, 8);
    const explore::TileKind* kind = costs.cost(layer, tiling::wholeLayer(workload.layers[layer]), CoreId(0));
    EXPECT_NE(kind, nullptr) << costs.reason();
    return kind == nullptr ? explore::TileKind{} : *kind;
}

TEST(Terms, PassesOverTheArrayAreWhole) {
    test::ConvShape shape;
    shape.k = 5;
    shape.c = 9;
    const workload::Workload workload = convAndRelu(shape);
    const hardware::Core core = test::matrixCore("m", 4, 4, 1 << 16);
    const auto spacing = passSpacing(workload.layers[LayerId(0)], core, nullptr);
    ASSERT_TRUE(spacing);
    EXPECT_EQ(*spacing, (std::vector<std::int64_t>{4, 4, 1, 1, 1, 1}));
    EXPECT_EQ(fewestPasses(workload.layers[LayerId(0)], *spacing), 2 * 3 * 6 * 10 * 3);
    EXPECT_EQ(costOf(workload, LayerId(0), core).spatialCycles, 2 * 3 * 6 * 10 * 3);
    // Without a word about the second dimension of the array it may unroll any loop.
    hardware::Core open = core;
    open.dataflows.pop_back();
    EXPECT_EQ(passSpacing(workload.layers[LayerId(0)], open, nullptr), (std::vector<std::int64_t>{16, 4, 4, 4, 4, 4}));
    open.dataflows.clear();
    EXPECT_FALSE(passSpacing(workload.layers[LayerId(0)], open, nullptr));
}

/// A factor is cut to what its dimension of the array has, and the rest of the loop is free for the next one.
TEST(Terms, PeakRatesOfLoopsOnTwoDimensions) {
    test::ConvShape shape;
    const workload::Workload workload = convAndRelu(shape);
    hardware::Core core = test::matrixCore("m", 1, 4, 1 << 16);
    core.dataflows = {{0, {{"FY", 2}}}, {1, {{"FY", 6}}}};
    EXPECT_EQ(peakRate(workload.layers[LayerId(0)], core, nullptr), 3);
    core.array.dimensions[0].size = 2;
    EXPECT_EQ(peakRate(workload.layers[LayerId(0)], core, nullptr), 3) << "FY has three steps";
    core.dataflows = {{0, {{"K", 2}}}, {1, {{"K", 3}, {"OX", 2}}}};
    EXPECT_EQ(peakRate(workload.layers[LayerId(0)], core, nullptr), 2 * 4) << "the second dimension has four units";
}

/// Eight lanes read and write 8 x 8 bits a cycle in one access of 128 bits: 20 / 8 and 25 / 8 pJ for each element.
TEST(Terms, AVectorCoreIsChargedWhatItsLanesMove) {
    test::ConvShape shape;
    const workload::Workload workload = convAndRelu(shape);
    const hardware::Core core = test::vectorCore("v", 8, 1 << 16);
    const CoreFloor floor = floorOf(workload.layers[LayerId(1)], core);
    EXPECT_DOUBLE_EQ(floor.array, 0.1);
    EXPECT_DOUBLE_EQ(floor.innermost, 20 / 8.0 + 25 / 8.0);
    EXPECT_EQ(floor.perElement[0], 0);
    const double operations = 8 * 6 * 10;
    EXPECT_NEAR(costOf(workload, LayerId(1), core).energy.value(), operations * (0.1 + 20 / 8.0 + 25 / 8.0), 1e-6);
    // In words of 16 bits, an access of 64 bits is half of a full one.
    hardware::Core fine = core;
    for (hardware::Port& port : fine.memories[0].ports) port.bandwidthMin = 16;
    EXPECT_DOUBLE_EQ(floorOf(workload.layers[LayerId(1)], fine).innermost, (20 + 25) / 2.0 / 8);
}

/// K 4, C 4 on 4 x 4: weights and sums in registers, everything in an SRAM of 256 bits (50 and 62.5 pJ).
TEST(Terms, AMatrixCoreReusesOneOperandAtMost) {
    test::ConvShape shape;
    shape.k = shape.c = 4;
    shape.fy = shape.fx = 1;
    shape.padY = shape.padX = 0;
    const workload::Workload workload = convAndRelu(shape);
    const hardware::Core core = test::matrixCore("m", 4, 4, 1 << 16);
    const CoreFloor floor = floorOf(workload.layers[LayerId(0)], core);
    // Loops are OY and OX: the weight stays in the array (0.1 pJ for each of 60 operations). Four inputs of one access
    // serve four columns each. The sum over four rows is written once (0.025), and, as the register has room for one,
    // goes up: out of it (0.02) and into the SRAM (8 bits of 256).
    const double input = 50 / 4.0 / 4;
    const double sums = (0.025 * 8 / 8 + 0.02 * 8 / 16 + 62.5 * 8 / 256) / 4;
    EXPECT_NEAR(floor.innermost, 0.1 / 60 + input + sums, 1e-9);
    // Weights come out of the SRAM and into the register once.
    EXPECT_NEAR(floor.perElement[1], 50 * 8 / 256.0 + 0.125, 1e-9);
    const double least = floor.innermost * 4 * 4 * 60 + floor.perElement[1] * 16 + 0.04 * 4 * 4 * 60;
    const double cost = costOf(workload, LayerId(0), core).energy.value();
    EXPECT_LE(least, cost * (1 + 1e-12));
    EXPECT_GT(least, 0.5 * cost);
}

/// The result of the convolution must leave the matrix core for the vector core: 16 bits a cycle, 0.5 pJ a bit.
TEST(Terms, DataBetweenKindsOfCoresMustMove) {
    test::ConvShape shape;
    const workload::Workload workload = convAndRelu(shape);
    const hardware::Chip chip = test::smallChip(1, 1 << 16);
    const explore::Bounds bounds = boundsOf(workload, chip, nullptr);
    const double bits = 8 * 8 * 6 * 10;
    EXPECT_NEAR(termOf(bounds.energyTerms, "transfers between cores"), bits * (50 / 256.0 + 0.5 + 25 / 128.0), 1e-4);
    const double in = 8 * 4 * 6 * 10 + 8 * 8 * 4 * 3;
    const double fromOffchip = 1000 / 32.0 + 2 + 62.5 / 256;
    const double toOffchip = 20 / 128.0 + 2 + 1250 / 32.0;
    EXPECT_NEAR(termOf(bounds.energyTerms, "transfers from and to off-chip"), in * fromOffchip + bits * toOffchip,
                1e-3);
    // Into the vector core: the wire of 16 bits or the bus of 32; out of it as well. Together over 16 + 16 + 32.
    EXPECT_EQ(termOf(bounds.latencyTerms, "links of core 1 (vector)"), std::max(bits / 48, 2 * bits / 64));
    EXPECT_EQ(termOf(bounds.latencyTerms, "links of the off-chip memory"), (in + bits) / 32);
}

TEST(Terms, AFixedLayerMovesMore) {
    test::ConvShape shape;
    workload::Workload workload;
    const TensorId input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const TensorId middle = test::addConv(workload, "a", input, shape);
    test::ConvShape second = shape;
    second.c = shape.k;
    workload.tensors[test::addConv(workload, "b", middle, second)].isOutput = true;
    const hardware::Chip chip = test::smallChip(2, 1 << 16);
    const LayerBounds bounds(workload, chip, nullptr);
    Allocation same(2, {CoreId(0)});
    Allocation apart = same;
    apart[LayerId(1)] = {CoreId(1)};
    const double bits = 8 * 8 * 6 * 10;
    EXPECT_NEAR(bounds.energy(apart).value() - bounds.energy(same).value(), bits * (50 / 256.0 + 0.5 + 62.5 / 256),
                1e-3);
    EXPECT_NEAR(bounds.energy({}).value(), bounds.energy(same).value(), 1e-3);
    const double a = bounds.cycles(LayerId(0), CoreId(0));
    const double b = bounds.cycles(LayerId(1), CoreId(1));
    EXPECT_EQ(a, 2 * 6 * 10 * 3);
    EXPECT_EQ(bounds.latency(same).value(), static_cast<std::int64_t>(a + b));
    EXPECT_DOUBLE_EQ(bounds.cyclesPerOperation(LayerId(0), CoreId(0)), a / (8 * 4 * 6 * 10 * 3));
    EXPECT_DOUBLE_EQ(bounds.energyPerOperation(LayerId(0), CoreId(0)) * (8 * 4 * 6 * 10 * 3),
                     bounds.energy(LayerId(0), CoreId(0)));
}

TEST(Terms, ChainsOfLayersAndBarriers) {
    test::ConvShape shape;
    workload::Workload workload = convAndRelu(shape);
    std::vector<Dependency> found = dependencies(workload);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].wait, Wait::operation);
    EXPECT_EQ(longestChain(found, {1, 1}, {false}), 2);
    EXPECT_EQ(longestChain(found, {1, 1}, {true}), 3) << "a transfer takes a cycle";
    EXPECT_EQ(longestChain(found, {50, 7}, {false}), 50);
    EXPECT_EQ(longestChain(found, {5, 70}, {false}), 71) << "one tile before the first of the next";
    workload.layers[LayerId(1)].inputs[0].source = workload::Barrier{{workload.layers[LayerId(0)].result}};
    found = dependencies(workload);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].wait, Wait::all);
    EXPECT_EQ(longestChain(found, {50, 70}, {false}), 120);
}

/// A window that lies in padding as a whole reads nothing, and waits for nothing.
TEST(Terms, WindowsInPaddingDoNotWait) {
    test::ConvShape shape;
    workload::Workload workload;
    const TensorId input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const TensorId middle = test::addConv(workload, "a", input, shape);
    test::ConvShape padded = shape;
    padded.c = shape.k;
    workload.tensors[test::addConv(workload, "b", middle, padded)].isOutput = true;
    std::vector<Dependency> found = dependencies(workload);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].wait, Wait::result) << "rows -1 and 6 are padding, but each sum reads a row that is none";
    workload.layers[LayerId(1)].inputs[1].axes[1].index.offset = -3;
    EXPECT_TRUE(dependencies(workload).empty()) << "row 0 would read rows -3 to -1 only";
}

TEST(Terms, GapsAreRelative) {
    EXPECT_DOUBLE_EQ(*explore::gap(150, 100), 0.5);
    EXPECT_FALSE(explore::gap(150, 0));
}

}  // namespace
}  // namespace millrace::bounds
