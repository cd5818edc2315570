#include "explore/platform/platform.h"

#include <gtest/gtest.h>

#include "chips.h"

namespace millrace::platform {
namespace {

using hardware::CoreId;
using enum hardware::MemoryOperand;

TEST(Platform, RoutesAreShortestAndStayOnChip) {
    const hardware::Chip chip = test::smallChip(3, 1 << 16);
    schedule::Problem problem;
    Diagnostics diagnostics;
    const auto platform = Platform::make(chip, problem, diagnostics);
    ASSERT_TRUE(platform) << diagnostics.text();
    const auto memory = [&](std::size_t core) { return platform->memory(CoreId(core), I1); };
    const Route* near = platform->route(memory(0), memory(1));
    ASSERT_NE(near, nullptr);
    EXPECT_EQ(near->links.size(), 1u);
    const Route* far = platform->route(memory(0), memory(2));
    ASSERT_NE(far, nullptr);
    EXPECT_EQ(far->links.size(), 2u) << "the bus of the off-chip memory is no short cut";
    EXPECT_EQ(far->bandwidth, 16);
    const Route* in = platform->route(platform->offchip(), memory(2));
    ASSERT_NE(in, nullptr);
    EXPECT_EQ(in->links.size(), 1u);
    EXPECT_EQ(in->bandwidth, 32);
    EXPECT_TRUE(platform->route(memory(1), memory(1))->links.empty());
    EXPECT_EQ(platform->resultMemories().size(), 4u);
    EXPECT_TRUE(problem.memories[platform->offchip()].offchip);
}

TEST(Platform, SharedMemoriesAreOne) {
    hardware::Chip chip = test::smallChip(2, 1 << 16);
    chip.sharedMemories = {{CoreId(0), CoreId(1)}};
    schedule::Problem problem;
    Diagnostics diagnostics;
    const auto platform = Platform::make(chip, problem, diagnostics);
    ASSERT_TRUE(platform);
    EXPECT_EQ(platform->memory(CoreId(0), O), platform->memory(CoreId(1), O));
    EXPECT_EQ(problem.memories[platform->memory(CoreId(0), O)].cores.size(), 2u);
}

TEST(Platform, NeedsAnOffchipMemory) {
    hardware::Chip chip = test::smallChip(1, 1 << 16);
    chip.offchip = CoreId();
    schedule::Problem problem;
    Diagnostics diagnostics;
    EXPECT_FALSE(Platform::make(chip, problem, diagnostics));
    EXPECT_NE(diagnostics.text().find("no off-chip memory"), std::string::npos);
}

}  // namespace
}  // namespace millrace::platform
