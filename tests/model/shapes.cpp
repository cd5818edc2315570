#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/builder.h"
#include "model/operators/attributes.h"
#include "model/operators/operators.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;
using test::NodeBuilder;
using test::shapeOf;
using testing::ElementsAre;

/// One operator on input x; `more` are further inputs, added by `prepare`.
std::string one(std::int64_t opset, const std::string& type, const Shape& x, const std::vector<std::string>& more,
                const std::function<void(ModelBuilder&)>& prepare, const std::function<void(NodeBuilder&)>& change) {
    ModelBuilder b(opset);
    b.input("x", x).output("y");
    prepare(b);
    std::vector<std::string> inputs{"x"};
    inputs.insert(inputs.end(), more.begin(), more.end());
    NodeBuilder node = b.node(type, inputs, {"y"});
    change(node);
    return shapeOf(b);
}
void nothing(ModelBuilder&) {}
void plain(NodeBuilder&) {}

std::string withInts(std::int64_t opset, const std::string& type, const Shape& x,
                     const std::vector<std::int64_t>& values) {
    return one(
        opset, type, x, {"v"}, [&](ModelBuilder& b) { b.int64s("v", values); }, plain);
}
std::string withAttribute(std::int64_t opset, const std::string& type, const Shape& x, const std::string& name,
                          std::int64_t value) {
    return one(opset, type, x, {}, nothing, [&](NodeBuilder& n) { n.integer(name, value); });
}
std::string withList(std::int64_t opset, const std::string& type, const Shape& x, const std::string& name,
                     const std::vector<std::int64_t>& values) {
    return one(opset, type, x, {}, nothing, [&](NodeBuilder& n) { n.integers(name, values); });
}

TEST(Shapes, UnaryKeepTheirInput) {
    for (const auto* type : {"Relu", "LeakyRelu", "Elu",      "Selu",       "Sigmoid", "HardSigmoid", "HardSwish",
                             "Tanh", "Softplus",  "Softsign", "Clip",       "Erf",     "Gelu",        "Mish",
                             "Exp",  "Log",       "Sqrt",     "Reciprocal", "Abs",     "Neg",         "Floor",
                             "Ceil", "Round",     "Sign",     "Identity",   "Softmax", "LogSoftmax",  "Dropout"}) {
        EXPECT_EQ(one(20, type, {2, 3, 5, 7}, {}, nothing, plain), "[2,3,5,7]") << type;
    }
}

TEST(Shapes, BinaryBroadcast) {
    for (const auto* type : {"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "Equal", "Less", "Greater",
                             "LessOrEqual", "GreaterOrEqual"}) {
        const auto prepare = [](ModelBuilder& b) { b.input("v", {4, 1, 7}); };
        EXPECT_EQ(one(13, type, {2, 1, 5, 1}, {"v"}, prepare, plain), "[2,4,5,7]") << type;
    }
}

TEST(Shapes, ComparisonsGiveBooleans) {
    ModelBuilder b;
    b.input("x", {2, 3}).output("y");
    b.node("Less", {"x", "x"}, {"y"});
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics);
    EXPECT_EQ(network->tensors[network->find("y")].type, DataType::boolean);
}

TEST(Shapes, Where) {
    ModelBuilder b;
    b.input("c", {3, 1}, DataType::boolean).input("x", {1, 4}).input("z", {2, 1, 1}).output("y");
    b.node("Where", {"c", "x", "z"}, {"y"});
    EXPECT_EQ(shapeOf(b), "[2,3,4]");
}

TEST(Shapes, Normalizations) {
    const auto channels = [](ModelBuilder& b) {
        b.weight("s", {3}).weight("t", {3}).weight("m", {3}).weight("v", {3});
    };
    EXPECT_EQ(one(9, "BatchNormalization", {2, 3, 5, 7}, {"s", "t", "m", "v"}, channels, plain), "[2,3,5,7]");
    EXPECT_EQ(one(9, "InstanceNormalization", {2, 3, 5, 7}, {"s", "t"}, channels, plain), "[2,3,5,7]");
    EXPECT_EQ(withAttribute(13, "LRN", {2, 3, 5, 7}, "size", 5), "[2,3,5,7]");
    ModelBuilder b(17);
    b.input("x", {2, 3, 5, 7}).weight("s", {5, 7}).output("y").output("mean");
    b.node("LayerNormalization", {"x", "s"}, {"y", "mean"}).integer("axis", -2);
    EXPECT_EQ(shapeOf(b), "[2,3,5,7]");
    EXPECT_EQ(shapeOf(b, "mean"), "[2,3,1,1]");
}

TEST(Shapes, DropoutMaskIsBooleanFromOpset10) {
    for (const std::int64_t opset : {7, 10, 13}) {
        ModelBuilder b(opset);
        b.input("x", {2, 3}).output("y").output("mask");
        b.node("Dropout", {"x"}, {"y", "mask"});
        Diagnostics diagnostics;
        const auto network = b.import(diagnostics);
        ASSERT_TRUE(network);
        const Tensor& mask = network->tensors[network->find("mask")];
        EXPECT_EQ(mask.type, opset < 10 ? DataType::float32 : DataType::boolean);
        EXPECT_EQ(text(*mask.shape), "[2,3]");
    }
}

TEST(Shapes, Layout) {
    EXPECT_EQ(one(13, "Flatten", {2, 3, 5, 7}, {}, nothing, plain), "[2,105]");
    EXPECT_EQ(withAttribute(13, "Flatten", {2, 3, 5, 7}, "axis", -1), "[30,7]");
    EXPECT_EQ(withAttribute(13, "Flatten", {2, 3, 5, 7}, "axis", 0), "[1,210]");
    EXPECT_EQ(withAttribute(13, "Flatten", {2, 3, 5, 7}, "axis", 4), "[210,1]");
    EXPECT_EQ(withInts(13, "Reshape", {2, 3, 5, 7}, {0, -1, 7}), "[2,15,7]");
    EXPECT_EQ(withInts(13, "Squeeze", {2, 1, 5, 1}, {-1}), "[2,1,5]");
    EXPECT_EQ(one(13, "Squeeze", {2, 1, 5, 1}, {}, nothing, plain), "[2,5]");
    EXPECT_EQ(withList(11, "Squeeze", {2, 1, 5, 1}, "axes", {1}), "[2,5,1]");
    EXPECT_EQ(withInts(13, "Unsqueeze", {2, 5}, {0, -1}), "[1,2,5,1]");
    EXPECT_EQ(withList(11, "Unsqueeze", {2, 5}, "axes", {3, 1}), "[2,1,5,1]");
    EXPECT_EQ(withList(13, "Transpose", {2, 3, 5, 7}, "perm", {0, 2, 3, 1}), "[2,5,7,3]");
    EXPECT_EQ(one(13, "Transpose", {2, 3, 5, 7}, {}, nothing, plain), "[7,5,3,2]");
    EXPECT_EQ(withAttribute(13, "DepthToSpace", {2, 12, 5, 7}, "blocksize", 2), "[2,3,10,14]");
    EXPECT_EQ(withAttribute(13, "SpaceToDepth", {2, 3, 6, 9}, "blocksize", 3), "[2,27,2,3]");
}

TEST(Shapes, ReshapeAllowZero) {
    const auto shape = [](ModelBuilder& b) { b.int64s("v", {0, 4}); };
    EXPECT_EQ(one(14, "Reshape", {0, 3}, {"v"}, shape, [](NodeBuilder& n) { n.integer("allowzero", 1); }).find("[0,4]"),
              std::string::npos)
        << "an input without elements is refused";
    ModelBuilder b(14);
    b.input("x", {2, 3}).int64s("none", {}).int64s("v", {0, 4}).output("y").output("x");
    b.node("Reshape", {"none", "v"}, {"y"}).integer("allowzero", 1);
    EXPECT_EQ(shapeOf(b), "[0,4]");
}

TEST(Shapes, ConcatSplitGather) {
    ModelBuilder c;
    c.input("x", {2, 3, 5}).input("z", {2, 4, 5}).output("y");
    c.node("Concat", {"x", "z", "x"}, {"y"}).integer("axis", -2);
    EXPECT_EQ(shapeOf(c), "[2,10,5]");
    ModelBuilder s(13);
    s.input("x", {2, 9}).int64s("v", {2, 3, 4}).output("y").output("a");
    s.node("Split", {"x", "v"}, {"a", "b", "y"}).integer("axis", 1);
    EXPECT_EQ(shapeOf(s, "a") + shapeOf(s, "b") + shapeOf(s), "[2,2][2,3][2,4]");
    ModelBuilder u(18);
    u.input("x", {2, 7}).output("y");
    u.node("Split", {"x"}, {"a", "b", "y"}).integer("axis", 1).integer("num_outputs", 3);
    EXPECT_EQ(shapeOf(u, "a") + shapeOf(u, "b") + shapeOf(u), "[2,3][2,3][2,1]");
    ModelBuilder o(11);
    o.input("x", {6, 2}).output("y");
    o.node("Split", {"x"}, {"a", "y"});
    EXPECT_EQ(shapeOf(o), "[3,2]");
    const auto indices = [](ModelBuilder& b) { b.input("v", {4, 6}, DataType::int64); };
    EXPECT_EQ(one(13, "Gather", {2, 3, 5}, {"v"}, indices, [](NodeBuilder& n) { n.integer("axis", 1); }), "[2,4,6,5]");
}

TEST(Shapes, SliceForwardAndBackward) {
    const auto slice = [](std::vector<std::int64_t> starts, std::vector<std::int64_t> ends,
                          std::vector<std::int64_t> axes, std::vector<std::int64_t> steps) {
        return one(
            13, "Slice", {10, 7}, {"s", "e", "a", "t"},
            [&](ModelBuilder& b) { b.int64s("s", starts).int64s("e", ends).int64s("a", axes).int64s("t", steps); },
            plain);
    };
    EXPECT_EQ(slice({1}, {9}, {0}, {3}), "[3,7]");
    EXPECT_EQ(slice({-3}, {INT64_MAX}, {1}, {1}), "[10,3]");
    EXPECT_EQ(slice({-1}, {INT64_MIN}, {0}, {-1}), "[10,7]");
    EXPECT_EQ(slice({8, 6}, {1, 0}, {0, 1}, {-3, -2}), "[3,3]");
    EXPECT_EQ(slice({5}, {5}, {0}, {1}), "[0,7]");
    EXPECT_EQ(slice({100}, {0}, {0}, {-1}), "[9,7]");
    EXPECT_EQ(one(9, "Slice", {10, 7}, {}, nothing,
                  [](NodeBuilder& n) {
                      n.integers("starts", {2, 1}).integers("ends", {-1, 100});
                  }),
              "[7,6]");
}

TEST(Shapes, SliceAttributesAreClamped) {
    ModelBuilder b;
    b.input("x", {10, 7}).output("y").int64s("s", {8}).int64s("e", {INT64_MIN}).int64s("a", {0}).int64s("t", {-3});
    b.node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics);
    const auto axes = sliceAttributes(*network, network->operators[OperatorId(0)]);
    EXPECT_EQ(axes[0].start, 8);
    EXPECT_EQ(axes[0].step, -3);
    EXPECT_EQ(axes[0].size, 3);
    EXPECT_EQ(axes[1].size, 7);
}

TEST(Shapes, PadExpandTile) {
    EXPECT_EQ(withInts(13, "Pad", {2, 3, 5}, {0, 1, 2, 3, -1, 4}), "[5,3,11]");
    EXPECT_EQ(withList(10, "Pad", {2, 3}, "pads", {0, 1, 2, 3}), "[4,7]");
    EXPECT_EQ(one(
                  18, "Pad", {2, 3, 5}, {"p", "", "a"},
                  [](ModelBuilder& b) {
                      b.int64s("p", {1, 2}).int64s("a", {-1});
                  },
                  plain),
              "[2,3,8]");
    EXPECT_EQ(withInts(13, "Expand", {3, 1}, {2, 1, 6}), "[2,3,6]");
    EXPECT_EQ(withInts(13, "Tile", {2, 3}, {3, 2}), "[6,6]");
}

TEST(Shapes, Reductions) {
    for (const auto* type : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                             "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}) {
        EXPECT_EQ(withList(17, type, {2, 3, 5}, "axes", {-1, 0}), "[1,3,1]") << type;
        EXPECT_EQ(withInts(18, type, {2, 3, 5}, {1}), "[2,1,5]") << type;
    }
    EXPECT_EQ(withList(12, "ReduceSum", {2, 3, 5}, "axes", {1}), "[2,1,5]");
    EXPECT_EQ(withInts(13, "ReduceSum", {2, 3, 5}, {2}), "[2,3,1]");
    EXPECT_EQ(withAttribute(13, "ReduceMean", {2, 3, 5}, "keepdims", 0), "[]");
    EXPECT_EQ(withAttribute(18, "ReduceMean", {2, 3, 5}, "noop_with_empty_axes", 1), "[2,3,5]");
    EXPECT_EQ(withAttribute(13, "ArgMax", {2, 3, 5}, "axis", 1), "[2,1,5]");
    EXPECT_EQ(one(13, "ArgMin", {2, 3, 5}, {}, nothing, [](NodeBuilder& n) { n.integer("keepdims", 0); }), "[3,5]");
}

TEST(Shapes, Resize) {
    EXPECT_EQ(one(
                  10, "Resize", {1, 3, 5, 7}, {"s"},
                  [](ModelBuilder& b) {
                      b.floats("s", {1, 1, 2, 0.5F});
                  },
                  plain),
              "[1,3,10,3]");
    EXPECT_EQ(one(
                  13, "Resize", {1, 3, 5, 7}, {"", "s"},
                  [](ModelBuilder& b) {
                      b.floats("s", {1, 1, 0.6F, 3});
                  },
                  plain),
              "[1,3,3,21]");
    EXPECT_EQ(one(
                  11, "Resize", {1, 3, 5, 7}, {"r", "s", "z"},
                  [](ModelBuilder& b) {
                      b.floats("r", {}).floats("s", {}).int64s("z", {1, 3, 11, 9});
                  },
                  plain),
              "[1,3,11,9]");
    EXPECT_EQ(one(
                  18, "Resize", {1, 3, 10, 20}, {"", "", "z"},
                  [](ModelBuilder& b) {
                      b.int64s("z", {5, 5});
                  },
                  [](NodeBuilder& n) {
                      n.integers("axes", {2, 3}).text("keep_aspect_ratio_policy", "not_larger");
                  }),
              "[1,3,3,5]");
    EXPECT_EQ(one(
                  10, "Resize", {10}, {"s"}, [](ModelBuilder& b) { b.floats("s", {0.7F}); }, plain),
              "[7]")
        << "in floats, as runtimes do; exactly it would be 6.99999988";
    EXPECT_EQ(one(7, "Upsample", {1, 3, 5, 7}, {}, nothing,
                  [](NodeBuilder& n) {
                      n.reals("scales", {1, 1, 2, 3});
                  }),
              "[1,3,10,21]");
    EXPECT_EQ(one(
                  9, "Upsample", {1, 3, 5, 7}, {"s"},
                  [](ModelBuilder& b) {
                      b.floats("s", {1, 1, 2, 3});
                  },
                  plain),
              "[1,3,10,21]");
}

TEST(Shapes, ResizeScalesAreFractions) {
    ModelBuilder b;
    b.input("x", {1, 3, 6, 7}).floats("s", {1, 1, 1.0F / 3, 2.5F}).output("y");
    b.node("Resize", {"x", "", "s"}, {"y"});
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics);
    const ResizeAttributes resize = resizeAttributes(*network, network->operators[OperatorId(0)]);
    EXPECT_THAT(resize.scales, ElementsAre(Rational{1, 1}, Rational{1, 1}, Rational{1, 3}, Rational{5, 2}));
    EXPECT_EQ(resize.coordinateTransformation, "half_pixel");
    EXPECT_FALSE(resize.fromSizes);
}

TEST(Attributes, SoftmaxIsFlattenedBeforeOpset13) {
    const auto softmax = [](std::int64_t opset) {
        ModelBuilder b(opset);
        b.input("x", {2, 3, 5, 7}).output("y");
        b.node("Softmax", {"x"}, {"y"});
        Diagnostics diagnostics;
        const auto network = b.import(diagnostics);
        return softmaxAttributes(*network, network->operators[OperatorId(0)]);
    };
    EXPECT_EQ(softmax(12).firstAxis, 1U);
    EXPECT_EQ(softmax(12).lastAxis, 3U);
    EXPECT_EQ(softmax(13).firstAxis, 3U);
    EXPECT_EQ(softmax(13).lastAxis, 3U);
}

TEST(Table, EveryVariantHasARuleAndVariantsDoNotOverlap) {
    for (const OperatorSpec& a : operatorTable()) {
        EXPECT_NE(a.shapeRule, nullptr) << a.name;
        EXPECT_LE(a.firstOpset, a.lastOpset) << a.name;
        for (const OperatorSpec& b : operatorTable()) {
            if (&a == &b || a.name != b.name) continue;
            EXPECT_TRUE(a.lastOpset < b.firstOpset || b.lastOpset < a.firstOpset) << a.name;
        }
    }
    EXPECT_EQ(findSpec("Gelu", "", 19), nullptr);
    EXPECT_NE(findSpec("Gelu", "ai.onnx", 20), nullptr);
    EXPECT_EQ(findSpec("Relu", "com.example", 13), nullptr);
    EXPECT_EQ(findSpec("Upsample", "", 10), nullptr);
}

}  // namespace
}  // namespace millrace::model
