#include "explore/fusion/groups.h"

#include <gmock/gmock.h>

#include "fusion/planning.h"

namespace millrace::fusion {
namespace {

using testing::HasSubstr;
using workload::LayerId;

/// Two residual blocks of conv, relu, conv, add, relu behind a first conv, each layer called by its block and kind.
workload::Workload blocks() {
    workload::Workload workload;
    workload.name = "blocks";
    test::ConvShape shape{8, 8, 12, 12, 3, 3};
    shape.padX = 1;
    auto last = test::addConv(workload, "stem", test::addInput(workload, {8, 12, 12}), shape);
    for (const std::string block : {"a", "b"}) {
        const auto first = test::addConv(workload, block + ".conv1", last, shape);
        const auto relu = test::addElementwise(workload, block + ".relu1", {first});
        const auto second = test::addConv(workload, block + ".conv2", relu, shape);
        const auto sum = test::addElementwise(workload, block + ".add", {last, second});
        last = test::addElementwise(workload, block + ".relu2", {sum});
    }
    return workload;
}

struct Grouped : test::Planning {
    void SetUp() override { workload = blocks(); }
    /// The groups' layers, "0 12345".
    std::string groups(const std::string& list) {
        diagnostics = {};
        const auto mapping = mapping::parseMapping("layers: []\nfused_groups:\n" + list, "m.yaml", diagnostics);
        EXPECT_TRUE(mapping) << diagnostics.text();
        const auto found = groupLayers(workload, readsOf(workload), *mapping, diagnostics);
        if (!found) return diagnostics.text();
        std::string result;
        for (const auto& group : *found) {
            result += result.empty() ? "" : " ";
            for (const LayerId id : group) result += id.index() < 10 ? std::to_string(id.index()) : "x";
        }
        return result;
    }
};

const std::string kTypes = "  layers: [Conv, Relu, Add]\n";
std::string tiling(const std::string& dim, int tile = 1) {
    return "  intra_core_tiling: [{dim: " + dim + ", tile: " + std::to_string(tile) + "}]\n";
}

TEST_F(Grouped, NamesAreTheGroup) {
    EXPECT_EQ(groups("- name: g\n  layers: [stem, a.relu1, a.conv1]\n- name: h\n  layers: [b.add, b.conv2]\n"),
              "012 89");
    EXPECT_THAT(groups("- name: g\n  layers: [stem]\n- name: h\n  layers: [stem]\n"),
                HasSubstr("m.yaml:5:3: error: layer 'stem' is in group 'g' and in group 'h'"));
    EXPECT_THAT(groups("- name: g\n  layers: [stem, c.conv1]\n"),
                HasSubstr("m.yaml:3:3: error: group 'g' names 'c.conv1', which is no layer and no type of the workload "
                          "'blocks'"));
}

/// As Stream cuts networks: behind the activation that follows a residual addition.
TEST_F(Grouped, TypesStandForRunsAroundTheNamedLayer) {
    const std::string first = "- name: g\n  layers: [Conv]\n" + tiling("stem.D2");
    const std::string a = "- name: a\n" + kTypes + tiling("a.conv2.D2");
    const std::string b = "- name: b\n" + kTypes + tiling("b.conv2.D2");
    EXPECT_EQ(groups(a + b), "012345 6789x") << "the border is where one result crosses; of such places the last";
    EXPECT_EQ(groups(first + a + b), "0 12345 6789x");
    EXPECT_EQ(groups("- name: a\n" + kTypes + "- name: b\n" + kTypes + tiling("b.conv1.OY")), "012345 6789x");
}

TEST_F(Grouped, TypesAloneStandForTheFirstRunBehind) {
    EXPECT_EQ(groups("- name: g\n  layers: [Conv]\n- name: h\n  layers: [Relu, Conv]\n"), "01 23")
        << "an addition ends both";
    EXPECT_THAT(groups("- name: g\n" + kTypes + "- name: h\n" + kTypes),
                HasSubstr("no layer is left for group 'h', which lists Conv, Relu, Add"));
    EXPECT_THAT(groups("- name: g\n  layers: [Conv]\n" + tiling("Add.OY")),
                HasSubstr("error: group 'g' has no layer of type Add, of which it gives the tile"));
}

/// Layers that no group has are by themselves, if they can run there.
TEST_F(Grouped, OtherLayersAreByThemselves) {
    const auto plan = good("layers: []\nfused_groups:\n- name: g\n  layers: [a.conv1, a.relu1]\n");
    EXPECT_EQ(plan.stacks.size(), 10u);
    EXPECT_THAT(diagnostics.text(), HasSubstr("the fused groups have 2 of 11 layers; each of the others is by itself"));
    EXPECT_THAT(problems("layers: []\nfused_groups:\n- name: g\n  layers: [a.conv1, a.conv2]\n"),
                HasSubstr("the stacks cannot run one after another"));
}

/// The tile of one layer drives all that share its axis: as many parts, whatever their sizes.
TEST_F(Grouped, ATileDrivesTheGroup) {
    workload = {};
    test::ConvShape wide{8, 4, 12, 8, 3, 1};
    test::ConvShape strided{8, 8, 6, 8, 3, 1, 2, 1};
    strided.oy = 6;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {4, 12, 8}), wide);
    strided.padY = 1;
    workload.layers[LayerId(0)].output.axes[1].extent = strided.iy();
    workload.tensors[a].shape[1] = strided.iy();
    workload.layers[LayerId(0)].dims[2].size = strided.iy();
    const auto b = test::addConv(workload, "b", a, strided);
    test::addElementwise(workload, "relu", {b});
    const std::string layers =
        "layers:\n- name: default\n  core_allocation: [[0, 1]]\n- name: b\n  core_allocation: [[0, 1]]\n  "
        "inter_core_tiling: [[{dim: D2, split: 2}]]\n";
    const std::string group = "fused_groups:\n- name: g\n  layers: [a, b, relu]\n";
    const auto steps = [&](const fusion::Plan& plan) {
        std::string result;
        for (const auto& layer : plan.layers) result += std::to_string(layer.steps());
        return result;
    };
    options.tiles.clear();
    tile("a:K@2");
    tile("relu:K@2");
    EXPECT_EQ(steps(good(layers + group + tiling("b.D2", 1))), "333") << "6 rows, 2 cores, tiles of 1";
    EXPECT_EQ(steps(good(layers + group + tiling("b.D2", 3))), "111");
    EXPECT_EQ(steps(good(layers + group + tiling("relu.D1", 2))), "222") << "6 rows, 2 over cores in b, tiles of 2";
    EXPECT_EQ(steps(good(layers + group + tiling("a.D6", 1))), "441")
        << "channels of a: 8, 2 over cores; they are the input channels of b, and not those of its result";
}

TEST_F(Grouped, NamedLayersKeepTheirOwnTiles) {
    const std::string file =
        "layers: []\nfused_groups:\n- name: g\n  layers: [stem, a.conv1, a.relu1]\n  intra_core_tiling: [{dim: "
        "stem.D2, tile: 4}, {dim: a.conv1.D2, tile: 2}, {dim: Relu.OY, tile: 12}]\n";
    for (const char* name : {"stem:OY@1", "a.conv1:OY@1", "a.relu1:OY@1"}) tile(name);
    const auto plan = good(file);
    EXPECT_EQ(plan.layers[LayerId(0)].steps(), 3);
    EXPECT_EQ(plan.layers[LayerId(1)].steps(), 6);
    EXPECT_EQ(plan.layers[LayerId(2)].steps(), 1);
}

TEST_F(Grouped, TilingsOfLoopsThatDoNotExist) {
    EXPECT_THAT(problems("layers: []\nfused_groups:\n- name: g\n  layers: [stem]\n" + tiling("stem.D7")),
                HasSubstr("m.yaml:5:23: error: layer 'stem' (Conv) has no loop D7 to give a tile of (its loops are D0 "
                          "(none), D1 OX"));
}

}  // namespace
}  // namespace millrace::fusion
