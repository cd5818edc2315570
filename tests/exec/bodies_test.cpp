// Graphs inside of operators, and functions of the file, from ONNX to results.
#include <gtest/gtest.h>

#include <cmath>

#include "model/builder.h"
#include "model/exec/executor.h"
#include "model/exec/weights.h"

namespace millrace::model::exec {

namespace {

using model::test::ModelBuilder;

Value scalar(float x) {
    Value value(DataType::float32, {});
    value.write<float>()[0] = x;
    return value;
}

Value truth(bool x) {
    Value value(DataType::boolean, {});
    value.write<bool>()[0] = x;
    return value;
}

Value whole(std::int64_t x) {
    Value value(DataType::int64, {});
    value.write<std::int64_t>()[0] = x;
    return value;
}

std::vector<float> list(const Value& value) {
    const auto read = value.read<float>();
    return {read.begin(), read.end()};
}

void addNode(onnx::GraphProto& graph, const std::string& type, const std::vector<std::string>& inputs,
             const std::vector<std::string>& outputs) {
    onnx::NodeProto* node = graph.add_node();
    node->set_op_type(type);
    for (const std::string& name : inputs) node->add_input(name);
    for (const std::string& name : outputs) node->add_output(name);
}

/// y = condition ? x + k : x * x, where k is an outer tensor
ModelBuilder choice() {
    ModelBuilder builder(16);
    builder.input("c", {}, DataType::boolean).input("x", {}).input("k", {}).output("y");
    auto node = builder.node("If", {"c"}, {"y"});
    onnx::GraphProto* then = node.add("then_branch", 5)->mutable_g();
    then->set_name("then");
    addNode(*then, "Add", {"x", "k"}, {"t"});
    then->add_output()->set_name("t");
    onnx::GraphProto* other = node.add("else_branch", 5)->mutable_g();
    other->set_name("else");
    addNode(*other, "Mul", {"x", "x"}, {"e"});
    other->add_output()->set_name("e");
    return builder;
}

TEST(Bodies, IfReadsOuterTensors) {
    Diagnostics diagnostics;
    const auto network = choice().import(diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    for (const bool condition : {true, false}) {
        const auto result = run(*network, {truth(condition), scalar(3), scalar(10)}, {}, diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        EXPECT_EQ(list(result->outputs[0]), (std::vector<float>{condition ? 13.0F : 9.0F}));
    }
}

TEST(Bodies, TextFormRoundTrips) {
    Diagnostics diagnostics;
    const auto network = choice().import(diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    const std::string text = printText(*network);
    EXPECT_NE(text.find("body then_branch 0 [1, 2]"), std::string::npos) << text;
    const auto again = parseText(text, "again.txt", diagnostics);
    ASSERT_TRUE(again) << diagnostics.text();
    EXPECT_EQ(printText(*again), text);
    const auto result = run(*again, {truth(true), scalar(3), scalar(10)}, {}, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(list(result->outputs[0]), (std::vector<float>{13}));
}

TEST(Bodies, TextsThatDoNotCloseOrOpenABodyAreErrors) {
    const std::string head = "network \"n\"\ninput %x : float32[]\nhost \"o\" : If @16 (%x) -> (%y : float32[?])\n";
    for (const char* rest : {"body b 0 []\n", "end\n", "body b 1 []\nend\n", "body b 0 [7]\nend\n",
                             "body b 0 []\nend\nbody b 0 []\nend\n"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(parseText(head + rest + "output %y\n", "t.txt", diagnostics)) << rest;
        EXPECT_TRUE(diagnostics.failed()) << rest;
    }
}

/// state' = state * x, trip count n; every state is scanned out.
ModelBuilder powers() {
    ModelBuilder builder(16);
    builder.input("n", {}, DataType::int64)
        .input("go", {}, DataType::boolean)
        .input("x", {})
        .output("last")
        .output("all");
    builder.floats("one", {1});
    auto node = builder.node("Loop", {"n", "go", "one"}, {"last", "all"});
    onnx::GraphProto* body = node.add("body", 5)->mutable_g();
    body->set_name("body");
    for (const char* name : {"i", "c", "s"}) body->add_input()->set_name(name);
    addNode(*body, "Mul", {"s", "x"}, {"next"});
    addNode(*body, "Identity", {"c"}, {"c2"});
    addNode(*body, "Identity", {"next"}, {"scan"});
    for (const char* name : {"c2", "next", "scan"}) body->add_output()->set_name(name);
    return builder;
}

TEST(Bodies, LoopCarriesStateAndScansOut) {
    Diagnostics diagnostics;
    const auto network = powers().import(diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    const auto result = run(*network, {whole(4), truth(true), scalar(3)}, {}, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(list(result->outputs[0]), (std::vector<float>{81}));
    EXPECT_EQ(list(result->outputs[1]), (std::vector<float>{3, 9, 27, 81}));
    EXPECT_EQ(result->outputs[1].shape(), (Shape{4, 1}));
}

TEST(Bodies, LoopsEnd) {
    Diagnostics diagnostics;
    const auto network = powers().import(diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    RunOptions options;
    options.maxIterations = 1000;
    EXPECT_FALSE(run(*network, {whole(INT64_MAX), truth(true), scalar(1)}, options, diagnostics));
    EXPECT_NE(diagnostics.text().find("bound of the run"), std::string::npos) << diagnostics.text();
}

/// f(a, b) = a * a + b with an attribute that is handed on; called twice, once by another function.
ModelBuilder functions() {
    ModelBuilder builder(16);
    builder.importDomain("own", 1);
    builder.input("x", {}).input("z", {}).output("y");
    builder.node("Outer", {"x", "z"}, {"y"}).domain("own").integer("k", 1);
    onnx::FunctionProto* inner = builder.model.add_functions();
    inner->set_name("Inner");
    inner->set_domain("own");
    for (const char* name : {"a", "b"}) inner->add_input(name);
    inner->add_output("r");
    onnx::NodeProto* square = inner->add_node();
    square->set_op_type("Mul");
    square->add_input("a");
    square->add_input("a");
    square->add_output("s");
    onnx::NodeProto* sum = inner->add_node();
    sum->set_op_type("Add");
    sum->add_input("s");
    sum->add_input("b");
    sum->add_output("r");
    onnx::FunctionProto* outer = builder.model.add_functions();
    outer->set_name("Outer");
    outer->set_domain("own");
    for (const char* name : {"p", "q"}) outer->add_input(name);
    outer->add_output("s");
    outer->add_attribute("k");
    for (const char* names : {"pqt", "tps"}) {
        onnx::NodeProto* call = outer->add_node();
        call->set_op_type("Inner");
        call->set_domain("own");
        call->add_input(std::string(1, names[0]));
        call->add_input(std::string(1, names[1]));
        call->add_output(std::string(1, names[2]));
    }
    return builder;
}

TEST(Functions, AreReplacedByWhatTheyDo) {
    Diagnostics diagnostics;
    const auto network = functions().import(diagnostics, {{}, true});
    ASSERT_TRUE(network) << diagnostics.text();
    EXPECT_EQ(network->operators.size(), 4U);
    for (const Operator& op : network->operators) EXPECT_TRUE(op.known) << op.name;
    const auto result = run(*network, {scalar(2), scalar(5)}, {}, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(list(result->outputs[0]), (std::vector<float>{83}));
}

TEST(Functions, ThatCallThemselvesAreErrors) {
    ModelBuilder builder = functions();
    builder.model.mutable_functions(0)->mutable_node(0)->set_op_type("Outer");
    builder.model.mutable_functions(0)->mutable_node(0)->set_domain("own");
    Diagnostics diagnostics;
    EXPECT_FALSE(builder.import(diagnostics, {{}, true}));
    EXPECT_NE(diagnostics.text().find("it may call itself"), std::string::npos) << diagnostics.text();
}

TEST(Weights, AreSeededAndScaled) {
    ModelBuilder builder(13);
    builder.input("x", {1, 8, 4, 4}).weight("w", {16, 8, 3, 3}).weight("b", {16}).output("y");
    builder.node("Conv", {"x", "w", "b"}, {"y"});
    Diagnostics diagnostics;
    auto network = builder.import(diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    Network other = *network;
    Network third = *network;
    EXPECT_EQ(fillMissing(*network, 1), 2U);
    EXPECT_EQ(fillMissing(*network, 2), 0U);
    fillMissing(other, 1);
    fillMissing(third, 2);
    const TensorId w = network->find("w");
    EXPECT_EQ(network->tensors[w].constant->bytes, other.tensors[w].constant->bytes);
    EXPECT_NE(network->tensors[w].constant->bytes, third.tensors[w].constant->bytes);
    double largest = 0;
    const auto values = network->tensors[w].reals();
    for (const double x : values.value()) largest = std::max(largest, std::abs(x));
    EXPECT_LE(largest, std::sqrt(6.0 / 72));
    EXPECT_GT(largest, 0.9 * std::sqrt(6.0 / 72));
}

}  // namespace

}  // namespace millrace::model::exec
