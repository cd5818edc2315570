#include "explore/fusion/plan.h"

#include <gmock/gmock.h>

#include "chips.h"
#include "layers.h"

namespace millrace::fusion {
namespace {

using testing::HasSubstr;
using workload::LayerId;

/// Four convolutions and an addition in between: conv0, conv1, add (of both), conv2, conv3.
workload::Workload small(std::int64_t rows = 8) {
    workload::Workload workload;
    workload.name = "small";
    test::ConvShape shape;
    shape.k = shape.c = 8;
    shape.oy = rows;
    const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const auto a = test::addConv(workload, "conv0", input, shape);
    const auto b = test::addConv(workload, "conv1", a, shape);
    const auto sum = test::addElementwise(workload, "add", {a, b});
    test::addConv(workload, "conv3", test::addConv(workload, "conv2", sum, shape), shape);
    return workload;
}

struct Planning : testing::Test {
    Plan good(const std::string& mappingText = "") {
        const auto plan = make(mappingText);
        EXPECT_TRUE(plan) << diagnostics.text();
        return plan.value_or(Plan());
    }
    std::string problems(const std::string& mappingText = "") {
        EXPECT_FALSE(make(mappingText));
        return diagnostics.text();
    }
    std::optional<Plan> make(const std::string& mappingText) {
        diagnostics = {};
        std::optional<mapping::Mapping> mapping;
        if (!mappingText.empty()) mapping = mapping::parseMapping(mappingText, "m.yaml", diagnostics);
        EXPECT_TRUE(mapping || mappingText.empty()) << diagnostics.text();
        return makePlan(workload, chip, mapping ? &*mapping : nullptr, options, diagnostics);
    }
    std::string text(const std::string& mappingText = "") { return printText(good(mappingText), workload); }
    void stacks(const std::string& words) {
        Diagnostics wrong;
        EXPECT_TRUE(parseStacks(words, options, wrong)) << wrong.text();
    }
    void tile(const std::string& words) {
        Diagnostics wrong;
        EXPECT_TRUE(parseTile(words, options, wrong)) << wrong.text();
    }
    std::string stackList() {
        std::string list;
        for (const auto& stack : good().stacks) {
            list += list.empty() ? "" : " ";
            for (const LayerId id : stack) list += std::to_string(id.index());
        }
        return list;
    }

    workload::Workload workload = small();
    hardware::Chip chip = test::smallChip(3, 1 << 20);
    PlanOptions options;
    Diagnostics diagnostics;
};

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

/// As Stream numbers tiles: the first loop is the fastest.
std::vector<tiling::Tile> tilesOf(const workload::Layer& layer, const LayerPlan& plan) {
    std::vector<tiling::Split> slowestFirst(plan.intra.rbegin(), plan.intra.rend());
    return tiling::grid(tiling::wholeLayer(layer), slowestFirst);
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
    const auto tiles = tilesOf(layer, plan.layers[LayerId(0)]);
    ASSERT_EQ(tiles.size(), 8u);
    EXPECT_EQ(plan.layers[LayerId(0)].tiles(), 8);
    EXPECT_EQ(tiles[1][*layer.dim("OY")], (Interval{2, 4}));
    EXPECT_EQ(tiles[1][*layer.dim("OX")], (Interval{0, 4}));
}

/// stream.md 12, nos. 2 and 3: "all" of 7 rows are 7 parts; 8 filters in 3 parts are 3, 3, 2, not padded to 9.
TEST_F(Planning, AllAndRaggedParts) {
    workload = small(7);
    tile("Conv:OY=all,K@1");
    tile("conv1:OX=1,K=3");
    stacks("layers");
    const Plan plan = good();
    EXPECT_EQ(plan.layers[LayerId(0)].tiles(), 7);
    const auto tiles = tilesOf(workload.layers[LayerId(1)], plan.layers[LayerId(1)]);
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
    for (const std::size_t layer : {0, 1, 3, 4}) cores.push_back(plan.layers[LayerId(layer)].cores.front().index());
    EXPECT_EQ(cores, (std::vector<std::size_t>{0, 1, 2, 0}));
}

}  // namespace
}  // namespace millrace::fusion
