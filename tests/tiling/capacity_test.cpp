#include "explore/tiling/capacity.h"

#include <gtest/gtest.h>

#include "layers.h"
#include "support/rng.h"

namespace millrace::tiling {
namespace {

using schedule::MemoryId;

struct Case {
    workload::Workload workload;
    Room room;
    const workload::Layer& layer() const { return workload.layers[workload::LayerId(0)]; }
};

Case conv(const test::ConvShape& shape, std::int64_t freeBits) {
    Case setup;
    const auto input = test::addInput(setup.workload, {shape.c, shape.iy(), shape.ix()});
    test::addConv(setup.workload, "a", input, shape);
    setup.room.inputMemories = {MemoryId(0), MemoryId(0)};
    setup.room.outputMemory = MemoryId(0);
    setup.room.inPlace = {false, false};
    setup.room.freeBits.add(freeBits);
    return setup;
}

/// Bits of a tile from the definition: what it reads and writes, and partial sums.
std::int64_t tileBits(const Case& setup, const Tile& tile) {
    std::int64_t bits = 0;
    for (const workload::Operand& operand : setup.layer().inputs) {
        for (const auto& need : tileNeeds(setup.workload, operand, tile)) bits += volume(need.box) * operand.bits;
    }
    return bits + volume(writtenBox(setup.layer(), tile)) * 16;
}

TEST(Capacity, WholeLayerFitsItself) {
    const Case probe = conv({}, 0);
    const std::int64_t whole =
        demand(probe.workload, probe.layer(), wholeLayer(probe.layer()), {}, probe.room)[MemoryId(0)];
    EXPECT_EQ(whole, tileBits(probe, wholeLayer(probe.layer())));
    Case setup = conv({}, whole);
    Shortage shortage;
    EXPECT_TRUE(fit(setup.workload, setup.layer(), wholeLayer(setup.layer()), setup.room, shortage)->empty());
    setup.room.freeBits[MemoryId(0)] = whole - 1;
    const auto splits = fit(setup.workload, setup.layer(), wholeLayer(setup.layer()), setup.room, shortage);
    ASSERT_TRUE(splits);
    EXPECT_FALSE(splits->empty()) << "one bit less and it must be cut";
}

TEST(Capacity, ShortageNamesWhatIsMissing) {
    Case setup = conv({}, 8);
    Shortage shortage;
    EXPECT_FALSE(fit(setup.workload, setup.layer(), wholeLayer(setup.layer()), setup.room, shortage));
    EXPECT_EQ(shortage.freeBits, 8);
    Tile smallest = wholeLayer(setup.layer());
    for (const std::size_t dim : {0u, 2u, 3u}) smallest[dim] = {2, 3};
    EXPECT_EQ(shortage.neededBits, tileBits(setup, smallest));
}

TEST(Capacity, WeightsTooLargeAreCutByChannels) {
    test::ConvShape shape;
    shape.k = 64;
    shape.c = 32;
    Case setup = conv(shape, 64 * 32 * 3 * 8 / 2);
    Shortage shortage;
    const auto splits = fit(setup.workload, setup.layer(), wholeLayer(setup.layer()), setup.room, shortage);
    ASSERT_TRUE(splits);
    EXPECT_EQ(splits->front().dim, 0u);
    EXPECT_GT(splits->front().parts, 1);
}

TEST(Capacity, SomeLoopsStayAsTheyAre) {
    Case setup = conv({}, 1500);
    Shortage shortage;
    const auto uses = [&](const char* name) {
        const auto splits = fit(setup.workload, setup.layer(), wholeLayer(setup.layer()), setup.room, shortage);
        EXPECT_TRUE(splits);
        return splits && std::any_of(splits->begin(), splits->end(),
                                     [&](const Split& split) { return split.dim == *setup.layer().dim(name); });
    };
    EXPECT_TRUE(uses("OY"));
    setup.room.uncut = {*setup.layer().dim("OY")};
    EXPECT_FALSE(uses("OY"));
    EXPECT_TRUE(uses("OX"));
}

TEST(Capacity, EveryTileFitsAndNoCoarserRowCutDoes) {
    Rng rng(7);
    for (std::int64_t i = 0; i < 300; ++i) {
        test::ConvShape shape;
        shape.k = rng.between(1, 12);
        shape.c = rng.between(1, 6);
        shape.oy = rng.between(1, 20);
        shape.ox = rng.between(1, 12);
        shape.strideY = rng.between(1, 2);
        Case setup = conv(shape, rng.between(500, 40000));
        Shortage shortage;
        const Tile whole = wholeLayer(setup.layer());
        const auto splits = fit(setup.workload, setup.layer(), whole, setup.room, shortage);
        const std::int64_t free = setup.room.freeBits[MemoryId(0)];
        if (!splits) {
            EXPECT_GT(shortage.neededBits, free);
            continue;
        }
        std::int64_t largest = 0;
        const std::vector<Tile> tiles = grid(whole, *splits);
        for (const Tile& tile : tiles) largest = std::max(largest, tileBits(setup, tile));
        EXPECT_LE(largest, free);
        for (std::int64_t parts = 1; parts < static_cast<std::int64_t>(tiles.size()) && parts <= shape.oy; ++parts) {
            const auto needed = demand(setup.workload, setup.layer(), whole, {{2, parts}}, setup.room);
            EXPECT_GT(needed[MemoryId(0)], free) << "fewer rows would have done";
        }
    }
}

}  // namespace
}  // namespace millrace::tiling
