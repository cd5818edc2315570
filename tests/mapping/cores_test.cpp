#include "explore/mapping/cores.h"

#include <gtest/gtest.h>

#include "chips.h"
#include "layers.h"

namespace millrace::mapping {
namespace {

using hardware::CoreId;

struct Choice : testing::Test {
    void SetUp() override {
        const test::ConvShape shape;
        const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
        test::addElementwise(workload, "relu", {test::addConv(workload, "conv", input, shape)});
    }
    workload::Layer& conv() { return workload.layers[workload::LayerId(0)]; }
    workload::Layer& relu() { return workload.layers[workload::LayerId(1)]; }
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

TEST_F(Choice, TheLayerThenTheFileThenTheKindOfWork) {
    Mapping mapping;
    MappingEntry entry;
    entry.name = "Conv";
    entry.coreAllocation = {2, 0, 2};
    mapping.entries = {entry};
    EXPECT_EQ(allowedCores(conv(), chip, &mapping), (std::vector{CoreId(2), CoreId(0)})) << "each once";
    EXPECT_EQ(namedCores(conv(), &entry).size(), 3u) << "as written";
    EXPECT_EQ(allowedCores(relu(), chip, &mapping), std::vector{CoreId(3)}) << "no entry speaks for it";
    conv().mapping.coreAllocation = {1};
    EXPECT_EQ(allowedCores(conv(), chip, &mapping), std::vector{CoreId(1)});
}

}  // namespace
}  // namespace millrace::mapping
