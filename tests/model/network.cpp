#include "model/network/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace millrace::model {
namespace {

using testing::HasSubstr;

/// x [2,3] and constant w [3] into a Sum, whose output goes on into a host operator.
Network sample() {
    Network n;
    n.name = "sample";
    n.file = "sample.txt";
    const TensorId x = n.tensors.add({"x", DataType::float32, Shape{2, 3}, {}});
    const TensorId w = n.tensors.add({"w \"1\"\n", DataType::float16, Shape{3}, Constant{}});
    const TensorId k = n.tensors.add({"k", DataType::int32, Shape{2}, Constant{{1, 0, 0, 0, 255, 255, 255, 255}}});
    const TensorId s = n.tensors.add({"s/0:1", DataType::float32, Shape{}, {}});
    const TensorId y = n.tensors.add({"y", DataType::undefined, std::nullopt, {}});
    Operator sum;
    sum.name = "sum of \\ things";
    sum.type = "Sum";
    sum.version = 13;
    sum.inputs = {x, TensorId(), w};
    sum.outputs = {s};
    n.operators.add(sum);
    Operator host;
    host.name = "h";
    host.type = "Odd One";
    host.domain = "com.example";
    host.version = 1;
    host.known = false;
    host.inputs = {s, k};
    host.outputs = {TensorId(), y};
    host.attributes = {{"int", std::int64_t{-5}},
                       {"big", std::numeric_limits<std::int64_t>::min()},
                       {"real", 0.1},
                       {"whole", 3.0},
                       {"huge", 1e300},
                       {"odd", -std::numeric_limits<double>::infinity()},
                       {"none", std::nan("")},
                       {"text", std::string("a\"b\\c\n\xff,{}[]")},
                       {"ints", std::vector<std::int64_t>{1, -2}},
                       {"reals", std::vector<double>{1, 2.5}},
                       {"texts", std::vector<std::string>{"", "x, y"}},
                       {"no ints", std::vector<std::int64_t>{}},
                       {"no reals", std::vector<double>{}},
                       {"no texts", std::vector<std::string>{}}};
    n.operators.add(host);
    n.inputs = {x};
    n.outputs = {y};
    return n;
}

std::string violation(const std::function<void(Network&)>& change) {
    Network n = sample();
    change(n);
    Diagnostics diagnostics;
    EXPECT_FALSE(verify(n, diagnostics));
    EXPECT_EQ(diagnostics.failures(), 1U) << diagnostics.text();
    return diagnostics.text();
}

TEST(Text, IsStableAndRoundTrips) {
    const Network n = sample();
    Diagnostics diagnostics;
    ASSERT_TRUE(verify(n, diagnostics)) << diagnostics.text();
    const std::string text = printText(n);
    EXPECT_EQ(text,
              "network \"sample\"\n"
              "input %x : float32[2,3]\n"
              "constant %\"w \\\"1\\\"\\x0a\" : float16[3]\n"
              "constant %k : int32[2] = {1, -1}\n"
              "op \"sum of \\\\ things\" : Sum @13 (%x, _, %\"w \\\"1\\\"\\x0a\") -> (%s/0:1 : float32[])\n"
              "host \"h\" : \"Odd One\" @1 in \"com.example\" (%s/0:1, %k) -> (_, %y : undefined[?]) "
              "{big = -9223372036854775808, huge = 1e+300, int = -5, ints = ints[1, -2], \"no ints\" = ints[], "
              "\"no reals\" = reals[], \"no texts\" = texts[], none = nan, odd = -inf, real = 0.1, "
              "reals = reals[1.0, 2.5], text = \"a\\\"b\\\\c\\x0a\\xff,{}[]\", texts = texts[\"\", \"x, y\"], "
              "whole = 3.0}\n"
              "output %y\n");
    const auto again = parseText(text, "again.txt", diagnostics);
    ASSERT_TRUE(again) << diagnostics.text();
    EXPECT_EQ(printText(*again), text);
    const Operator& host = again->operators[OperatorId(1)];
    EXPECT_EQ(host.attributes.at("text"), n.operators[OperatorId(1)].attributes.at("text"));
    EXPECT_TRUE(std::holds_alternative<double>(host.attributes.at("whole")));
    EXPECT_FALSE(host.known);
}

TEST(Text, MistakesHaveLineAndColumn) {
    Diagnostics diagnostics;
    EXPECT_FALSE(
        parseText("network \"n\"\ninput %x : float33[2]\n\nop \"a\" : Relu @13 (%z) -> (%y : float32[2])\n"
                  "output %x junk\n",
                  "n.txt", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("n.txt:2:12: error: 'float33' is no element type"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("n.txt:4:20: error: no tensor 'z' stands before this line"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("n.txt:5:"));
}

TEST(Verify, FindsEachViolation) {
    const TensorId x(0);
    const TensorId w(1);
    const TensorId k(2);
    const TensorId s(3);
    const OperatorId sum(0);
    const OperatorId host(1);
    EXPECT_THAT(violation([&](Network& n) { n.tensors[s].name = "x"; }), HasSubstr("two tensors are named 'x'"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[s].name = ""; }), HasSubstr("tensor 3 has no name"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[x].shape = Shape{2, -1}; }), HasSubstr("shape [2,-1]"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[x].shape = Shape(17, 1); }), HasSubstr("more than 16 axes"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[k].constant->bytes.pop_back(); }),
                HasSubstr("constant of 7 bytes; its shape [2] and type int32 make 8"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[w].type = DataType::undefined; }),
                HasSubstr("constant without shape or type"));
    EXPECT_THAT(violation([&](Network& n) { n.tensors[x].type = DataType::undefined; }),
                HasSubstr("graph input without shape or type"));
    EXPECT_THAT(violation([&](Network& n) { n.inputs = {x, x}; }), HasSubstr("'x' is a graph input and produced"));
    EXPECT_THAT(violation([&](Network& n) { n.outputs = {TensorId(9)}; }), HasSubstr("a graph output is not in the"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].name = n.operators[sum].name; }),
                HasSubstr("two operators are named"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].name = ""; }), HasSubstr("has no name"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].type = ""; }), HasSubstr("has no type"));
    EXPECT_THAT(violation([&](Network& n) { std::swap(n.operators[sum], n.operators[host]); }),
                HasSubstr("reads tensor 's/0:1' before it is produced"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].outputs[0] = x; }),
                HasSubstr("writes tensor 'x', which is produced already"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[sum].inputs[1] = TensorId(77); }),
                HasSubstr("reads a tensor that is not in the table"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].outputs[0] = TensorId(77); }),
                HasSubstr("writes a tensor that is not in the table"));
    EXPECT_THAT(violation([&](Network& n) { n.operators[host].known = true; }),
                HasSubstr("operator 'h' is known, but tensor 'y' has no shape"));
    EXPECT_THAT(violation([&](Network& n) {
                    n.tensors.add({"lost", DataType::int8, Shape{}, {}});
                }),
                HasSubstr("tensor 'lost' is produced by nothing"));
}

TEST(Bounds, ElementsAreCheckedWithoutOverflow) {
    EXPECT_EQ(boundedElements({}), 1);
    EXPECT_EQ(boundedElements({3, 0, 5}), 0);
    EXPECT_EQ(boundedElements({std::int64_t{1} << 24, std::int64_t{1} << 24}), kMaxElements);
    EXPECT_EQ(boundedElements({std::int64_t{1} << 25, std::int64_t{1} << 24}), std::nullopt);
    EXPECT_EQ(boundedElements({0, std::int64_t{1} << 62, std::int64_t{1} << 62}), std::nullopt);
    EXPECT_EQ(boundedElements({-1}), std::nullopt);
}

}  // namespace
}  // namespace millrace::model
