#include "explore/bounds/bounds.h"

#include <gtest/gtest.h>

#include "chips.h"
#include "explore/bounds/work.h"
#include "layers.h"

namespace millrace::bounds {
namespace {

using workload::LayerId;

workload::Workload twoConvs(test::ConvShape shape) {
    workload::Workload workload;
    const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const auto middle = test::addConv(workload, "a", input, shape);
    test::ConvShape second;
    second.c = shape.k;
    second.k = 5;
    second.fy = second.fx = 1;
    second.padY = second.padX = 0;
    second.oy = shape.oy;
    second.ox = shape.ox;
    const auto result = test::addConv(workload, "b", middle, second);
    workload.tensors[result].isOutput = true;
    return workload;
}

TEST(Bounds, CountsWhatMustComeInAndGoOut) {
    const workload::Workload workload = twoConvs({});
    const explore::Bounds b = boundsOf(workload, test::smallChip(2, 1 << 16), nullptr);
    const std::int64_t input = 4 * 6 * 10;
    const std::int64_t weights = 8 * 4 * 3 * 1 + 5 * 8;
    const std::int64_t output = 5 * 6 * 10;
    EXPECT_EQ(b.offchipBits.value(), 8 * (input + weights + output));
    EXPECT_EQ(b.offchip.value(), (8 * (input + weights + output) + 31) / 32);
}

TEST(Bounds, RowsThatAStrideSkipsAreNotCounted) {
    test::ConvShape shape;
    shape.fy = 1;
    shape.padY = 0;
    shape.strideY = 3;
    const workload::Workload workload = twoConvs(shape);
    const workload::Layer& layer = workload.layers[LayerId(0)];
    EXPECT_EQ(shape.iy(), 16);
    EXPECT_EQ(touchedElements(layer, layer.inputs[1]), 4 * 6 * 10);
}

/// Rows 0 and 1 are computed but cut off the result: a scheduler may leave them out, and row 0 of the input with them.
TEST(Bounds, WhatIsCroppedAwayIsNotCounted) {
    workload::Workload workload = twoConvs({});
    workload::Layer& layer = workload.layers[LayerId(0)];
    const std::int64_t before = touchedElements(layer, layer.inputs[1]);
    EXPECT_EQ(before, 4 * 6 * 10);
    const hardware::Chip chip = test::smallChip(1, 1 << 16);
    const double work = static_cast<double>(boundsOf(workload, chip, nullptr).compute.value());
    layer.output.axes[1].index.offset = -2;
    layer.output.axes[1].extent = 4;
    EXPECT_EQ(touchedElements(layer, layer.inputs[1]), 4 * 5 * 10);
    const double first = 8 * 4 * 6 * 10 * 3 / 16.0;
    EXPECT_EQ(boundsOf(workload, chip, nullptr).compute.value(), work - first / 3);
    // Rows by two loops together: which rows a pair of them writes is not known one by one.
    layer.output.axes[1].index.terms.push_back({4, 1});
    EXPECT_EQ(touchedElements(layer, layer.inputs[1]), 0);
}

TEST(Bounds, ComputeSpreadsWorkOverTheCoresOfItsKind) {
    const workload::Workload workload = twoConvs({});
    // The array is 4 x 4. First layer: K 8, C 4: 16 a cycle. Second: K 5 takes two passes, C 8 too.
    const double first = 8 * 4 * 6 * 10 * 3 / 16.0;
    const double second = 2 * 2 * 6 * 10;
    EXPECT_EQ(boundsOf(workload, test::smallChip(1, 1 << 16), nullptr).compute.value(), first + second);
    EXPECT_EQ(boundsOf(workload, test::smallChip(2, 1 << 16), nullptr).compute.value(), (first + second) / 2);
}

TEST(Bounds, AFewChannelsFillAFewRows) {
    test::ConvShape shape;
    shape.c = 3;
    const workload::Workload workload = twoConvs(shape);
    const hardware::Core core = test::matrixCore("m", 4, 4, 1 << 16);
    EXPECT_EQ(peakRate(workload.layers[LayerId(0)], core, nullptr), 12.0);
}

}  // namespace
}  // namespace millrace::bounds
