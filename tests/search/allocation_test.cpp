#include "explore/search/allocation.h"

#include <gtest/gtest.h>

#include "explore/search/binding.h"
#include "networks.h"

namespace millrace::search {
namespace {

using hardware::CoreId;

using test::parse;

struct Choice : testing::Test {
    void SetUp() override {
        const test::ConvShape shape;
        const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
        test::addElementwise(workload, "relu", {test::addConv(workload, "conv", input, shape)});
    }
    const workload::Layer& conv() const { return workload.layers[workload::LayerId(0)]; }
    const workload::Layer& relu() const { return workload.layers[workload::LayerId(1)]; }
    std::string errors(const mapping::Mapping* mapping) {
        Diagnostics diagnostics;
        EXPECT_FALSE(checkBindings(workload, chip, mapping, diagnostics));
        return diagnostics.text();
    }
    workload::Workload workload;
    hardware::Chip chip = test::smallChip(3, 1 << 16);
};

TEST_F(Choice, WorkGoesToTheCoresMadeForIt) {
    EXPECT_EQ(coresByKind(conv(), chip), (std::vector{CoreId(0), CoreId(1), CoreId(2)}));
    EXPECT_EQ(coresByKind(relu(), chip), std::vector{CoreId(3)}) << "the one-dimensional array";
}

TEST_F(Choice, ListedOperatorTypesComeFirst) {
    chip.cores[CoreId(1)].operatorTypes = {"Relu"};
    EXPECT_EQ(coresByKind(relu(), chip), std::vector{CoreId(1)});
    EXPECT_EQ(coresByKind(conv(), chip), (std::vector{CoreId(0), CoreId(2)})) << "and keep other work away";
}

TEST_F(Choice, AnythingRunsAnywhereIfNoCoreIsMadeForIt) {
    for (hardware::Core& core : chip.cores) core.dataflows.clear();
    EXPECT_EQ(coresByKind(conv(), chip).size(), 4u);
}

TEST_F(Choice, SplitsTakeBlocksOfCores) {
    const auto mapping = parse("- name: default\n  core_allocation: [0, 1, 2]\n  inter_core_tiling:\n    - K, 3\n");
    const auto found = allocations(conv(), chip, &mapping);
    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(found.front().size(), 3u);
    EXPECT_EQ(found.front()[2].core, CoreId(2));
    EXPECT_EQ(found.front()[0].region[0], (Interval{0, 3}));
    EXPECT_EQ(found.front()[2].region[0], (Interval{6, 8})) << "8 filters: 3, 3, 2";
}

TEST_F(Choice, FixedAllocationsGivePartsToTheCoresOfTheList) {
    const auto mapping = parse("- name: default\n  core_allocation: [2, 0, 2, 1]\n  core_allocation_is_fixed: true\n");
    const auto found = allocations(conv(), chip, &mapping);
    ASSERT_EQ(found.size(), 1u);
    std::vector<CoreId> cores;
    for (const Part& part : found.front()) cores.push_back(part.core);
    EXPECT_EQ(cores, (std::vector{CoreId(2), CoreId(0), CoreId(2), CoreId(1)}));
}

TEST_F(Choice, StreamsNamesInElementwiseEntries) {
    const auto stream =
        parse("- name: default\n  intra_core_tiling:\n    - D, all\n  inter_core_tiling:\n    - H, 2\n");
    EXPECT_EQ(resolveDim(relu(), stream.entries[0], "H"), relu().dim("K"));
    EXPECT_EQ(resolveDim(relu(), stream.entries[0], "D"), relu().dim("OY"));
    EXPECT_EQ(resolveDim(relu(), stream.entries[0], "K"), relu().dim("OX"));
    const auto ours = parse("- name: default\n  inter_core_tiling:\n    - K, 2\n");
    EXPECT_EQ(resolveDim(relu(), ours.entries[0], "K"), relu().dim("K"));
    EXPECT_EQ(resolveDim(conv(), stream.entries[0], "H"), std::nullopt) << "what a layer lacks is not split";
}

TEST_F(Choice, FiltersOfGroupsAreSplitByGroups) {
    workload::Layer grouped = conv();
    grouped.dims.push_back({"G", 4, workload::DimKind::parallel});
    const auto mapping = parse("- name: default\n  inter_core_tiling:\n    - K, 2\n");
    EXPECT_EQ(resolveDim(grouped, mapping.entries[0], "K"), grouped.dim("G"));
}

TEST_F(Choice, WhatALayerItselfAsksOfTheChipIsChecked) {
    workload.layers[workload::LayerId(0)].mapping.coreAllocation = {9};
    EXPECT_NE(errors(nullptr).find("core 9, which the chip does not have"), std::string::npos);
    workload.layers[workload::LayerId(0)].mapping.coreAllocation = {4};
    EXPECT_NE(errors(nullptr).find("off-chip"), std::string::npos);
    workload.layers[workload::LayerId(0)].mapping.coreAllocation = {0};
    workload.layers[workload::LayerId(0)].mapping.spatialMapping = {{"D7", "K", 4}};
    EXPECT_NE(errors(nullptr).find("D7"), std::string::npos);
}

TEST_F(Choice, SumsAreNotSplitOverCores) {
    const auto mapping = parse("- name: default\n  core_allocation: [0, 1]\n  inter_core_tiling:\n    - C, 2\n");
    EXPECT_NE(errors(&mapping).find("sums over it"), std::string::npos);
}

}  // namespace
}  // namespace millrace::search
