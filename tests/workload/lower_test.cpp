#include "explore/workload/lower.h"

#include <gmock/gmock.h>

#include "workload/nets.h"

namespace millrace::workload {
namespace {

using test::Net;
using test::Shape;
using testing::ElementsAre;
using testing::HasSubstr;

Workload lowered(const Net& net, const LowerOptions& options = {}) {
    Diagnostics diagnostics;
    auto result = lower(net.network, options, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(Workload{});
}

const Layer& layer(const Workload& workload, std::size_t index) { return workload.layers[LayerId(index)]; }

std::string dims(const Layer& layer) {
    std::string result;
    for (const LoopDim& dim : layer.dims) result += (result.empty() ? "" : " ") + dim.name + std::to_string(dim.size);
    return result;
}

std::string axes(const Layer& layer, const Operand& operand) {
    std::string result;
    for (const Axis& axis : operand.axes) {
        result += (result.empty() ? "" : ", ") + text(axis.index, layer.dims) + " of " + std::to_string(axis.extent);
    }
    return result;
}

/// ResNet-18 for images of this height and width.
Net resnet18(std::int64_t height, std::int64_t width) {
    Net net;
    auto x = net.input({1, 3, height, width});
    const auto relu = [&](model::TensorId t) { return net.op("Relu", {t}, Shape(net.shape(t))); };
    x = relu(net.conv(x, 64, {7, 7}, {2, 2}, {3, 3, 3, 3}));
    x = net.pool("MaxPool", x, {3, 3}, {2, 2}, {1, 1, 1, 1});
    for (const std::int64_t filters : {64, 128, 256, 512}) {
        for (int block = 0; block < 2; ++block) {
            const std::int64_t stride = filters > 64 && block == 0 ? 2 : 1;
            auto y = relu(net.conv(x, filters, {3, 3}, {stride, stride}, {1, 1, 1, 1}));
            y = net.conv(y, filters, {3, 3}, {1, 1}, {1, 1, 1, 1});
            if (stride == 2) x = net.conv(x, filters, {1, 1}, {2, 2});
            x = relu(net.op("Add", {y, x}, Shape(net.shape(y))));
        }
    }
    x = net.op("GlobalAveragePool", {x}, {1, 512, 1, 1});
    x = net.op("Flatten", {x}, {1, 512});
    x = net.op("Gemm", {x, net.weights({1000, 512}), net.weights({1000})}, {1, 1000}, {{"transB", std::int64_t{1}}});
    net.output(x);
    return net;
}

std::int64_t matrixOperations(const Workload& workload) {
    std::int64_t sum = 0;
    for (const Layer& each : workload.layers) sum += each.elementwise ? 0 : each.operations();
    return sum;
}

std::int64_t constantElements(const Workload& workload) {
    std::int64_t sum = 0;
    for (const Tensor& tensor : workload.tensors)
        sum += tensor.origin == TensorOrigin::constant ? tensor.elements() : 0;
    return sum;
}

TEST(Lower, ResNet18HasItsKnownWork) {
    const Workload workload = lowered(resnet18(224, 224));
    EXPECT_EQ(matrixOperations(workload), 1814073344);
    EXPECT_EQ(constantElements(workload), 11678912);
    EXPECT_EQ(workload.layers.size(), 21U + 8U + 17U + 1U + 1U);
    EXPECT_TRUE(workload.hostOperators.empty());
    std::int64_t outputs = 0;
    for (const Tensor& tensor : workload.tensors) outputs += tensor.isOutput ? 1 : 0;
    EXPECT_EQ(outputs, 1);
    const Layer& last = layer(workload, workload.layers.size() - 1);
    EXPECT_EQ(dims(last), "C512 D1 K1000");
    // Flatten of [1, 512, 1, 1] stays an exact piece.
    const auto& pieces = std::get<std::vector<Piece>>(last.inputs[0].source);
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_TRUE(pieces[0].viewShape.empty());
}

TEST(Lower, FusedActivationsLeaveNoLayers) {
    LowerOptions options;
    options.fuseActivations = true;
    const Workload workload = lowered(resnet18(64, 96), options);
    EXPECT_EQ(workload.layers.size(), 21U + 8U + 1U + 1U);
    for (const Layer& each : workload.layers) EXPECT_NE(each.type, "Relu");
}

TEST(Lower, ConvolutionKeepsHeightAndWidthApart) {
    Net net;
    const auto x = net.input({2, 6, 11, 17});
    net.output(net.conv(x, 4, {3, 5}, {2, 3}, {1, 2, 0, 4}, {2, 1}, 2));
    const Workload workload = lowered(net);
    const Layer& conv = layer(workload, 0);
    EXPECT_EQ(dims(conv), "B2 K2 G2 OX7 OY4 C3 FX5 FY3");
    EXPECT_EQ(axes(conv, conv.output), "B of 2, 2*G + K of 4, OY of 4, OX of 7");
    EXPECT_EQ(axes(conv, conv.inputs[0]), "2*G + K of 4, C of 3, FY of 3, FX of 5");
    EXPECT_EQ(axes(conv, conv.inputs[1]), "B of 2, 3*G + C of 6, 2*OY + 2*FY - 1 of 11, 3*OX + FX - 2 of 17");
    EXPECT_EQ(conv.inputs[0].memoryOperand, "I2");
    EXPECT_EQ(conv.inputs[1].memoryOperand, "I1");
    EXPECT_EQ(conv.output.bits, 16);
    EXPECT_EQ(conv.outputFinalBits, 8);
}

}  // namespace
}  // namespace millrace::workload
