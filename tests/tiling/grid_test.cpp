#include "explore/tiling/grid.h"

#include <gtest/gtest.h>

#include "layers.h"

namespace millrace::tiling {
namespace {

TEST(Cut, IsRaggedWithoutPadding) {
    const std::vector<Interval> parts = cut({0, 8}, 3);
    EXPECT_EQ(parts, (std::vector<Interval>{{0, 3}, {3, 6}, {6, 8}}));
    EXPECT_EQ(cut({5, 7}, 9).size(), 2u);
    EXPECT_EQ(cut({5, 7}, 1), (std::vector<Interval>{{5, 7}}));
}

TEST(Grid, FirstSplitVariesSlowest) {
    const Tile region{{0, 4}, {0, 2}};
    const std::vector<Tile> tiles = grid(region, {{0, 2}, {1, 2}});
    ASSERT_EQ(tiles.size(), 4u);
    EXPECT_EQ(tiles[1], (Tile{{0, 2}, {1, 2}}));
    EXPECT_EQ(tiles[2], (Tile{{2, 4}, {0, 1}}));
}

struct Conv : testing::Test {
    void SetUp() override {
        shape.oy = 5;
        shape.ox = 9;
        shape.fy = 3;
        shape.fx = 2;
        shape.strideY = 2;
        shape.padY = 1;
        input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
        test::addConv(workload, "a", input, shape);
    }
    workload::Workload workload;
    test::ConvShape shape;
    workload::TensorId input;
};

TEST_F(Conv, TilesTouchTheirRowsAndTheHalo) {
    const workload::Layer& layer = workload.layers[workload::LayerId(0)];
    Tile tile = wholeLayer(layer);
    tile[2] = {2, 4};
    EXPECT_EQ(writtenBox(layer, tile), (Box{{0, 8}, {2, 4}, {0, 9}}));
    EXPECT_EQ(touchedBox(layer.inputs[1], tile), (Box{{0, 4}, {3, 8}, {0, 10}}));
    const auto needs = tileNeeds(workload, layer.inputs[1], tile);
    ASSERT_EQ(needs.size(), 1u);
    EXPECT_EQ(needs[0].box, (Box{{0, 4}, {3, 8}, {0, 10}}));
    tile[2] = {0, 1};
    EXPECT_EQ(tileNeeds(workload, layer.inputs[1], tile)[0].box[1], (Interval{0, 2})) << "the padding row is not read";
}

TEST_F(Conv, TilesAreLayersOfTheirOwn) {
    const workload::Layer& layer = workload.layers[workload::LayerId(0)];
    Tile tile = wholeLayer(layer);
    tile[2] = {2, 4};
    const workload::Layer small = tileLayer(layer, tile);
    EXPECT_EQ(small.dims[2].size, 2);
    EXPECT_EQ(small.inputs[1].axes[1].extent, 5);
    const Interval rows = workload::range(small.inputs[1].axes[1].index, wholeLayer(small));
    EXPECT_EQ(rows, (Interval{0, 5}));
    tile[2] = {0, 1};
    const workload::Layer top = tileLayer(layer, tile);
    EXPECT_EQ(top.inputs[1].axes[1].extent, 2);
    EXPECT_EQ(workload::range(top.inputs[1].axes[1].index, wholeLayer(top)), (Interval{-1, 2}));
}

}  // namespace
}  // namespace millrace::tiling
