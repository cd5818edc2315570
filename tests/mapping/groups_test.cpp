#include <gmock/gmock.h>

#include "explore/mapping/mapping.h"
#include "shared.h"

/// Stream's form of 2026: layers and groups of fused layers.
namespace millrace::mapping {
namespace {

using testing::ElementsAre;

const std::string kGroups = R"yaml(layers:
- name: Conv
  core_allocation: [[0, 1, 2, 3]]
  inter_core_tiling: [[{dim: D6, split: 2}, {dim: OY, split: all}]]
  kernel: {name: conv2dk3, kwargs: {utilization: 61.8}}
- name: Add
  core_allocation: [5]
  inter_core_tiling: ["K, 2"]
fused_groups:
- name: first
  layers: [Conv, /layer1.0/Add]
  intra_core_tiling:
  - {dim: /layer1.0/Conv.D2, tile: 3}
  - {dim: Add.OX, tile: 1}
- name: second
  layers: [Conv]
runtime_args: {input: {layout: "(d0, d1) -> (d1, d0)"
}
}
)yaml";

Mapping readGood(const std::string& text) {
    Diagnostics diagnostics;
    auto mapping = parseMapping(text, "m.yaml", diagnostics);
    EXPECT_TRUE(mapping) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    return mapping.value_or(Mapping());
}

std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    const auto mapping = parseMapping(text, "m.yaml", diagnostics);
    EXPECT_EQ(mapping.has_value(), !diagnostics.failed()) << diagnostics.text();
    return diagnostics.text();
}

TEST(GroupedMapping, AllFields) {
    const Mapping mapping = readGood(kGroups);
    ASSERT_EQ(mapping.entries.size(), 2u);
    EXPECT_THAT(mapping.entries[0].coreAllocation, ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(mapping.entries[0].interCoreTiling,
                ElementsAre(Tiling{"D6", Tiling::Kind::parts, 2, 6}, Tiling{"OY", Tiling::Kind::all, 1}));
    EXPECT_THAT(mapping.entries[1].coreAllocation, ElementsAre(5));
    EXPECT_THAT(mapping.entries[1].interCoreTiling, ElementsAre(Tiling{"K", Tiling::Kind::parts, 2}));
    ASSERT_EQ(mapping.fusedGroups.size(), 2u);
    const FusedGroup& group = mapping.fusedGroups[0];
    EXPECT_EQ(group.name, "first");
    EXPECT_EQ(group.where.text(), "m.yaml:10:3");
    EXPECT_THAT(group.layers, ElementsAre("Conv", "/layer1.0/Add"));
    EXPECT_THAT(group.tilings, ElementsAre(GroupTiling{"/layer1.0/Conv", {"D2", Tiling::Kind::parts, 1, 2}, 3, {}},
                                           GroupTiling{"Add", {"OX", Tiling::Kind::parts, 1}, 1, {}}));
    EXPECT_TRUE(mapping.fusedGroups[1].tilings.empty());
}

TEST(GroupedMapping, PrintsAndReadsBack) {
    Mapping mapping = readGood(kGroups);
    mapping.fusedGroups[1].name = "odd: 'name' #1";
    EXPECT_EQ(readGood(print(mapping)).entries, mapping.entries);
    EXPECT_EQ(readGood(print(mapping)).fusedGroups, mapping.fusedGroups);
    mapping.entries.clear();
    EXPECT_EQ(readGood(print(mapping)).fusedGroups, mapping.fusedGroups);
}

TEST(GroupedMapping, OfSeveralAlternativesTheFirstCounts) {
    Diagnostics diagnostics;
    const auto mapping = parseMapping(
        "layers:\n- name: Conv\n  core_allocation: [[0, 1], [2, 3]]\n  inter_core_tiling:\n  - [{dim: D6, split: 2}]\n"
        "  - [{dim: D2, split: 2}]\n",
        "m.yaml", diagnostics);
    ASSERT_TRUE(mapping);
    EXPECT_THAT(mapping->entries[0].coreAllocation, ElementsAre(0, 1));
    EXPECT_THAT(mapping->entries[0].interCoreTiling, ElementsAre(Tiling{"D6", Tiling::Kind::parts, 2, 6}));
    EXPECT_EQ(diagnostics.text(),
              "m.yaml:3:29: warning: 'core_allocation' of entry 'Conv' has 2 lists of cores; the first one counts\n"
              "m.yaml:6:5: warning: 'inter_core_tiling' of entry 'Conv' has 2 lists of cuts; the first one counts\n");
}

TEST(GroupedMapping, Messages) {
    const std::string layers = "layers:\n- name: Conv\n";
    const std::string group = layers + "fused_groups:\n- name: g\n  ";
    const std::string tiling = group + "layers: [Conv]\n  intra_core_tiling: [";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"fused_groups: []\n", "1:1: error: the mapping has no 'layers'"},
        {"layers: 3\n", "1:9: error: 'layers' must be a list, but is the text '3'"},
        {layers + "fused_groups: g\n", "3:15: error: 'fused_groups' must be a list, but is the text 'g'"},
        {layers + "fused_group: []\n",
         "3:1: error: the mapping has no field 'fused_group' (did you mean 'fused_groups'?)"},
        {layers + "- name: Conv\n",
         "3:3: error: the mapping has two entries called 'Conv', the first in line 2 (remove one of them)"},
        {layers + "  core_allocation: [[0, x]]\n",
         "3:25: error: a core in 'core_allocation' of entry 'Conv' must be a whole number, but is the text 'x'"},
        {layers + "  inter_core_tiling: [[{dim: d6, split: 2}]]\n",
         "3:30: error: an entry of 'inter_core_tiling' of entry 'Conv' names the loop 'd6' (loops are places (D0, D1, "
         "...), or names in capitals: K, OX)"},
        {layers + "  inter_core_tiling: [[{dim: D6}]]\n",
         "3:24: error: an entry of 'inter_core_tiling' of entry 'Conv' has no 'split'"},
        {layers + "  inter_core_tiling: [[{dim: D6, split: 0}]]\n",
         "3:41: error: the number for D6 in 'inter_core_tiling' of entry 'Conv' must be at least 1, but is 0"},
        {layers + "  inter_core_tiling: [[{dim: D6, tile: 2}]]\n",
         "3:24: error: an entry of 'inter_core_tiling' of entry 'Conv' has no 'split'\nm.yaml:3:34: error: an entry of "
         "'inter_core_tiling' of entry 'Conv' has no field 'tile' (known: dim, split)"},
        {layers + "fused_groups:\n- layers: [Conv]\n", "4:3: error: a group has no 'name'"},
        {group + "intra_core_tiling: []\n", "4:3: error: group 'g' has no 'layers'"},
        {group + "layers: Conv\n", "5:11: error: 'layers' of group 'g' must be a list, but is the text 'Conv'"},
        {group + "layers: []\n", "5:11: error: group 'g' has no layers (name one, or a type)"},
        {group + "layers: [[Conv]]\n", "5:12: error: a layer of group 'g' must be a text, but is a list"},
        {tiling + "{dim: Conv, tile: 1}]\n",
         "6:29: error: an entry of 'intra_core_tiling' of group 'g' must name a layer and a loop of it, but has the "
         "text 'Conv' (as in /conv1/Conv.D2)"},
        {tiling + "{dim: Conv.D, tile: 0}]\n",
         "6:43: error: 'tile' of an entry of 'intra_core_tiling' of group 'g' must be at least 1, but is 0"},
        {tiling + "{dim: Conv.x, tile: 1}]\n",
         "6:29: error: an entry of 'intra_core_tiling' of group 'g' names the loop 'x' (loops are places (D0, D1, "
         "...), "
         "or names in capitals: K, OX)"},
        {tiling + "{dim: Conv.D2}]\n", "6:23: error: an entry of 'intra_core_tiling' of group 'g' has no 'tile'"},
        {tiling + "'OY, all']\n",
         "6:23: error: an entry of 'intra_core_tiling' of group 'g' must be a map, but is the text 'OY, all'"},
    };
    for (const auto& [text, message] : cases) EXPECT_EQ(problems(text), "m.yaml:" + message + "\n") << text;
}

TEST(GroupedMapping, ValuesOfPeersFiles) {
    MILLRACE_NEEDS_SHARED();
    const auto read = [](const std::string& name) {
        Diagnostics diagnostics;
        const auto mapping =
            readMapping(test::sharedDir() + "/peers/stream-2026/mapping/" + name + ".yaml", diagnostics);
        EXPECT_TRUE(mapping) << diagnostics.text();
        return mapping.value_or(Mapping());
    };
    const Mapping resnet = read("resnet18_tpu_quad_core");
    EXPECT_EQ(resnet.entries.size(), 6u);
    ASSERT_EQ(resnet.fusedGroups.size(), 11u);
    EXPECT_THAT(resnet.find("/conv1/Conv", "Conv")->interCoreTiling,
                ElementsAre(Tiling{"D6", Tiling::Kind::parts, 4, 6}));
    EXPECT_THAT(resnet.fusedGroups[3].layers, ElementsAre("Conv", "Relu", "Add"));
    EXPECT_THAT(resnet.fusedGroups[3].tilings,
                ElementsAre(GroupTiling{"/layer2/layer2.0/conv2/Conv", {"D2", Tiling::Kind::parts, 1, 2}, 1, {}}));
    const Mapping swiglu = read("swiglu_tpu_v7_fused");
    EXPECT_EQ(swiglu.find("Gemm_Down", "Gemm")->coreAllocation.size(), 32u);
    ASSERT_EQ(swiglu.fusedGroups.size(), 1u);
    EXPECT_EQ(swiglu.fusedGroups[0].tilings.back(),
              (GroupTiling{"Gemm_Down", {"D1", Tiling::Kind::parts, 1, 1}, 16, {}}));
}

}  // namespace
}  // namespace millrace::mapping
