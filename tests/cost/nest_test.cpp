#include "explore/cost/nest.h"

#include <gmock/gmock.h>

#include "layers.h"
#include "toy.h"

namespace millrace::cost {
namespace {

using enum hardware::MemoryOperand;
using testing::ElementsAre;
using testing::HasSubstr;
using workload::DimKind;

Relation relation(std::int64_t c2, std::int64_t c3) { return {"IX", {0, 1}, {c2, c3}, 0, 0}; }

TEST(Halo, Examples) {
    EXPECT_EQ(halo(relation(1, 1), 5, 3), 7);
    EXPECT_EQ(halo(relation(2, 1), 5, 3), 11);
    EXPECT_EQ(halo(relation(2, 1), 112, 7), 229);
    EXPECT_EQ(halo(relation(1, 2), 1, 3), 5);  // ZigZag's formula, beyond its region
    EXPECT_EQ(halo(relation(2, 2), 5, 3), 7);
    EXPECT_EQ(halo(relation(4, 1), 5, 3), 15);
}

TEST(Classify, ConvolutionLoops) {
    const Nest nest = test::convolution(6, 3, 2, 5, 2, 3);  // B K C OY OX FY FX
    EXPECT_THAT(nest.operands[0].relevant, ElementsAre(1, 3, 4));
    EXPECT_EQ(nest.operands[0].irrelevantMask, 0b1100100u);
    EXPECT_THAT(nest.operands[1].relevant, ElementsAre(1, 2, 5, 6));
    EXPECT_EQ(nest.operands[1].irrelevantMask, 0b0011000u);
    EXPECT_THAT(nest.operands[2].relevant, ElementsAre(0, 2));  // B of size 1 stays: ZigZag's rule with relations
    EXPECT_EQ(nest.operands[2].irrelevantMask, 0b0000010u);
    EXPECT_TRUE(nest.operands[2].partial);
    EXPECT_EQ(nest.macs, 6 * 3 * 2 * 5 * 2 * 3);
}

std::string problemOf(const std::function<void(Nest&)>& change) {
    Nest nest = test::toyNest();
    change(nest);
    Diagnostics diagnostics;
    EXPECT_FALSE(classify(nest, diagnostics));
    return diagnostics.text();
}

TEST(Classify, Mistakes) {
    EXPECT_THAT(problemOf([](Nest& n) { n.dims[1].size = 0; }), HasSubstr("loop K has size 0"));
    EXPECT_THAT(problemOf([](Nest& n) { n.dims[1].size = n.dims[2].size = std::int64_t{1} << 40; }),
                HasSubstr("more than 2^50"));
    EXPECT_THAT(problemOf([](Nest& n) { n.dims.resize(40); }), HasSubstr("40 loop dimensions"));
    EXPECT_THAT(problemOf([](Nest& n) { n.relations[0].coefficients[0] = 0; }), HasSubstr("coefficients from 1"));
    EXPECT_THAT(problemOf([](Nest& n) { n.relations[0].cap = 0, n.relations[0].padding = 9; }),
                HasSubstr("9 of padding"));
    EXPECT_THAT(problemOf([](Nest& n) { n.operands[1].role = I1; }), HasSubstr("both go to the memories of I1"));
    EXPECT_THAT(problemOf([](Nest& n) { n.operands[1].bits = -1; }), HasSubstr("-1 bits"));
    EXPECT_THAT(problemOf([](Nest& n) { n.operands[0].index[0].which = 77; }), HasSubstr("not of the layer"));
}

TEST(NestOf, ConvolutionOfAWorkload) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.strideY = 2;
    test::addConv(workload, "conv", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    const workload::Layer& layer = *workload.layers.begin();
    Diagnostics diagnostics;
    const auto nest = nestOf(layer, diagnostics);
    ASSERT_TRUE(nest) << diagnostics.text();
    ASSERT_EQ(nest->relations.size(), 2u);
    EXPECT_EQ(nest->relations[0].cap, shape.iy());
    EXPECT_EQ(nest->relations[1].cap, shape.ix());
    EXPECT_EQ(nest->relations[0].coefficients[0], 2);
    EXPECT_EQ(nest->dims[nest->relations[0].dims[0]].name, "OY");
    EXPECT_EQ(nest->dims[nest->relations[0].dims[1]].name, "FY");
    EXPECT_EQ(nest->macs, layer.operations());
    const auto tile = nestOf(layer, {{"OY", 2}, {"K", 4}}, diagnostics);
    ASSERT_TRUE(tile);
    EXPECT_EQ(tile->macs, layer.operations() / shape.oy * 2 / shape.k * 4);
    EXPECT_FALSE(nestOf(layer, {{"ZZ", 2}}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("no loop 'ZZ'"));
}

/// A layer over dims A 6 (parallel), R 3 (reduction), S 2 (reduction) whose input has one axis with these terms.
workload::Layer oddLayer(std::vector<workload::AffineTerm> terms, std::int64_t divisor) {
    workload::Layer layer;
    layer.name = "odd";
    layer.dims = {{"A", 6, DimKind::parallel}, {"R", 3, DimKind::reduction}, {"S", 2, DimKind::reduction}};
    layer.output = {"O", {{"A", test::term(0), 6}}, 16, "O", {}};
    layer.inputs = {{"I", {{"X", {std::move(terms), 1, divisor}, 9}}, 8, "I1", {}}};
    return layer;
}

TEST(NestOf, AxesThatZigZagDoesNotHave) {
    Diagnostics diagnostics;
    const auto transposed = nestOf(oddLayer({{1, -1}, {0, 1}}, 2), diagnostics);  // floor((A - R + 1) / 2)
    ASSERT_TRUE(transposed) << diagnostics.text();
    EXPECT_EQ(transposed->relations[0].dims[0], 0u);  // the reduction stands second
    EXPECT_EQ(transposed->relations[0].cap, 9);
    const auto three = nestOf(oddLayer({{0, 2}, {1, 1}, {2, 1}}, 1), diagnostics);
    ASSERT_TRUE(three);
    EXPECT_EQ(three->operands[1].index.size(), 2u);
    EXPECT_THAT(three->operands[1].relevant, ElementsAre(2));
    const auto strided = nestOf(oddLayer({{0, 3}}, 1), diagnostics);
    EXPECT_TRUE(strided->relations.empty());
    EXPECT_THAT(strided->operands[1].relevant, ElementsAre(0));
    const auto constant = nestOf(oddLayer({}, 1), diagnostics);
    EXPECT_TRUE(constant->operands[1].index.empty());
    const auto nothing = nestOf(oddLayer({{0, 0}}, 1), diagnostics);
    EXPECT_TRUE(nothing->operands[1].index.empty());
}

TEST(NestOf, ThirdInputsJoinTheSecond) {
    workload::Layer layer = oddLayer({{0, 1}}, 1);
    layer.inputs.push_back({"W", {{"R", test::term(1), 3}}, 8, "I2", {}});
    layer.inputs.push_back({"Z", {{"S", test::term(2), 2}}, 4, "I2", {}});
    Diagnostics diagnostics;
    const auto nest = nestOf(layer, diagnostics);
    ASSERT_TRUE(nest) << diagnostics.text();
    ASSERT_EQ(nest->operands.size(), 3u);
    EXPECT_EQ(nest->operands[2].bits, 12);
    EXPECT_THAT(nest->operands[2].relevant, ElementsAre(1, 2));
    layer.inputs[0].memoryOperand = "X7";
    EXPECT_FALSE(nestOf(layer, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("memory operand 'X7'"));
}

}  // namespace
}  // namespace millrace::cost
