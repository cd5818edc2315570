#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "hardware/chip.h"
#include "hardware/read.h"
#include "shared.h"

namespace millrace::hardware {
namespace {

using enum MemoryOperand;
using testing::ElementsAre;

Core coreOf(const std::vector<std::vector<MemoryOperand>>& memories) {
    Core core;
    for (const std::vector<MemoryOperand>& operands : memories) {
        Memory memory;
        memory.name = fmt::format("m{}", core.memories.size());
        memory.operands = operands;
        core.memories.push_back(memory);
    }
    return core;
}

TEST(Hierarchy, ChainsKeepTheOrderOfTheFile) {
    const Core core = coreOf({{I2}, {O}, {I1, O}, {I1, I2, O}});
    EXPECT_THAT(core.memoryOrder(), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(core.levels(I1), ElementsAre(2, 3));
    EXPECT_THAT(core.levels(I2), ElementsAre(0, 3));
    EXPECT_THAT(core.levels(O), ElementsAre(1, 2, 3));
    EXPECT_EQ(core.top(I2), 3U);
}

/// A memory that nothing feeds comes in the first generation, however late the file lists it.
TEST(Hierarchy, GenerationsComeBeforeTheFile) {
    const Core core = coreOf({{I2}, {I2}, {O}, {I1, O}, {I1, I2, O}});
    EXPECT_THAT(core.memoryOrder(), ElementsAre(0, 2, 1, 3, 4));
    EXPECT_THAT(core.levels(I2), ElementsAre(0, 1, 4));
}

/// An edge comes from the memory whose highest level over all operands is largest, not from the operand's own last one.
TEST(Hierarchy, EdgesComeFromTheHighestMemory) {
    // m2 stands at level 2 for O, so both m3 and m4 hang on m2 although m3 is the last I1 memory before m4; else m5
    // came before m4.
    const Core core = coreOf({{O}, {O}, {I1, O}, {I1}, {I1}, {O}});
    EXPECT_THAT(core.memoryOrder(), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(core.levels(I1), ElementsAre(2, 3, 4));
}

TEST(Hierarchy, MissingOperand) {
    const Core core = coreOf({{I2}, {O}});
    EXPECT_TRUE(core.levels(I1).empty());
    EXPECT_EQ(core.top(I1), std::nullopt);
    EXPECT_TRUE(Core().memoryOrder().empty());
}

TEST(Hierarchy, Instances) {
    Core core = coreOf({{I2}, {O}, {I1}});
    core.array.dimensions = {{"D1", 32}, {"D2", 16}};
    core.memories[1].servedDimensions = {1};
    core.memories[2].servedDimensions = {0, 1};
    EXPECT_EQ(core.instances(0), 512);
    EXPECT_EQ(core.instances(1), 32);
    EXPECT_EQ(core.instances(2), 1);
    core.array.dimensions = {{"D1", 0}};
    core.memories[2].servedDimensions.clear();
    EXPECT_EQ(core.instances(2), 1);
}

/// Every memory once, and each operand's memories from the inside out as the file lists them.
TEST(Hierarchy, PeersFiles) {
    MILLRACE_NEEDS_SHARED();
    for (const auto& entry : std::filesystem::directory_iterator(test::sharedDir() + "/peers/zigzag/hardware")) {
        Diagnostics diagnostics;
        const auto core = readCore(entry.path().string(), diagnostics);
        ASSERT_TRUE(core) << diagnostics.text();
        auto order = core->memoryOrder();
        std::sort(order.begin(), order.end());
        for (std::size_t i = 0; i < core->memories.size(); ++i) EXPECT_EQ(order[i], i);
        for (const MemoryOperand operand : kMemoryOperands) {
            const auto levels = core->levels(operand);
            EXPECT_TRUE(std::is_sorted(levels.begin(), levels.end())) << entry.path();
            EXPECT_EQ(levels.back(), core->top(operand));
        }
    }
}

}  // namespace
}  // namespace millrace::hardware
