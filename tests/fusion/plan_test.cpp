#include "explore//fusion/plan.h"

#include <gmock/gmock.h>

#include "explore/tiling/splits.h"
#include "fusion/planning.h"

namespace millrace::fusion {
namespace {

using testing::HasSubstr;
using workload::LayerId;
using Planning = test::Planning;

TEST_F(Planning, StacksByHand) {
    stacks("layers");
    EXPECT_EQ(stackList(), "0 1 2 3 4");
    stacks("0-2;3,conv3");
    EXPECT_EQ(stackList(), "012 34");
    stacks("conv1..conv2");
    EXPECT_EQ(stackList(), "0 123 4") << "others are by themselves";
    Diagnostics wrong;
    EXPECT_TRUE(parseCuts("add", options, wrong));
    EXPECT_EQ(stackList(), "012 34");
}

TEST_F(Planning, StacksThatNeedEachOther) {
    stacks("0,2;1,3");
    EXPECT_THAT(problems(), HasSubstr("the stacks cannot run one after another: layer 1 ('conv1') reads from layer 0 "
                                      "('conv0') of another stack, and that stack needs results of its own"));
    stacks("0,2");
    EXPECT_THAT(problems(), HasSubstr("cannot run one after another"));
}

/// stream.md 12, no. 1: outer loops [(OY,4),(OX,2)] on OY 8, OX 8.
TEST_F(Planning, TheFirstLoopIsTheFastest) {
    test::ConvShape shape;
    shape.oy = shape.ox = 8;
    workload = {};
    test::addConv(workload, "conv", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    tile("conv:OY=4,OX=2,K@1");
    const Plan plan = good();
    const workload::Layer& layer = workload.layers[LayerId(0)];
    const auto tiles = test::tilesOf(layer, plan.layers[LayerId(0)]);
    ASSERT_EQ(tiles.size(), 8u);
    EXPECT_EQ(plan.layers[LayerId(0)].tiles(), 8);
    EXPECT_EQ(tiles[1][*layer.dim("OY")], (Interval{2, 4}));
    EXPECT_EQ(tiles[1][*layer.dim("OX")], (Interval{0, 4}));
}

/// stream.md 12, nos. 2 and 3: "all" of 7 rows are 7 parts; 8 filters in 3 parts are 3, 3, 2, not padded to 9.
TEST_F(Planning, AllAndRaggedParts) {
    workload = test::fiveLayers(7);
    tile("Conv:OY=all,K@1");
    tile("conv1:OX=1,K=3");
    stacks("layers");
    const Plan plan = good();
    EXPECT_EQ(plan.layers[LayerId(0)].tiles(), 7);
    const auto tiles = test::tilesOf(workload.layers[LayerId(1)], plan.layers[LayerId(1)]);
    std::vector<std::int64_t> sizes;
    for (const tiling::Tile& tile : tiles) sizes.push_back(tile[*workload.layers[LayerId(1)].dim("K")].size());
    EXPECT_EQ(sizes, (std::vector<std::int64_t>{3, 3, 2}));
}

TEST_F(Planning, TilingsOfTheMappingFile) {
    stacks("0-4");
    EXPECT_EQ(text("- name: default\n  core_allocation: [0, 1, 2]\n  intra_core_tiling: ['D, all']\n  "
                   "inter_core_tiling: ['H, *']\n"
                   "- name: Conv\n  core_allocation: [0, 1]\n  intra_core_tiling: ['OY, all', 'C, 3']\n  "
                   "inter_core_tiling: ['OY, 2', 'K, *']\n"
                   "- name: conv3\n  core_allocation: [2, 1, 2]\n  core_allocation_is_fixed: true\n"),
              "stack 0\n"
              "  0 conv0: OY@2 OY=4 C=3 on 0 1\n"
              "  1 conv1: OY@2 OY=4 C=3 on 0 1\n"
              "  2 add: K@3 OY=8 on 0 1 2\n"
              "  3 conv2: OY@2 OY=4 C=3 on 0 1\n"
              "  4 conv3: K@3 OY=8 on 2 1 2\n")
        << "conv3 is cut automatically: its entry has no cut in time";
}

TEST_F(Planning, ALayerByItselfIsNotCutInTimeByTheFile) {
    const std::string file = "- name: default\n  core_allocation: [0]\n  intra_core_tiling: ['OY, all']\n";
    stacks("0-2");
    const Plan plan = good(file);
    EXPECT_EQ(plan.layers[LayerId(1)].steps(), 8);
    EXPECT_EQ(plan.layers[LayerId(3)].steps(), 1);
    tile("conv2:OY=2");
    EXPECT_EQ(good(file).layers[LayerId(3)].steps(), 2) << "but by the user";
}

TEST_F(Planning, PartsOnFewerCoresGoToTheLeastBusy) {
    stacks("layers");
    const Plan plan =
        good("- name: default\n- name: Conv\n  core_allocation: [0, 1, 2]\n  inter_core_tiling: ['K, 1']\n");
    std::vector<std::size_t> cores;
    for (const std::size_t layer : {0u, 1u, 3u, 4u}) cores.push_back(plan.layers[LayerId(layer)].cores.front().index());
    EXPECT_EQ(cores, (std::vector<std::size_t>{0, 1, 2, 0}));
}

/// stream.md 12, no. 21: weights of 1.3 MB in memories of 512 KB; K 64. Stream rounds 3 up to the divisor 4.
TEST_F(Planning, WeightsTooLargeAreCutAlongTheirFilters) {
    workload = {};
    test::ConvShape shape{64, 21299, 1, 1, 1, 1};
    shape.padY = 0;
    test::addConv(workload, "conv", test::addInput(workload, {shape.c, 1, 1}), shape);
    chip = test::smallChip(1, 512 * 1024 * 8);
    options.doubleBuffer = false;
    const workload::Layer& layer = workload.layers[LayerId(0)];
    std::vector<std::int64_t> filters;
    for (const tiling::Tile& tile : test::tilesOf(layer, good().layers[LayerId(0)])) {
        filters.push_back(tile[*layer.dim("K")].size());
        EXPECT_EQ(tile[*layer.dim("C")].size(), shape.c);
    }
    EXPECT_EQ(filters, (std::vector<std::int64_t>{22, 21, 21}));
    options.doubleBuffer = true;
    EXPECT_EQ(good().layers[LayerId(0)].steps(), 6) << "weights of the next tile come in beside those of this one";
}

/// A matrix product of 256 rows, 4096 channels and 4096 filters in 256 KB: with all channels at once a tile would have
/// a handful of rows and filters.
TEST_F(Planning, LayersOfManyTilesAreCutAlongSumsToo) {
    workload = {};
    test::ConvShape shape{4096, 4096, 256, 1, 1, 1};
    shape.padY = 0;
    test::addConv(workload, "product", test::addInput(workload, {shape.c, 256, 1}), shape);
    chip = test::smallChip(1, 256 * 1024 * 8);
    const workload::Layer& layer = workload.layers[LayerId(0)];
    const LayerPlan plan = good().layers[LayerId(0)];
    const std::int64_t sums = tiling::partsOf(plan.intra, *layer.dim("C"));
    EXPECT_GT(sums, 1);
    ASSERT_FALSE(plan.intra.empty());
    EXPECT_EQ(plan.intra.front().dim, *layer.dim("C")) << "tiles that add to one result follow each other";
    // Whole sums: inputs and weights, twice, in tiles of r rows and k filters need (r + k) * 4096 * 2 bytes of 256 KB.
    std::int64_t whole = 4096 * 256;
    for (std::int64_t rows = 1; rows < 32; ++rows) {
        const std::int64_t filters = 32 - rows;
        whole = std::min(whole, ((256 + rows - 1) / rows) * ((4096 + filters - 1) / filters));
    }
    EXPECT_LE(plan.steps(), whole / 2);
    EXPECT_GE(plan.steps(), 4096 * 4096 / (128 * 1024)) << "no more than half of the memory for weights";
}

/// stream.md 12, no. 22: weights of 0.4, 0.5, 0.3 and 0.3 of the memory. Stream fuses the first two only.
TEST_F(Planning, StacksByTheRoomForTheirWeights) {
    workload = {};
    workload::TensorId last = test::addInput(workload, {100, 1, 12});
    for (const auto& [name, taps] : {std::pair("a", 4), std::pair("b", 5), std::pair("c", 3), std::pair("d", 3)}) {
        const std::int64_t columns = workload.tensors[last].shape[2] - taps + 1;
        test::ConvShape shape{100, 100, 1, columns, 1, taps};
        shape.padY = 0;
        last = test::addConv(workload, name, last, shape);
    }
    chip = test::smallChip(1, 100 * 100 * 10 * 8);
    options.fill = 1;
    EXPECT_EQ(stackList(), "01 23");
    options.fill = 0.5;
    EXPECT_EQ(stackList(), "0 1 2 3");
    options.fill = 0.6;
    EXPECT_EQ(stackList(), "0 1 23");
}

/// A full stack goes back to where one result crosses, not through the middle of a residual block.
TEST_F(Planning, StacksEndBetweenBlocks) {
    workload = {};
    test::ConvShape shape{16, 16, 4, 4, 3, 3};
    shape.padX = 1;
    workload::TensorId last = test::addInput(workload, {16, 4, 4});
    for (int block = 0; block < 3; ++block) {
        const std::string name = "block" + std::to_string(block);
        const auto in = test::addConv(workload, name + "a", last, shape);
        const auto out = test::addConv(workload, name + "b", in, shape);
        last = test::addElementwise(workload, name + "add", {last, out});
    }
    const std::int64_t weights = 16 * 16 * 9 * 8;
    chip = test::smallChip(1, 4 * weights);
    options.fill = 0.8;
    EXPECT_EQ(stackList(), "012 345 678") << "three layers' weights fit, two belong together";
}

TEST_F(Planning, WhatNeedsWholeTensorsStartsANewStack) {
    EXPECT_EQ(stackList(), "01234");
    workload::Operand& operand = workload.layers[LayerId(3)].inputs[1];
    const auto sum = std::get<std::vector<workload::Piece>>(operand.source).front().tensor;
    operand.source = workload::Barrier{{sum}};
    EXPECT_EQ(stackList(), "012 34");
    const auto hosted = workload.tensors.add(
        {"hosted", workload.tensors[sum].shape, 8, workload::TensorOrigin::host, LayerId(), false});
    workload.hostOperators.push_back({"host", "NonZero", "", {workload.layers[LayerId(0)].result}, {hosted}});
    operand.source = test::wholeOf(hosted, workload.tensors[hosted].shape);
    EXPECT_EQ(stackList(), "012 34") << "through a host operator";
}

TEST_F(Planning, WithoutAWordAllCoresShareALayer) {
    workload = {};
    test::ConvShape shape{32, 8, 12, 6};
    const auto a = test::addConv(workload, "wide", test::addInput(workload, {8, shape.iy(), shape.ix()}), shape);
    test::ConvShape narrow{4, 32, 12, 6};
    const auto b = test::addConv(workload, "narrow", a, narrow);
    test::addElementwise(workload, "relu", {b});
    chip = test::smallChip(4, 1 << 22);
    EXPECT_EQ(text(),
              "stack 0\n"
              "  0 wide: K@4 OY=12 on 0 1 2 3\n"
              "  1 narrow: OY@4 OY=3 on 0 1 2 3\n"
              "  2 relu: OY=12 on 4\n")
        << "4 filters fill the array of one core: rows are shared";
    tile("wide:K@2,OY@*");
    EXPECT_EQ(good().layers[LayerId(0)].inter.size(), 2u);
    EXPECT_EQ(good().layers[LayerId(0)].parts(), 4);
}

TEST_F(Planning, MemoryDecidesHowFineStacksAreCut) {
    workload = {};
    test::ConvShape shape{8, 8, 64, 64};
    shape.padX = 0;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {8, 64, 64}), shape);
    test::addConv(workload, "b", a, shape);
    const std::int64_t row = 64 * 8 * 8;
    options.tilesPerLayer = 8;
    std::vector<std::int64_t> steps;
    for (const std::int64_t rows : {2000, 150, 100, 50}) {
        chip = test::smallChip(1, rows * row);
        const Plan plan = good();
        EXPECT_EQ(plan.stacks.size(), 1u) << rows;
        EXPECT_EQ(plan.layers[LayerId(0)].steps(), plan.layers[LayerId(1)].steps());
        steps.push_back(plan.layers[LayerId(0)].steps());
    }
    EXPECT_EQ(steps.front(), 8);
    EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
    EXPECT_GT(steps.back(), 8);
}

TEST_F(Planning, CutsThatDoNotFitAreRefinedWithAWarning) {
    workload = {};
    test::ConvShape shape{8, 8, 64, 64};
    test::addConv(workload, "conv", test::addInput(workload, {8, shape.iy(), 64}), shape);
    chip = test::smallChip(1, 20 * 64 * 8 * 8);
    tile("conv:OY=4,K@1");
    EXPECT_EQ(good().layers[LayerId(0)].steps(), 16);
    EXPECT_THAT(diagnostics.text(), HasSubstr("warning: a tile of layer 'conv' (OY in 4) takes"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("in core 0 (matrix) sram, which has 81920: OY in 16 instead"));
    tile("conv:OY=32");
    EXPECT_EQ(good().layers[LayerId(0)].steps(), 32);
    EXPECT_EQ(diagnostics.text(), "");
}

TEST_F(Planning, SumsAreCutWhenNothingElseHelps) {
    workload = {};
    test::ConvShape shape{1, 4000, 1, 1, 1, 1};
    shape.padY = 0;
    test::addConv(workload, "conv", test::addInput(workload, {4000, 1, 1}), shape);
    chip = test::smallChip(1, 20000);
    EXPECT_EQ(text(), "stack 0\n  0 conv: C=4 on 0\n");
    chip = test::smallChip(1, 24);
    EXPECT_THAT(problems(),
                HasSubstr("infeasible: no tile of layer 'conv' fits core 0: single elements take 32 bits in "
                          "core 0 (matrix) sram, which has 24 for it (it needs a memory of 32 bits, or "
                          "another core)"));
}

TEST_F(Planning, WhatCannotBeAskedFor) {
    const auto wrong = [&](const std::string& words, const std::string& message) {
        options = {};
        tile(words);
        EXPECT_THAT(problems(), HasSubstr(message));
    };
    wrong("conv9:OY=2",
          "--tile conv9:OY=2: error: the workload 'small' has no layer and no type 'conv9' (did you mean "
          "'conv0'?)");
    wrong("Conv:D=2", "'Conv' has no loop D: layer 'conv0' has K 8, C 8, OY 8, OX 10, FY 3, FX 1");
    options = {};
    stacks("0-9");
    EXPECT_THAT(problems(),
                HasSubstr("the workload 'small' has no layer '9' (layers by name, or by number from 0 to 4)"));
    stacks("0,1;1");
    EXPECT_THAT(problems(), HasSubstr("layer 1 ('conv1') is named twice, in stacks 0 and 1"));
    stacks("3-1");
    EXPECT_THAT(problems(), HasSubstr("'3-1' runs backwards: layer 1 stands before layer 3"));
    stacks("layers");
    EXPECT_THAT(problems("- name: default\n  core_allocation: [9]\n"), HasSubstr("allows core 9"));
    EXPECT_THAT(
        problems("layers:\n- name: Conv\n  inter_core_tiling: [[{dim: D9, split: 2}]]\n"),
        HasSubstr("m.yaml:2:3: error: entry 'Conv' cuts D9, which layer 'conv0' (Conv) does not have (its loops "
                  "are D0 (none), D1 OX, D2 OY, D3 FX, D4 FY, D5 C, D6 K)"));
    workload.layers[LayerId(1)].dims[*workload.layers[LayerId(1)].dim("OY")].kind = workload::DimKind::sequential;
    tile("conv1:OY@2");
    EXPECT_THAT(problems(), HasSubstr("each step of OY needs the one before"));
    for (hardware::Core& core : chip.cores) core.operatorTypes = {"Add"};
    EXPECT_THAT(problems(), HasSubstr("infeasible: no core of the chip 'small' runs layer 'conv0' of type Conv"));
}

TEST_F(Planning, TilesWithHolesAndTooManyTiles) {
    workload::Layer& layer = workload.layers[LayerId(4)];
    layer.dims[0].size = 4;
    layer.dims.push_back({"G", 2});
    layer.output.axes[0].index = {{{6, 4}, {0, 1}}, 0, 1};
    layer.inputs[0].axes[0].index = layer.output.axes[0].index;
    tile("conv3:G=2");
    EXPECT_EQ(good().layers[LayerId(4)].steps(), 2);
    options.tiles[0].intraCoreTiling[0] = {"D6", mapping::Tiling::Kind::parts, 2, 6};
    EXPECT_EQ(good().layers[LayerId(4)].steps(), 2) << "K by place means groups too";
    layer.dims[6].name = "Q";
    options.tiles.clear();
    tile("conv3:K=2");
    EXPECT_THAT(problems(), HasSubstr("layer 'conv3' is cut along K, which would leave holes in its tiles' results"));
    tile("conv3:K=2,Q=2");
    EXPECT_EQ(good().layers[LayerId(4)].steps(), 4) << "single groups have none";
    workload = {};
    test::ConvShape shape{1 << 12, 1, 1 << 12, 1 << 12, 1, 1};
    shape.padY = 0;
    test::addConv(workload, "large", test::addInput(workload, {1, 1 << 12, 1 << 12}), shape);
    options.tiles.clear();
    tile("large:K=all,OY=all,OX=all,K@1");
    EXPECT_THAT(problems(), HasSubstr("layer 'large' is cut into 68719476736 tiles along 3 loops: at most 2147483648"));
}

TEST_F(Planning, CoresThatShareAMemoryShareItsRoom) {
    workload = {};
    test::ConvShape shape{8, 8, 64, 64};
    test::addConv(workload, "conv", test::addInput(workload, {8, shape.iy(), 64}), shape);
    chip = test::smallChip(2, 1 << 18);
    tile("conv:K@2,OY=1");
    options.doubleBuffer = false;
    const auto apart = good().layers[LayerId(0)].steps();
    chip.sharedMemories = {{hardware::CoreId(0), hardware::CoreId(1)}};
    EXPECT_GE(good().layers[LayerId(0)].steps(), 2 * apart - 1);
    EXPECT_GT(good().layers[LayerId(0)].steps(), apart);
}

TEST_F(Planning, WeightsLeaveActivationsTheirShare) {
    workload = {};
    test::ConvShape shape{8, 8, 64, 8, 1, 1};
    shape.padY = 0;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {8, 64, 8}), shape);
    test::addConv(workload, "b", a, shape);
    stacks("0-1");
    options.tilesPerLayer = 1;
    options.doubleBuffer = false;
    const std::int64_t row = 8 * 8 * 8;
    const std::int64_t weights = 2 * 8 * 8 * 8;
    // A cut into tiles of n rows: two results wait, and an input, a result and its wider sums are at work.
    const auto memoryFor = [&](std::int64_t rows) { return 5 * rows * row; };
    const auto steps = [&](std::int64_t memory) {
        chip = test::smallChip(1, memory);
        return good().layers[LayerId(0)].steps();
    };
    EXPECT_EQ(steps(weights + memoryFor(8)), 8);
    EXPECT_GT(steps(weights + memoryFor(8) - 1), 8) << "what the weights leave";
    options.fill = 0.999999;
    EXPECT_GT(steps(weights + memoryFor(8) - 1), 8);
    options.fill = 0;
    EXPECT_EQ(steps(memoryFor(8)), 8) << "all of it, though weights then come in again and again";
}

/// Nothing makes so many layers fit: then rows are cut, and not columns to no use.
TEST_F(Planning, StacksThatNeverFitAreCutAlongRows) {
    workload = {};
    auto last = test::addInput(workload, {4, 4, 2});
    for (int i = 0; i < 6; ++i) last = test::addElementwise(workload, "relu" + std::to_string(i), {last});
    stacks("0-5");
    options.doubleBuffer = false;
    const std::int64_t pixel = 4 * 8;
    chip = test::smallChip(1, 2 * 5 * pixel);
    EXPECT_EQ(text().substr(0, 27), "stack 0\n  0 relu0: OY=4 on ");
    chip = test::smallChip(1, 2 * 8 * pixel);
    EXPECT_EQ(text().substr(0, 32), "stack 0\n  0 relu0: OY=4 OX=2 on ");
}

TEST_F(Planning, LiveDataCloseStacksToo) {
    workload = {};
    auto last = test::addInput(workload, {1, 4, 100});
    for (const char* name : {"a", "b", "c"}) last = test::addElementwise(workload, name, {last});
    const std::int64_t row = 100 * 8;
    chip = test::smallChip(1, 2 * (2 + 4) * row);  // the vector core has half
    EXPECT_EQ(stackList(), "01 2") << "a row of each waits, two rows are at work, and two to come";
    chip = test::smallChip(1, 2 * (3 + 4) * row);
    EXPECT_EQ(stackList(), "012");
    options.doubleBuffer = false;
    chip = test::smallChip(1, 2 * (3 + 2) * row);
    EXPECT_EQ(stackList(), "012");
}

/// Global pooling has no rows, but the channels of the layers before it; they are cut along rows all the same.
TEST_F(Planning, ChannelsAreCutOnlyIfNothingElseIsShared) {
    workload = {};
    test::ConvShape shape{8, 8, 8, 8, 3, 1};
    const auto conv = test::addConv(workload, "conv", test::addInput(workload, {8, 8, 8}), shape);
    const auto relu = test::addElementwise(workload, "relu", {conv});
    test::addElementwise(workload, "pool", {relu});
    workload::Layer& pool = workload.layers[LayerId(2)];
    for (const std::size_t axis : {1u, 2u}) {
        pool.dims[axis].kind = workload::DimKind::reduction;
        pool.output.axes[axis].index = {};
        pool.output.axes[axis].extent = 1;
    }
    tile("conv:K@1");
    EXPECT_EQ(text(), "stack 0\n  0 conv: OY=8 on 0\n  1 relu: OY=8 on 3\n  2 pool: on 3\n");
}

/// 9 rows over 6 cores: no part of two rows can be cut in time, so single rows go round the cores.
TEST_F(Planning, UnevenPartsOverCoresGiveWay) {
    workload = {};
    test::ConvShape shape{1, 8, 9, 1, 1, 1};
    shape.padY = 0;
    test::addConv(workload, "conv", test::addInput(workload, {8, 9, 1}), shape);
    tile("conv:OY@6");
    const std::int64_t weights = 8 * 8;
    const std::int64_t pixel = 8 * 8 + 16;
    chip = test::smallChip(3, weights + 2 * pixel);
    EXPECT_EQ(text(), "stack 0\n  0 conv: OY@6 on 0 1 2\n");
    chip = test::smallChip(3, weights + 2 * pixel - 1);
    EXPECT_EQ(text(), "stack 0\n  0 conv: OY@6 C=2 on 0 1 2\n");
    shape.c = 1;
    workload = {};
    test::addConv(workload, "conv", test::addInput(workload, {1, 9, 1}), shape);
    chip = test::smallChip(3, 8 + 2 * (8 + 8) - 1);
    EXPECT_EQ(text(), "stack 0\n  0 conv: OY@9 on 0 1 2\n");
}

/// A layer's parts that read the same weights have them once on each core, and rows are shared before filters are few.
TEST_F(Planning, WeightsCountOnceOnEachCore) {
    workload = {};
    test::ConvShape shape{16, 16, 8, 4, 3, 3};
    shape.padX = 1;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {16, 8, 4}), shape);
    test::addConv(workload, "b", a, shape);
    const std::int64_t weights = 16 * 16 * 9 * 8;
    options.fill = 0.9;
    chip = test::smallChip(2, weights * 2);
    tile("Conv:K@2");
    EXPECT_EQ(stackList(), "01") << "half of the filters on each core";
    options.tiles.clear();
    tile("Conv:OY@2");
    EXPECT_EQ(stackList(), "0 1") << "all of them on both";
    chip = test::smallChip(2, weights * 5 / 2);
    EXPECT_EQ(stackList(), "01");
    options.tiles.clear();
    tile("Conv:OY@8");
    EXPECT_EQ(stackList(), "01") << "four parts of rows on a core read the same";
    options.tiles.clear();
    tile("Conv:K@8");
    EXPECT_EQ(stackList(), "01");
}

TEST(PlanOptions, Texts) {
    PlanOptions options;
    Diagnostics diagnostics;
    ASSERT_TRUE(parseTile(" a:b/Conv : OY=8, K@4 ,OX=all,C=*", options, diagnostics));
    const mapping::MappingEntry& entry = options.tiles.front();
    EXPECT_EQ(entry.name, "a:b/Conv");
    using mapping::Tiling;
    EXPECT_EQ(entry.intraCoreTiling,
              (std::vector<Tiling>{
                  {"OY", Tiling::Kind::parts, 8}, {"OX", Tiling::Kind::all, 1}, {"C", Tiling::Kind::wildcard, 1}}));
    EXPECT_EQ(entry.interCoreTiling, (std::vector<Tiling>{{"K", Tiling::Kind::parts, 4}}));
    ASSERT_TRUE(parseStacks("0-3, x ;4..y", options, diagnostics));
    EXPECT_EQ(options.stacking, Stacking::byHand);
    EXPECT_EQ(options.stacks, (std::vector<std::vector<std::string>>{{"0-3", "x"}, {"4..y"}}));
    ASSERT_TRUE(parseStacks("auto", options, diagnostics));
    EXPECT_EQ(options.stacking, Stacking::automatic);
    EXPECT_TRUE(options.stacks.empty());
    for (const char* text : {"", "Conv", "Conv:", ":OY=2", "Conv:OY", "Conv:OY=0", "Conv:OY=-1", "Conv:oy=2",
                             "Conv:OY=2,,K=2", "Conv:OY=99999999999999999999", "Conv:=2"}) {
        EXPECT_FALSE(parseTile(text, options, diagnostics)) << text;
    }
    for (const char* text : {"", ";", "0;;1", "0,", ",1"})
        EXPECT_FALSE(parseStacks(text, options, diagnostics)) << text;
    for (const char* text : {"", "a,,b"}) EXPECT_FALSE(parseCuts(text, options, diagnostics)) << text;
    EXPECT_EQ(options.tiles.size(), 1u);
}

TEST_F(Planning, MorePartsThanStepsAreAWarning) {
    tile("conv0:OY=9999999999");
    good();
    EXPECT_NE(diagnostics.text().find("warning: OY is to be cut into 9999999999 parts: it has 8 steps at most"),
              std::string::npos)
        << diagnostics.text();
    options.tiles.clear();
    tile("conv0:OY=8");
    good();
    EXPECT_EQ(diagnostics.text(), "");
}

/// Over cores along C: the second core takes over the first one's sums, beside its own result.
TEST_F(Planning, SumsFromAnotherCoreNeedRoom) {
    workload = {};
    test::ConvShape shape;
    shape.fy = 1;
    shape.padY = 0;
    test::addConv(workload, "conv", test::addInput(workload, {4, 6, 10}), shape);
    tile("conv:C@2");
    const std::int64_t input = 2 * 60 * 8, weights = 8 * 2 * 8, sums = 8 * 60 * 16, result = 8 * 60 * 16;
    const auto stepsWith = [&](std::int64_t bits) {
        chip = test::smallChip(2, bits);
        return good().layers[workload::LayerId(0)].steps();
    };
    EXPECT_EQ(stepsWith(input + weights + sums + result), 1);
    EXPECT_GT(stepsWith(input + weights + sums + result - 1), 1);
}

}  // namespace
}  // namespace millrace::fusion
