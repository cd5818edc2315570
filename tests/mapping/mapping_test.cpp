#include "explore/mapping/mapping.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "hardware/read.h"
#include "shared.h"

namespace millrace::mapping {
namespace {

using hardware::MemoryOperand;
using testing::ElementsAre;
using testing::HasSubstr;

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

const std::string kAll = R"(- name: default
  core_allocation: [0, 1]
  core_allocation_is_fixed: True
  spatial_mapping:
    D1:
      - K, 8
      - FX, 3
    D2: [[C, 4]]
  spatial_mapping_hint:
    D3: [OX, OY]
  memory_operand_links: {O: O, W: I2, I: I1}
  temporal_ordering:
    - [OX, 112]
    - [K, "*"]
    - C, *
  intra_core_tiling:
    - OY, all
    - D, 4
  inter_core_tiling:
    - K, *
  layer_dimension_names: [B, H, D]
- name: Conv
  core_allocation: 2
- name: /conv1/Conv
)";

/// ZigZag means it to count what follows from the outermost loop, and drops it as a loop that no layer has.
TEST(MappingFile, GapsOfTemporalOrdersAreLeftOut) {
    Diagnostics diagnostics;
    const auto mapping = parseMapping("- name: default\n  temporal_ordering: [[K, 2], [\"*\", \"*\"], [C, \"*\"]]\n",
                                      "m.yaml", diagnostics);
    ASSERT_TRUE(mapping);
    EXPECT_THAT(mapping->entries[0].temporalOrdering, ElementsAre(TemporalLoop{"K", 2}, TemporalLoop{"C", {}}));
    EXPECT_THAT(diagnostics.text(), HasSubstr("names the loop '*'"));
}

TEST(MappingFile, AllFields) {
    const Mapping mapping = readGood(kAll);
    EXPECT_EQ(mapping.file, "m.yaml");
    ASSERT_EQ(mapping.entries.size(), 3U);
    const MappingEntry& entry = mapping.entries[0];
    EXPECT_EQ(entry.name, "default");
    EXPECT_EQ(entry.where.text(), "m.yaml:1:3");
    EXPECT_THAT(entry.coreAllocation, ElementsAre(0, 1));
    EXPECT_TRUE(entry.allocationIsFixed);
    EXPECT_THAT(entry.spatial,
                ElementsAre(SpatialMapping{"D1", {{"K", 8}, {"FX", 3}}}, SpatialMapping{"D2", {{"C", 4}}}));
    EXPECT_THAT(entry.spatialHint, ElementsAre(SpatialHint{"D3", {"OX", "OY"}}));
    ASSERT_TRUE(entry.memoryOperandLinks);
    EXPECT_THAT(*entry.memoryOperandLinks,
                ElementsAre(OperandLink{"O", MemoryOperand::O}, OperandLink{"W", MemoryOperand::I2},
                            OperandLink{"I", MemoryOperand::I1}));
    EXPECT_THAT(entry.temporalOrdering,
                ElementsAre(TemporalLoop{"OX", 112}, TemporalLoop{"K", std::nullopt}, TemporalLoop{"C", std::nullopt}));
    EXPECT_THAT(entry.intraCoreTiling,
                ElementsAre(Tiling{"OY", Tiling::Kind::all, 1}, Tiling{"D", Tiling::Kind::parts, 4}));
    EXPECT_THAT(entry.interCoreTiling, ElementsAre(Tiling{"K", Tiling::Kind::wildcard, 1}));
    EXPECT_THAT(entry.layerDimensionNames, ElementsAre("B", "H", "D"));
    EXPECT_THAT(mapping.entries[1].coreAllocation, ElementsAre(2));
    EXPECT_FALSE(mapping.entries[1].memoryOperandLinks);
    EXPECT_FALSE(mapping.entries[1].allocationIsFixed);
}

TEST(MappingFile, NameThenTypeThenDefault) {
    const Mapping mapping = readGood(kAll);
    EXPECT_EQ(mapping.find("/conv1/Conv", "Conv")->name, "/conv1/Conv");
    EXPECT_EQ(mapping.find("/conv2/Conv", "Conv")->name, "Conv");
    EXPECT_EQ(mapping.find("/add", "Add")->name, "default");
    EXPECT_EQ(Mapping().find("/add", "Add"), nullptr);
}

TEST(MappingFile, OrderOfTheEntriesDoesNotMatter) {
    Mapping mapping = readGood(kAll);
    const Mapping original = mapping;
    std::reverse(mapping.entries.begin(), mapping.entries.end());
    for (const char* layer : {"/conv1/Conv", "/conv2/Conv", "x"}) {
        for (const char* type : {"Conv", "Add"}) EXPECT_EQ(*mapping.find(layer, type), *original.find(layer, type));
    }
}

TEST(MappingFile, PrintsAndReadsBack) {
    const Mapping mapping = readGood(kAll);
    EXPECT_EQ(readGood(print(mapping)).entries, mapping.entries);
    Mapping odd;
    odd.entries.resize(2);
    odd.entries[0].name = "default";
    odd.entries[1].name = "layer: \"a\" #1\n*";
    odd.entries[1].spatial = {{"D1", {}}};
    odd.entries[1].spatialHint = {{"D1", {}}};
    odd.entries[1].memoryOperandLinks = std::vector<OperandLink>{{"O", MemoryOperand::I1}};
    EXPECT_EQ(readGood(print(odd)).entries, odd.entries);
    Diagnostics diagnostics;
    EXPECT_TRUE(parseMapping(print(Mapping()), "m.yaml", diagnostics)) << diagnostics.text();
}

TEST(MappingFile, PeersFilesLoadPrintAndReadBack) {
    MILLRACE_NEEDS_SHARED();
    int files = 0;
    for (const char* folder : {"zigzag", "stream-2025", "stream-2026"}) {
        for (const auto& entry :
             std::filesystem::directory_iterator(test::sharedDir() + "/peers/" + folder + "/mapping")) {
            SCOPED_TRACE(entry.path());
            Diagnostics diagnostics;
            const auto mapping = readMapping(entry.path().string(), diagnostics);
            ASSERT_TRUE(mapping && !diagnostics.failed()) << diagnostics.text();
            EXPECT_EQ(mapping->find("no such layer", "no such type") == nullptr, !mapping->fusedGroups.empty());
            const Mapping again = readGood(print(*mapping));
            EXPECT_EQ(again.entries, mapping->entries);
            EXPECT_EQ(again.fusedGroups, mapping->fusedGroups);
            ++files;
        }
    }
    EXPECT_EQ(files, 36);
}

TEST(MappingFile, DuplicateKeyIsAWarning) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const std::string file =
        test::sharedDir() + "/peers/stream-2025/mapping/tpu_like_quad_core_resnet18_fixed_split.yaml";
    const auto mapping = readMapping(file, diagnostics);
    ASSERT_TRUE(mapping);
    EXPECT_EQ(diagnostics.text(), file +
                                      ":97:3: warning: the key 'core_allocation_is_fixed' stands twice in this map, "
                                      "first in line 94; the one in line "
                                      "97 counts (remove one of them)\n");
    std::size_t longest = 0;
    for (const MappingEntry& entry : mapping->entries) longest = std::max(longest, entry.coreAllocation.size());
    EXPECT_EQ(longest, 8U);
}

TEST(MappingFile, Messages) {
    const std::string start = "- name: default\n  ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"core_allocation: [0, x]",
         "2:24: error: a core in 'core_allocation' of entry 'default' must be a whole number, but is the text 'x'"},
        {"core_allocation: [-1]",
         "2:21: error: 'core_allocation' of entry 'default' names core -1 (ids of cores count from 0)"},
        {"core_allocation: {a: 1}", "2:20: error: 'core_allocation' of entry 'default' must be a list, but is a map"},
        {"core_allocation: [1, 1]",
         "2:20: warning: 'core_allocation' of entry 'default' names core 1 twice (a list that gives each part its core "
         "needs "
         "'core_allocation_is_fixed: true')"},
        {"core_allocation_is_fixed: perhaps",
         "2:29: error: 'core_allocation_is_fixed' of entry 'default' must be true or false, but is the text 'perhaps'"},
        {"spatial_mapping: [K]",
         "2:20: error: 'spatial_mapping' of entry 'default' must be a map from array dimensions, but is a list"},
        {"spatial_mapping: {K: [D1]}",
         "2:21: error: 'spatial_mapping' of entry 'default' names the array dimension 'K' (dimensions are called D1, "
         "D2, ...)"},
        {"spatial_mapping: {D1: 4}",
         "2:25: error: 'spatial_mapping' of entry 'default' must have a list for D1, but has the text '4'"},
        {"spatial_mapping: {D1: [K, 32]}",
         "2:26: error: an entry of 'spatial_mapping' of entry 'default' must be 'LOOP, n' such as 'K, 32', but is the "
         "text 'K' (in brackets the comma "
         "separates entries: put quotes around each)\n"
         "m.yaml:2:29: error: an entry of 'spatial_mapping' of entry 'default' must be 'LOOP, n' such as 'K, 32', but "
         "is the text '32' (in brackets the "
         "comma separates entries: put quotes around each)"},
        {"spatial_mapping: {D1: ['K, 0']}",
         "2:30: error: the factor of K in an entry of 'spatial_mapping' of entry 'default' must be at least 1, but is "
         "0"},
        {"spatial_mapping_hint: {D1: [k]}",
         "2:31: error: 'spatial_mapping_hint' of entry 'default' names the loop 'k' (loops are capitals, and digits at "
         "the end: K, OX, D1)"},
        {"memory_operand_links: [O]",
         "2:25: error: 'memory_operand_links' of entry 'default' must be a map, but is a list"},
        {"memory_operand_links: {O: O, W: I3, I: I1}",
         "2:35: error: 'memory_operand_links' of entry 'default' links W to the text 'I3' (it must be I1, I2 or O)"},
        {"memory_operand_links: {O: O, W: I1, I: I1}",
         "2:42: error: 'memory_operand_links' of entry 'default' links both W and I to I1 (each operand needs a role "
         "of its own)"},
        {"memory_operand_links: {W: I2, I: I1}",
         "2:25: error: 'memory_operand_links' of entry 'default' does not link O (add 'O: O')"},
        {"temporal_ordering: [[K, some]]",
         "2:27: error: the number for K in 'temporal_ordering' of entry 'default' must be a whole number, but is the "
         "text 'some'"},
        {"temporal_ordering: [[K, 0]]",
         "2:27: error: the number for K in 'temporal_ordering' of entry 'default' must be at least 1, but is 0"},
        {"temporal_ordering: [K]",
         "2:23: error: an entry of 'temporal_ordering' of entry 'default' must be [LOOP, n] or [LOOP, \"*\"], but is "
         "the text 'K' (in brackets the comma "
         "separates entries: put quotes around each)"},
        {"intra_core_tiling: ['K, half']",
         "2:27: error: the number for K in 'intra_core_tiling' of entry 'default' must be a whole number, but is the "
         "text 'half'"},
        {"intra_core_tiling: ['1, 2']",
         "2:23: error: an entry of 'intra_core_tiling' of entry 'default' names the loop '1' (loops are capitals, and "
         "digits at the end: K, OX, D1)"},
        {"inter_core_tiling: K",
         "2:22: error: 'inter_core_tiling' of entry 'default' must be a list, but is the text 'K'"},
        {"layer_dimension_names: [b]",
         "2:27: error: 'layer_dimension_names' of entry 'default' names the loop 'b' (loops are capitals, and digits "
         "at the end: K, OX, D1)"},
        {"core_alocation: [1]",
         "2:3: error: entry 'default' has no field 'core_alocation' (did you mean 'core_allocation'?)"}};
    for (const auto& [line, message] : cases) EXPECT_EQ(problems(start + line + "\n"), "m.yaml:" + message + "\n");
}

TEST(MappingFile, EndlessListsAreRefused) {
    std::string text = "- name: default\n  core_allocation: [0";
    for (int i = 0; i < 5000; ++i) text += ", 0";
    EXPECT_EQ(problems(text + "]\n"),
              "m.yaml:2:20: error: 'core_allocation' of entry 'default' has more than 4096 entries\n");
}

TEST(MappingFile, MessagesOfTheWholeFile) {
    EXPECT_EQ(problems("- core_allocation: [1]\n- name: default\n"), "m.yaml:1:3: error: an entry has no 'name'\n");
    EXPECT_EQ(problems("- x\n"), "m.yaml:1:3: error: an entry must be a map, but is the text 'x'\n");
    EXPECT_EQ(problems("- name: default\n- name: A\n- name: A\n"),
              "m.yaml:3:3: error: the mapping has two entries called 'A', the first in line 2 (remove one of them)\n");
    EXPECT_EQ(
        problems("- name: A\n"),
        "m.yaml:1:1: warning: the mapping has no entry called 'default' (layers without an entry are mapped freely)\n");
    EXPECT_EQ(problems(""),
              "m.yaml:1:1: error: a mapping must be a list of entries, or a map with 'layers', but this file is empty "
              "(each entry starts with '- name: ...')\n");
    Diagnostics diagnostics;
    EXPECT_FALSE(parseMapping("import x", "m.py", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("m.py: error: a mapping is read from YAML, not from Python"));
    EXPECT_FALSE(readMapping("/nowhere/m.yaml", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("/nowhere/m.yaml: error: the file does not exist"));
}

hardware::Chip quadCore() {
    Diagnostics diagnostics;
    auto chip = hardware::readChip(test::sourceDir() + "/hardware/tpu_like_quad_core.yaml", diagnostics);
    EXPECT_TRUE(chip) << diagnostics.text();
    return chip.value_or(hardware::Chip());
}

std::string chipProblems(const std::string& text) {
    Diagnostics diagnostics;
    const bool good = check(readGood(text), quadCore(), diagnostics);
    EXPECT_EQ(good, !diagnostics.failed());
    return diagnostics.text();
}

TEST(CheckMapping, Messages) {
    EXPECT_EQ(chipProblems("- name: default\n  core_allocation: [0, 5]\n"), "");
    EXPECT_EQ(chipProblems("- name: default\n  core_allocation: [0, 7]\n"),
              "m.yaml:1:3: error: entry 'default' allows core 7, but the chip 'tpu_like_quad_core' has cores 0 to 6\n");
    EXPECT_EQ(
        chipProblems("- name: default\n  core_allocation: [6, 6]\n  core_allocation_is_fixed: true\n"),
        "m.yaml:1:3: error: entry 'default' allows core 6, which is the off-chip memory of 'tpu_like_quad_core'\n");
    EXPECT_EQ(chipProblems("- name: default\n  spatial_mapping: {D3: ['K, 8']}\n"), "");
    EXPECT_EQ(chipProblems("- name: default\n  core_allocation: [0]\n  spatial_mapping: {D3: ['K, 8']}\n"),
              "m.yaml:1:3: error: entry 'default' unrolls over D3, which no core that it allows has\n");
    EXPECT_EQ(chipProblems("- name: default\n  spatial_mapping_hint: {D4: [K]}\n"),
              "m.yaml:1:3: warning: entry 'default' has a hint for D4, which no core that it allows has\n");
}

TEST(CheckMapping, PeersMappingsFitTheirChips) {
    MILLRACE_NEEDS_SHARED();
    const std::string peers = test::sharedDir() + "/peers/";
    for (const auto& [chipName, mappingName] : std::vector<std::pair<std::string, std::string>>{
             {"stream-2025/hardware/tpu_like_quad_core", "stream-2025/mapping/tpu_like_quad_core"},
             {"stream-2025/hardware/tpu_like_quad_core", "stream-2025/mapping/tpu_like_quad_core_resnet18_fixed_split"},
             {"stream-2025/hardware/simba", "stream-2025/mapping/simba"},
             {"stream-2025/hardware/fusemax", "stream-2025/mapping/array_and_vec"},
             {"zigzag/hardware/tpu_like", "zigzag/mapping/tpu_like"},
             {"zigzag/hardware/edge_tpu_like", "zigzag/mapping/edge_tpu_like_mixed"}}) {
        Diagnostics diagnostics;
        const auto chip = hardware::readChip(peers + chipName + ".yaml", diagnostics);
        const auto mapping = readMapping(peers + mappingName + ".yaml", diagnostics);
        ASSERT_TRUE(chip && mapping) << diagnostics.text();
        EXPECT_TRUE(check(*mapping, *chip, diagnostics)) << diagnostics.text();
    }
}

}  // namespace
}  // namespace millrace::mapping
