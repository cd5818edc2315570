#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/builder.h"
#include "model/operators/attributes.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;
using test::NodeBuilder;
using test::shapeOf;
using testing::ElementsAre;

using Change = void (*)(NodeBuilder&);

ModelBuilder convModel(const std::string& type, const Shape& x, const Shape& w, Change change) {
    ModelBuilder b;
    b.input("x", x).weight("w", w).output("y");
    NodeBuilder node = b.node(type, {"x", "w"}, {"y"});
    change(node);
    return b;
}

std::string conv(const Shape& x, const Shape& w, Change change) { return shapeOf(convModel("Conv", x, w, change)); }
std::string transposed(const Shape& x, const Shape& w, Change change) {
    return shapeOf(convModel("ConvTranspose", x, w, change));
}

std::string pool(const std::string& type, std::int64_t opset, const Shape& x, Change change) {
    ModelBuilder b(opset);
    b.input("x", x).output("y");
    NodeBuilder node = b.node(type, {"x"}, {"y"});
    change(node);
    return shapeOf(b);
}

Operator firstOperator(const ModelBuilder& b, Network& network) {
    Diagnostics diagnostics;
    network = b.import(diagnostics).value();
    return network.operators[OperatorId(0)];
}

TEST(Conv, Shapes) {
    EXPECT_EQ(conv({2, 3, 9, 14}, {5, 3, 3, 4}, [](NodeBuilder&) {}), "[2,5,7,11]");
    EXPECT_EQ(conv({1, 3, 9, 14}, {5, 3, 3, 3},
                   [](NodeBuilder& n) {
                       n.integers("pads", {1, 2, 0, 3});
                   }),
              "[1,5,8,17]");
    EXPECT_EQ(conv({1, 3, 9, 14}, {5, 3, 3, 3},
                   [](NodeBuilder& n) {
                       n.integers("strides", {2, 3}).integers("pads", {1, 1, 1, 1});
                   }),
              "[1,5,5,5]");
    EXPECT_EQ(conv({1, 3, 19, 14}, {5, 3, 3, 3},
                   [](NodeBuilder& n) {
                       n.integers("dilations", {4, 2});
                   }),
              "[1,5,11,10]");
    EXPECT_EQ(conv({1, 6, 9, 14}, {4, 3, 1, 1}, [](NodeBuilder& n) { n.integer("group", 2); }), "[1,4,9,14]");
    EXPECT_EQ(conv({1, 3, 20}, {7, 3, 5}, [](NodeBuilder& n) { n.integers("strides", {2}); }), "[1,7,8]");
    EXPECT_EQ(conv({1, 3, 5, 9, 14}, {7, 3, 2, 3, 4}, [](NodeBuilder&) {}), "[1,7,4,7,11]");
}

TEST(Conv, AutoPadWithStride) {
    EXPECT_EQ(conv({1, 3, 9, 14}, {5, 3, 3, 5},
                   [](NodeBuilder& n) {
                       n.text("auto_pad", "SAME_UPPER").integers("strides", {2, 3});
                   }),
              "[1,5,5,5]");
    EXPECT_EQ(conv({1, 3, 9, 14}, {5, 3, 3, 5},
                   [](NodeBuilder& n) {
                       n.text("auto_pad", "VALID").integers("strides", {2, 3});
                   }),
              "[1,5,4,4]");
}

TEST(Conv, AttributesAreResolved) {
    Network network;
    const auto upper = convModel("Conv", {1, 3, 10, 14}, {5, 3, 3, 4}, [](NodeBuilder& n) {
        n.text("auto_pad", "SAME_UPPER").integers("strides", {2, 3}).integers("dilations", {2, 1});
    });
    ConvAttributes c = convAttributes(network, firstOperator(upper, network));
    EXPECT_THAT(c.kernel, ElementsAre(3, 4));
    EXPECT_THAT(c.strides, ElementsAre(2, 3));
    EXPECT_THAT(c.dilations, ElementsAre(2, 1));
    // Rows: 5 out, (5-1)*2+5-10 = 3 in all; columns: 5 out, (5-1)*3+4-14 = 2.
    EXPECT_THAT(c.padsBegin, ElementsAre(1, 1));
    EXPECT_THAT(c.padsEnd, ElementsAre(2, 1));
    const auto lower = convModel("Conv", {1, 3, 10, 14}, {5, 3, 3, 4}, [](NodeBuilder& n) {
        n.text("auto_pad", "SAME_LOWER").integers("strides", {2, 3}).integers("dilations", {2, 1});
    });
    c = convAttributes(network, firstOperator(lower, network));
    EXPECT_THAT(c.padsBegin, ElementsAre(2, 1));
    EXPECT_THAT(c.padsEnd, ElementsAre(1, 1));
}

TEST(ConvTranspose, Shapes) {
    EXPECT_EQ(transposed({1, 3, 5, 7}, {3, 4, 3, 2},
                         [](NodeBuilder& n) {
                             n.integers("strides", {2, 3});
                         }),
              "[1,4,11,20]");
    EXPECT_EQ(transposed({1, 4, 5, 7}, {4, 3, 3, 2},
                         [](NodeBuilder& n) {
                             n.integers("strides", {2, 3}).integers("pads", {1, 0, 0, 1}).integer("group", 2);
                             n.integers("output_padding", {1, 2}).integers("dilations", {2, 1});
                         }),
              "[1,6,13,21]");
    EXPECT_EQ(transposed({1, 3, 5, 7}, {3, 4, 3, 3},
                         [](NodeBuilder& n) {
                             n.integers("strides", {2, 3}).text("auto_pad", "SAME_UPPER");
                         }),
              "[1,4,10,21]");
    EXPECT_EQ(transposed({1, 3, 5, 7}, {3, 4, 3, 3},
                         [](NodeBuilder& n) {
                             n.integers("strides", {2, 3}).integers("output_shape", {10, 22});
                         }),
              "[1,4,10,22]");
}

TEST(ConvTranspose, OutputShapeBecomesPadsAndOutputPadding) {
    Network network;
    const auto b = convModel("ConvTranspose", {1, 3, 5, 7}, {3, 4, 3, 3}, [](NodeBuilder& n) {
        n.integers("strides", {2, 3}).integers("output_shape", {8, 22});
    });
    const auto c = convTransposeAttributes(network, firstOperator(b, network));
    EXPECT_THAT(c.padsBegin, ElementsAre(2, 0));
    EXPECT_THAT(c.padsEnd, ElementsAre(1, 0));
    EXPECT_THAT(c.outputPadding, ElementsAre(0, 1));
}

TEST(Pool, Shapes) {
    const Shape x{1, 3, 10, 15};
    EXPECT_EQ(pool("MaxPool", 13, x, [](NodeBuilder& n) { n.integers("kernel_shape", {3, 2}); }), "[1,3,8,14]");
    EXPECT_EQ(pool("MaxPool", 13, x,
                   [](NodeBuilder& n) {
                       n.integers("kernel_shape", {3, 2}).integers("strides", {2, 2}).integer("ceil_mode", 1);
                   }),
              "[1,3,5,8]");
    EXPECT_EQ(pool("MaxPool", 13, x,
                   [](NodeBuilder& n) {
                       n.integers("kernel_shape", {3, 2}).integers("strides", {2, 2}).integers("dilations", {2, 3});
                   }),
              "[1,3,3,6]");
    EXPECT_EQ(pool("AveragePool", 13, x,
                   [](NodeBuilder& n) {
                       n.integers("kernel_shape", {3, 2}).integers("strides", {2, 4}).text("auto_pad", "SAME_LOWER");
                   }),
              "[1,3,5,4]");
    EXPECT_EQ(pool("LpPool", 18, x, [](NodeBuilder& n) { n.integers("kernel_shape", {3, 2}); }), "[1,3,8,14]");
    EXPECT_EQ(pool("GlobalAveragePool", 13, x, [](NodeBuilder&) {}), "[1,3,1,1]");
    EXPECT_EQ(pool("GlobalMaxPool", 13, {1, 3, 10, 15, 4}, [](NodeBuilder&) {}), "[1,3,1,1,1]");
}

// A window that would start in the end padding does not exist: rows (4+0+1-1)/2 up + 1 = 3, but 2*2 >= 4.
TEST(Pool, CeilModeDropsWindowsInTheEndPadding) {
    EXPECT_EQ(pool("MaxPool", 13, {1, 1, 4, 7},
                   [](NodeBuilder& n) {
                       n.integers("kernel_shape", {1, 2}).integers("strides", {2, 2}).integer("ceil_mode", 1);
                       n.integers("pads", {0, 0, 1, 0});
                   }),
              "[1,1,2,4]");
}

TEST(Pool, SecondOutputHoldsIndices) {
    ModelBuilder b;
    b.input("x", {1, 3, 10, 15}).output("y").output("i");
    b.node("MaxPool", {"x"}, {"y", "i"}).integers("kernel_shape", {2, 3});
    EXPECT_EQ(shapeOf(b, "i"), "[1,3,9,13]");
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics);
    EXPECT_EQ(network->tensors[network->find("i")].type, DataType::int64);
}

TEST(Pool, GlobalPoolIsAWindowOverAll) {
    ModelBuilder b;
    b.input("x", {1, 3, 10, 15}).output("y");
    b.node("GlobalAveragePool", {"x"}, {"y"});
    Network network;
    const PoolAttributes p = poolAttributes(network, firstOperator(b, network));
    EXPECT_THAT(p.kernel, ElementsAre(10, 15));
    EXPECT_THAT(p.padsEnd, ElementsAre(0, 0));
}

TEST(Gemm, Shapes) {
    const auto gemm = [](const Shape& a, const Shape& w, int transA, int transB) {
        ModelBuilder b;
        b.input("a", a).weight("w", w).output("y");
        b.node("Gemm", {"a", "w"}, {"y"}).integer("transA", transA).integer("transB", transB);
        return shapeOf(b);
    };
    EXPECT_EQ(gemm({2, 3}, {3, 5}, 0, 0), "[2,5]");
    EXPECT_EQ(gemm({3, 2}, {3, 5}, 1, 0), "[2,5]");
    EXPECT_EQ(gemm({2, 3}, {5, 3}, 0, 1), "[2,5]");
    EXPECT_EQ(gemm({3, 2}, {5, 3}, 1, 1), "[2,5]");
}

TEST(MatMul, Shapes) {
    const auto matMul = [](const Shape& a, const Shape& w) {
        ModelBuilder b;
        b.input("a", a).input("w", w).output("y");
        b.node("MatMul", {"a", "w"}, {"y"});
        return shapeOf(b);
    };
    EXPECT_EQ(matMul({2, 3}, {3, 5}), "[2,5]");
    EXPECT_EQ(matMul({7, 1, 2, 3}, {4, 3, 5}), "[7,4,2,5]");
    EXPECT_EQ(matMul({3}, {4, 3, 5}), "[4,5]");
    EXPECT_EQ(matMul({4, 2, 3}, {3}), "[4,2]");
    EXPECT_EQ(matMul({3}, {3}), "[]");
}

}  // namespace
}  // namespace millrace::model
