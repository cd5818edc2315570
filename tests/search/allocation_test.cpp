#include "explore/search/allocation.h"

#include <gtest/gtest.h>

#include "explore/platform/binding.h"
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
        EXPECT_FALSE(platform::checkBindings(workload, chip, mapping, diagnostics) &&
                     platform::checkNoSumOverCores(workload, mapping, diagnostics));
        return diagnostics.text();
    }
    workload::Workload workload;
    hardware::Chip chip = test::smallChip(3, 1 << 16);
};

TEST_F(Choice, SplitsTakeBlocksOfCores) {
    const auto mapping = parse("- name: default\n  core_allocation: [0, 1, 2]\n  inter_core_tiling:\n    - K, 3\n");
    const auto found = allocations(conv(), chip, &mapping);
    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(found.front().parts.size(), 3u);
    EXPECT_EQ(found.front().parts[2].core, CoreId(2));
    EXPECT_EQ(found.front().parts[0].region[0], (Interval{0, 3}));
    EXPECT_EQ(found.front().parts[2].region[0], (Interval{6, 8})) << "8 filters: 3, 3, 2";
}

TEST_F(Choice, SplitsAlongSeveralLoops) {
    const auto mapping =
        parse("- name: default\n  core_allocation: [0, 1, 2]\n  inter_core_tiling: ['K, 2', 'OY, 3']\n");
    const auto found = allocations(conv(), chip, &mapping);
    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(found.front().parts.size(), 6u);
    EXPECT_EQ(found.front().parts[1].core, CoreId(1));
    EXPECT_EQ(found.front().parts[4].core, CoreId(1)) << "round about";
    EXPECT_EQ(found.front().parts[1].region[0], (Interval{4, 8})) << "the first loop varies fastest";
    EXPECT_EQ(found.front().parts[2].region[2], (Interval{2, 4}));
}

TEST_F(Choice, FixedAllocationsGivePartsToTheCoresOfTheList) {
    const auto mapping = parse("- name: default\n  core_allocation: [2, 0, 2, 1]\n  core_allocation_is_fixed: true\n");
    const auto found = allocations(conv(), chip, &mapping);
    ASSERT_EQ(found.size(), 1u);
    std::vector<CoreId> cores;
    for (const Part& part : found.front().parts) cores.push_back(part.core);
    EXPECT_EQ(cores, (std::vector{CoreId(2), CoreId(0), CoreId(2), CoreId(1)}));
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
