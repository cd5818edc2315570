#include "explore/fusion/memories.h"

#include <gtest/gtest.h>

#include "chips.h"
#include "layers.h"

namespace millrace::fusion {
namespace {

using workload::LayerId;

struct Rooms : testing::Test {
    void SetUp() override {
        const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
        const auto a = test::addConv(workload, "a", input, shape);
        const auto b = test::addElementwise(workload, "b", {a});
        test::addElementwise(workload, "c", {a, b});
    }
    LayerRoom room(std::size_t layer, std::vector<tiling::Split> intra, std::vector<tiling::Split> inter = {}) {
        LayerPlan plan{0, std::move(inter), std::move(intra), {hardware::CoreId(0)}};
        return roomOf(workload, LayerId(layer), plan, memories);
    }
    test::ConvShape shape{8, 4, 6, 10, 3, 1};  // rows of 10: input 4 * 10 * 8 bits, result 8 * 10 * 8
    workload::Workload workload;
    hardware::Chip chip = test::smallChip(2, 1 << 16);
    Memories memories{chip};
    schedule::MemoryId sram = memories.of(hardware::CoreId(0), workload::Operand{"O", {}, 8, "O", {}});
};

constexpr std::int64_t kIn = 4 * 10 * 8;
constexpr std::int64_t kOut = 8 * 10 * 8;

TEST_F(Rooms, RowsOfAConvolution) {
    const LayerRoom rows = room(0, {{2, 6}});
    EXPECT_EQ(rows.constants[sram], 8 * 4 * 3 * 8);
    EXPECT_EQ(rows.waiting[sram], 2 * kIn + kOut) << "of three rows two are needed again";
    EXPECT_EQ(rows.working[sram], 3 * kIn + 2 * kOut) << "sums are twice as wide";
    const LayerRoom pairs = room(0, {{2, 3}});
    EXPECT_EQ(pairs.waiting[sram], 2 * kIn + 2 * kOut);
    EXPECT_EQ(pairs.working[sram], 4 * kIn + 4 * kOut);
    const LayerRoom whole = room(0, {});
    EXPECT_EQ(whole.waiting[sram], 6 * kOut) << "nothing comes after it";
    EXPECT_EQ(whole.working[sram], 6 * kIn + 12 * kOut);
}

TEST_F(Rooms, PartsOverCores) {
    const LayerRoom half = room(0, {{2, 6}}, {{0, 2}});
    EXPECT_EQ(half.constants[sram], 8 * 4 * 3 * 8) << "both parts on one core";
    EXPECT_EQ(half.working[sram], 3 * kIn + kOut);
}

TEST_F(Rooms, ResultsThatSkipLayersWait) {
    EXPECT_EQ(room(1, {{1, 6}}).waiting[sram], kOut);
    EXPECT_EQ(room(1, {{1, 6}}).working[sram], 2 * kOut);
    EXPECT_EQ(room(2, {{1, 6}}).waiting[sram], 2 * kOut) << "a's row beside its own";
    EXPECT_EQ(room(2, {{1, 6}}).working[sram], 3 * kOut);
}

TEST_F(Rooms, OfAStack) {
    StackRoom stack(memories.size());
    for (const std::size_t layer : {0u, 1u}) stack.add(room(layer, {{layer == 0 ? 2u : 1u, 6}}));
    EXPECT_EQ(stack.constants(sram), 8 * 4 * 3 * 8);
    EXPECT_EQ(stack.moving(sram, false), 2 * kIn + kOut + kOut + 3 * kIn + 2 * kOut);
    EXPECT_EQ(stack.moving(sram, true) - stack.moving(sram, false), 3 * kIn + 2 * kOut);
}

TEST_F(Rooms, SharedMemories) {
    EXPECT_NE(memories.of(hardware::CoreId(1), workload.layers[LayerId(0)].output), sram);
    chip.sharedMemories = {{hardware::CoreId(0), hardware::CoreId(1)}};
    const Memories shared(chip);
    EXPECT_EQ(shared.of(hardware::CoreId(1), workload.layers[LayerId(0)].output),
              shared.of(hardware::CoreId(0), workload.layers[LayerId(0)].output));
    EXPECT_EQ(shared.size(), memories.size() - 1);
    EXPECT_EQ(shared.name(sram), "core 0 (matrix) sram");
    EXPECT_EQ(shared.capacity(sram), 1 << 16);
}

}  // namespace
}  // namespace millrace::fusion
