#include <gmock/gmock.h>

#include "explore/workload/lower.h"
#include "workload/nets.h"

namespace millrace::workload {
namespace {

using test::Net;
using test::Shape;
using testing::HasSubstr;

Workload lowered(Net& net, model::TensorId output, const LowerOptions& options = {}) {
    net.output(output);
    Diagnostics diagnostics;
    auto result = lower(net.network, options, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(Workload{});
}

/// "Type: dims | O axes | input axes | ..." of all layers.
std::vector<std::string> nests(const Workload& workload) {
    std::vector<std::string> result;
    for (const Layer& layer : workload.layers) {
        std::string line = layer.type + ":";
        for (const LoopDim& dim : layer.dims) {
            line += " " + dim.name + (dim.kind == DimKind::reduction ? "+" : "") + std::to_string(dim.size);
        }
        const auto add = [&](const Operand& operand) {
            line += " | " + operand.name;
            for (const Axis& axis : operand.axes) line += " [" + text(axis.index, layer.dims) + "]";
        };
        add(layer.output);
        for (const Operand& operand : layer.inputs) add(operand);
        result.push_back(line);
    }
    return result;
}

TEST(Operators, MatrixProducts) {
    Net net;
    const auto x = net.input({5, 7});
    const auto y =
        net.op("Gemm", {x, net.weights({3, 5})}, {7, 3}, {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}});
    const Workload workload = lowered(net, y);
    EXPECT_THAT(nests(workload), testing::ElementsAre("Gemm: C+5 D7 K3 | O [D] [K] | I [C] [D] | W [K] [C]"));
    Net batched;
    const auto a = batched.input({2, 3, 4, 5});
    const auto b = batched.input({3, 5, 6});
    const auto c = batched.op("MatMul", {a, b}, {2, 3, 4, 6});
    const auto d = batched.op("MatMul", {c, batched.weights({6})}, {2, 3, 4});
    EXPECT_THAT(nests(lowered(batched, d)),
                testing::ElementsAre("MatMul: C+5 D4 K6 B2 H3 | O [B] [H] [D] [K] | I [B] [H] [D] [C] | W [H] [C] [K]",
                                     "MatMul: C+6 D4 K1 B2 H3 | O [B] [H] [D] | I [B] [H] [D] [C] | W [C]"));
}

TEST(Operators, PoolingHasNoChannelReduction) {
    Net net;
    const auto x = net.input({1, 4, 9, 12});
    const auto y = net.pool("MaxPool", x, {3, 2}, {2, 3}, {1, 0, 0, 0});
    const auto z = net.op("GlobalAveragePool", {y}, {1, 4, 1, 1});
    const Workload workload = lowered(net, z);
    EXPECT_THAT(nests(workload), testing::ElementsAre("MaxPool: B1 K4 OY4 OX4 FY+3 FX+2 | O [B] [K] [OY] [OX] | W [FY] "
                                                      "[FX] | I [B] [K] [2*OY + FY - 1] [3*OX + FX]",
                                                      "GlobalAveragePool: B1 K4 OY1 OX1 FY+4 FX+4 | O [B] [K] [OY] "
                                                      "[OX] | W [FY] [FX] | I [B] [K] [OY + FY] [OX + FX]"));
    for (const Layer& layer : workload.layers) {
        EXPECT_TRUE(layer.elementwise);
        EXPECT_EQ(layer.inputs[0].bits, 0);
    }
    EXPECT_EQ(workload.layers[LayerId(0)].output.bits, 8);
    EXPECT_EQ(workload.layers[LayerId(1)].output.bits, 16);
}

TEST(Operators, PeersQuirksAreSwitches) {
    LowerOptions options;
    options.compat = {"stream-pooling", "stream-elementwise"};
    Net net;
    const auto x = net.input({1, 4, 9, 12});
    const auto y = net.op("Relu", {net.pool("MaxPool", x, {3, 2}, {1, 1}, {0, 0, 0, 0})}, {1, 4, 7, 11});
    EXPECT_THAT(nests(lowered(net, y, options)),
                testing::ElementsAre(HasSubstr("B1 K4 OY7 OX11 FY+3 FX+2 C+4"), HasSubstr("Relu: B1 H4 D7 K11")));
    options.compat = {"stream-poling"};
    Diagnostics diagnostics;
    EXPECT_FALSE(lower(net.network, options, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("did you mean 'stream-pooling'"));
}

TEST(Operators, ElementwiseBroadcasts) {
    Net net;
    const auto x = net.input({2, 4, 5, 6});
    const auto y = net.op("Mul", {net.weights({4, 1, 6}), x}, {2, 4, 5, 6});
    const auto z = net.op("Max", {y, x, net.weights({})}, {2, 4, 5, 6});
    const Workload workload = lowered(net, z);
    EXPECT_THAT(
        nests(workload),
        testing::ElementsAre("Mul: B2 K4 OY5 OX6 | O [B] [K] [OY] [OX] | W [K] [OX] | I [B] [K] [OY] [OX]",
                             "Max: B2 K4 OY5 OX6 | O [B] [K] [OY] [OX] | W [B] [K] [OY] [OX] | I [B] [K] [OY] [OX]",
                             "Max: B2 K4 OY5 OX6 | O [B] [K] [OY] [OX] | W | I [B] [K] [OY] [OX]"));
    Net rows;
    const auto a = rows.input({3, 7});
    EXPECT_THAT(nests(lowered(rows, rows.op("Sigmoid", {a}, {3, 7}))),
                testing::ElementsAre("Sigmoid: D3 K7 | O [D] [K] | I [D] [K]"));
}

TEST(Operators, SoftmaxIsFourLayers) {
    Net net;
    const auto x = net.input({2, 3, 5});
    const auto y = net.op("Softmax", {x}, {2, 3, 5}, {{"axis", std::int64_t{-1}}});
    EXPECT_THAT(nests(lowered(net, y)),
                testing::ElementsAre("ReduceMax: B2 D3 K+5 | O [B] [D] [0] | I [B] [D] [K]",
                                     "Exp: B2 D3 K5 | O [B] [D] [K] | W [B] [D] | I [B] [D] [K]",
                                     "ReduceSum: B2 D3 K+5 | O [B] [D] [0] | I [B] [D] [K]",
                                     "Div: B2 D3 K5 | O [B] [D] [K] | W [B] [D] | I [B] [D] [K]"));
    net.last().version = 11;
    net.last().attributes.clear();
    net.network.outputs.clear();
    EXPECT_THAT(nests(lowered(net, y)), testing::Contains("ReduceMax: B2 D+3 K+5 | O [B] [0] [0] | I [B] [D] [K]"));
}

TEST(Operators, NormalisationsAreDecomposed) {
    Net net;
    const auto x = net.input({2, 3, 5});
    const auto y = net.op("LayerNormalization", {x, net.weights({5}), net.weights({5})}, {2, 3, 5});
    const auto names = nests(lowered(net, y));
    ASSERT_EQ(names.size(), 5U);
    EXPECT_EQ(names[4], "Mul: B2 D3 K5 | O [B] [D] [K] | W [K] | I [B] [D] [K]");
    Net batch;
    const auto a = batch.input({2, 3, 5, 7});
    const auto w = batch.weights({3});
    EXPECT_THAT(
        nests(lowered(batch, batch.op("BatchNormalization", {a, w, w, w, w}, {2, 3, 5, 7}))),
        testing::ElementsAre("BatchNormalization: B2 K3 OY5 OX7 | O [B] [K] [OY] [OX] | W [K] | I [B] [K] [OY] [OX]"));
}

TEST(Operators, TransposedConvolutionCountsItsWorkOnce) {
    Net net;
    const auto x = net.input({1, 6, 5, 7});
    const auto y = net.op("ConvTranspose", {x, net.weights({6, 2, 4, 6})}, {1, 2, 12, 24}, {{"strides", Shape{2, 3}}});
    const Workload workload = lowered(net, y);
    EXPECT_THAT(nests(workload),
                testing::ElementsAre(
                    "ConvTranspose: B1 K2 G1 OX8 PX3 OY6 PY2 C+6 FX+2 FY+2 | O [B] [2*G + K] [2*OY + PY] [3*OX + PX]"
                    " | W [6*G + C] [K] [2*FY + PY] [3*FX + PX] | I [B] [6*G + C] [OY - FY] [OX - FX]"));
    // Each output element takes kernel / stride taps of each channel.
    EXPECT_EQ(workload.layers[LayerId(0)].operations(), (12 * 24) * 2 * 6 * (4 / 2) * (6 / 3));
}

TEST(Operators, ResizeIsAnIndexExpression) {
    Net net;
    const auto x = net.input({1, 2, 5, 7});
    const auto y =
        net.op("Resize", {x}, {1, 2, 10, 21},
               {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
    const auto z = net.op("Resize", {y}, {1, 2, 10, 42}, {{"mode", "linear"}});
    EXPECT_THAT(
        nests(lowered(net, z)),
        testing::ElementsAre(
            "Resize: B1 K2 OY10 OX21 | O [B] [K] [OY] [OX] | I [B] [K] [floor((5*OY) / 10)] [floor((7*OX) / 21)]",
            "Resize: B1 K2 OY10 OX42 FX+2 | O [B] [K] [OY] [OX] | I [B] [K] [OY] [floor((42*OX + 84*FX - 21) / 84)]"));
}

TEST(Operators, ViewsLeaveNoLayersAndMarkOutputs) {
    Net net;
    const auto x = net.input({1, 2, 4, 6});
    const auto y = net.op("Relu", {x}, {1, 2, 4, 6});
    const auto z = net.op("Reshape", {y}, {8, 6});
    const auto t = net.op("Transpose", {z}, {6, 8}, {{"perm", Shape{1, 0}}});
    net.output(t);
    const Workload workload = lowered(net, net.op("Relu", {t}, {6, 8}));
    ASSERT_EQ(workload.layers.size(), 2U);
    EXPECT_TRUE(workload.tensors[workload.layers[LayerId(0)].result].isOutput);
    // Row 1 of [6, 8] is column 1 of [8, 6].
    const auto touched = needs(workload, workload.layers[LayerId(1)].inputs[0].source, {{1, 2}, {2, 4}});
    ASSERT_EQ(touched.size(), 1U);
    EXPECT_EQ(touched[0].box, (Box{{0, 1}, {0, 1}, {2, 4}, {1, 2}}));
}

TEST(Operators, HostOperatorsAreListedWithTheirReason) {
    Net net;
    const auto x = net.input({1, 2, 4, 6});
    const auto y = net.op("Relu", {x}, {1, 2, 4, 6});
    const auto h = net.op("Frobnicate", {y}, {1, 2, 4, 6});
    net.last().known = false;
    const Workload workload = lowered(net, net.op("Relu", {h}, {1, 2, 4, 6}));
    ASSERT_EQ(workload.hostOperators.size(), 1U);
    const HostOperator& host = workload.hostOperators[0];
    EXPECT_EQ(host.reason, "unknown operator type 'Frobnicate'");
    ASSERT_EQ(host.inputs.size(), 1U);
    EXPECT_EQ(host.inputs[0], workload.layers[LayerId(0)].result);
    EXPECT_TRUE(workload.tensors[host.inputs[0]].isOutput);
    ASSERT_EQ(host.outputs.size(), 1U);
    EXPECT_EQ(workload.tensors[host.outputs[0]].origin, TensorOrigin::host);
}

TEST(Operators, PrecisionAttributesOverride) {
    Net net;
    const auto x = net.input({1, 2, 4, 6});
    const auto y = net.conv(x, 3, {1, 1});
    net.last().attributes["weight_size"] = std::int64_t{2};
    net.last().attributes["act_size"] = std::int64_t{4};
    const Workload workload = lowered(net, y);
    const Layer& layer = workload.layers[LayerId(0)];
    EXPECT_EQ(layer.inputs[0].bits, 2);
    EXPECT_EQ(layer.inputs[1].bits, 4);
    EXPECT_EQ(layer.output.bits, 8);
    EXPECT_EQ(layer.outputFinalBits, 4);
    EXPECT_EQ(workload.tensors[layer.result].bits, 4);
}

TEST(Operators, ContradictionsAreErrors) {
    Net net;
    const auto x = net.input({1, 2, 4, 6});
    net.output(net.op("Conv", {x, net.weights({4, 3, 1, 1})}, {1, 4, 4, 6}));
    net.output(net.op("MatMul", {x, net.weights({5, 3})}, {1, 2, 4, 3}));
    Diagnostics diagnostics;
    EXPECT_FALSE(lower(net.network, {}, diagnostics));
    EXPECT_EQ(diagnostics.failures(), 2U);
    EXPECT_THAT(diagnostics.text(),
                HasSubstr("weights of 4 x 3 channels in 1 groups do not fit 2 input and 4 output channels"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("operands [1, 2, 4, 6] and [5, 3] do not fit the result [1, 2, 4, 3]"));
    LowerOptions options;
    options.weightBits = 0;
    EXPECT_FALSE(lower(net.network, options, diagnostics));
}

}  // namespace
}  // namespace millrace::workload
