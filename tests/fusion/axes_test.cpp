#include "explore/fusion/axes.h"

#include <gtest/gtest.h>

#include "explore/fusion/reads.h"
#include "layers.h"

namespace millrace::fusion {
namespace {

using workload::LayerId;

struct Axes : testing::Test {
    /// Do the two loops run over the same data?
    bool same(std::size_t a, const std::string& dimA, std::size_t b, const std::string& dimB) {
        std::vector<LayerId> all = workload.layers.ids();
        const SharedAxes axes(workload, all);
        const auto loop = [&](std::size_t layer, const std::string& name) {
            return axes.classOf(LayerId(layer), workload.layers[LayerId(layer)].dim(name).value());
        };
        return loop(a, dimA) == loop(b, dimB);
    }
    workload::Workload workload;
};

TEST_F(Axes, ConvolutionsPassOnRowsColumnsAndChannels) {
    test::ConvShape shape{8, 4, 6, 10, 3, 3};
    shape.padX = 1;
    test::ConvShape second{5, 8, 6, 10, 3, 3};
    second.padX = 1;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {4, 6, 10}), shape);
    const auto b = test::addConv(workload, "b", a, second);
    test::addElementwise(workload, "relu", {b});
    EXPECT_TRUE(same(0, "OY", 1, "OY"));
    EXPECT_TRUE(same(0, "OX", 2, "OX"));
    EXPECT_TRUE(same(0, "K", 1, "C"));
    EXPECT_TRUE(same(1, "K", 2, "K"));
    EXPECT_FALSE(same(0, "K", 1, "K"));
    EXPECT_FALSE(same(0, "OY", 1, "FY"));
    EXPECT_FALSE(same(0, "OY", 0, "OX"));
}

TEST_F(Axes, WindowsWiderThanTheImage) {
    test::ConvShape shape{8, 4, 3, 1, 1, 1};
    shape.padY = 0;
    test::ConvShape wide{8, 8, 3, 1, 7, 1};
    wide.padY = 3;
    test::addConv(workload, "wide", test::addConv(workload, "a", test::addInput(workload, {4, 3, 1}), shape), wide);
    EXPECT_TRUE(same(0, "OY", 1, "OY"));
    EXPECT_FALSE(same(0, "OY", 1, "FY"));
}

TEST_F(Axes, GlobalPoolingPassesRowsToItsTaps) {
    test::ConvShape shape{4, 4, 6, 1, 1, 1};
    shape.padY = 0;
    test::ConvShape global{4, 4, 1, 1, 6, 1};
    global.padY = 0;
    const auto a = test::addConv(workload, "a", test::addInput(workload, {4, 6, 1}), shape);
    test::addConv(workload, "global", a, global);
    EXPECT_TRUE(same(0, "OY", 1, "FY"));
    EXPECT_FALSE(same(0, "OY", 1, "OY"));
}

TEST_F(Axes, TransposesBroadcastsAndReshapes) {
    const auto first = test::addElementwise(workload, "a", {test::addInput(workload, {4, 4, 6})});
    test::addElementwise(workload, "transposed", {first});
    auto& source = workload.layers[LayerId(1)].inputs[0].source;
    auto& piece = std::get<std::vector<workload::Piece>>(source).front();
    std::swap(piece.map[0], piece.map[1]);
    EXPECT_TRUE(same(0, "K", 1, "OY"));
    EXPECT_FALSE(same(0, "K", 1, "K"));
    std::swap(piece.map[0], piece.map[1]);
    piece.map[1] = {std::nullopt, 0, 2};
    EXPECT_FALSE(same(0, "OY", 1, "OY")) << "one row for all";
    piece.map[1] = {1, 1, 0};
    piece.viewShape = {4, 8, 3};
    EXPECT_TRUE(same(0, "K", 1, "K")) << "the reshape leaves the first axis alone";
    EXPECT_FALSE(same(0, "OX", 1, "OX"));
}

TEST_F(Axes, PartsOfConcatenations) {
    const auto a = test::addElementwise(workload, "a", {test::addInput(workload, {4, 6, 6})});
    const auto b = test::addElementwise(workload, "b", {test::addInput(workload, {4, 6, 6})});
    test::addElementwise(workload, "joined", {a});
    workload::Layer& joined = workload.layers[LayerId(2)];
    joined.dims[0].size = joined.output.axes[0].extent = joined.inputs[0].axes[0].extent = 8;
    auto pieces = test::wholeOf(a, {4, 6, 6});
    pieces.push_back(test::wholeOf(b, {4, 6, 6}).front());
    pieces[1].region[0] = {4, 8};
    pieces[1].map[0].offset = -4;
    joined.inputs[0].source = pieces;
    EXPECT_TRUE(same(0, "OY", 2, "OY"));
    EXPECT_TRUE(same(1, "OY", 2, "OY"));
    EXPECT_FALSE(same(0, "K", 2, "K")) << "half of the channels each";
}

TEST_F(Axes, OnlyInsideOfTheStack) {
    const auto a = test::addElementwise(workload, "a", {test::addInput(workload, {4, 6, 6})});
    const auto b = test::addElementwise(workload, "b", {a});
    test::addElementwise(workload, "c", {b});
    const SharedAxes axes(workload, {LayerId(1), LayerId(2)});
    EXPECT_EQ(axes.classes().size(), 3u);
    EXPECT_EQ(axes.loop(LayerId(2), axes.classOf(LayerId(1), 1)), std::optional<workload::DimIndex>(1));
}

TEST_F(Axes, ReadsAndCrossings) {
    const auto a = test::addElementwise(workload, "a", {test::addInput(workload, {4, 6, 6})});
    const auto b = test::addElementwise(workload, "b", {a});
    test::addElementwise(workload, "c", {a, b});
    const auto hosted = workload.tensors.add({"hosted", {4, 6, 6}, 8, workload::TensorOrigin::host, LayerId(), false});
    workload.hostOperators.push_back({"host", "NonZero", "", {a}, {hosted}});
    test::addElementwise(workload, "d", {hosted, b});
    const auto reads = readsOf(workload);
    ASSERT_EQ(reads[LayerId(3)].size(), 2u);
    EXPECT_EQ(reads[LayerId(3)][0].producer, LayerId(0));
    EXPECT_TRUE(reads[LayerId(3)][0].whole) << "through the host operator";
    EXPECT_FALSE(reads[LayerId(3)][1].whole);
    test::addElementwise(workload, "e", {hosted, a});
    const auto both = readsOf(workload)[LayerId(4)];
    ASSERT_EQ(both.size(), 1u);
    EXPECT_TRUE(both[0].whole) << "reading it directly too changes nothing";
    EXPECT_EQ(crossing(reads, LayerId(1)), 1u);
    EXPECT_EQ(crossing(reads, LayerId(2)), 2u);
    EXPECT_EQ(findLayer(workload, "c"), std::optional(LayerId(2)));
    EXPECT_EQ(findLayer(workload, "3"), std::optional(LayerId(3)));
    EXPECT_EQ(findLayer(workload, "5"), std::nullopt);
    EXPECT_EQ(findLayer(workload, "3x"), std::nullopt);
}

}  // namespace
}  // namespace millrace::fusion
