#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "model/builder.h"
#include "support/files.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;
using test::shapeOf;
using testing::ElementsAre;
using testing::HasSubstr;

Network imported(const ModelBuilder& b, std::string* warnings = nullptr) {
    Diagnostics diagnostics;
    auto network = b.import(diagnostics);
    EXPECT_TRUE(network) << diagnostics.text();
    if (warnings != nullptr) {
        *warnings = diagnostics.text();
    } else {
        EXPECT_EQ(diagnostics.text(), "");
    }
    return network ? *std::move(network) : Network{};
}

const Tensor& tensor(const Network& network, const std::string& name) { return network.tensors[network.find(name)]; }

TEST(Import, InitializersThatAreInputsAreConstants) {
    ModelBuilder b;
    b.input("x", {1, 3}).input("w", {3, 5}).weight("w", {3, 5}).output("y");
    b.node("MatMul", {"x", "w"}, {"y"});
    const Network network = imported(b);
    EXPECT_EQ(network.inputs.size(), 1U);
    EXPECT_TRUE(tensor(network, "w").constant);
    EXPECT_FALSE(tensor(network, "w").constant->hasValues());
}

TEST(Import, TypedAndRawValues) {
    ModelBuilder b;
    b.input("x", {1}).output("x");
    std::string raw(8, '\0');
    const float values[] = {1.5F, -2};
    std::memcpy(raw.data(), values, 8);
    b.newConstant("raw", {2}, DataType::float32)->set_raw_data(raw);
    auto* half = b.newConstant("half", {3}, DataType::float16);
    half->add_int32_data(0x3c00);  // 1
    half->add_int32_data(0xc500);  // -5
    half->add_int32_data(0x0001);  // 2^-24
    auto* bytes = b.newConstant("bytes", {2}, DataType::int8);
    bytes->add_int32_data(-1);
    bytes->add_int32_data(5);
    b.newConstant("int", {1}, DataType::int32)->add_int32_data(-7);
    b.newConstant("double", {1}, DataType::float64)->add_double_data(0.25);
    b.newConstant("unsigned", {1}, DataType::uint32)->add_uint64_data(4000000000U);
    const Network network = imported(b);
    EXPECT_THAT(tensor(network, "raw").reals().value(), ElementsAre(1.5, -2));
    EXPECT_THAT(tensor(network, "half").reals().value(), ElementsAre(1, -5, std::ldexp(1.0, -24)));
    EXPECT_THAT(tensor(network, "bytes").constant->bytes, ElementsAre(255, 5));
    EXPECT_THAT(tensor(network, "int").integers().value(), ElementsAre(-7));
    EXPECT_THAT(tensor(network, "double").reals().value(), ElementsAre(0.25));
    EXPECT_THAT(tensor(network, "unsigned").constant->bytes, ElementsAre(0x00, 0x28, 0x6b, 0xee));
}

TEST(Import, ConstantOperatorsBecomeConstants) {
    ModelBuilder b;
    b.input("x", {1}).output("x");
    b.node("Constant", {}, {"a"}).integers("value_ints", {4, 5});
    b.node("Constant", {}, {"b"}).integer("value_int", 6);
    b.node("Constant", {}, {"c"}).reals("value_floats", {0.5F});
    b.node("Constant", {}, {"d"}).real("value_float", 2);
    auto* value = b.node("Constant", {}, {"e"}).add("value", 4)->mutable_t();
    value->set_data_type(7);
    value->add_dims(1);
    value->add_int64_data(9);
    const Network network = imported(b);
    EXPECT_TRUE(network.operators.empty());
    EXPECT_THAT(tensor(network, "a").integers().value(), ElementsAre(4, 5));
    EXPECT_EQ(text(*tensor(network, "b").shape), "[]");
    EXPECT_THAT(tensor(network, "c").reals().value(), ElementsAre(0.5));
    EXPECT_THAT(tensor(network, "d").reals().value(), ElementsAre(2));
    EXPECT_THAT(tensor(network, "e").integers().value(), ElementsAre(9));
}

TEST(Import, NamesAreMadeUpAndMadeUnique) {
    ModelBuilder b;
    b.input("x", {1}).output("y");
    b.node("Relu", {"x"}, {"a"});
    b.node("Relu", {"a"}, {"b"}).name("Relu_1");
    b.node("Relu", {"b"}, {"c"});
    b.node("Relu", {"c"}, {"d"}).name("same");
    b.node("Relu", {"d"}, {"y"}).name("same");
    std::string warnings;
    const Network network = imported(b, &warnings);
    std::vector<std::string> names;
    for (const Operator& op : network.operators) names.push_back(op.name);
    EXPECT_THAT(names, ElementsAre("Relu_0", "Relu_1", "Relu_2", "same", "same_0"));
    EXPECT_THAT(warnings, HasSubstr("node 4 has the name 'same' of an earlier one; it is now 'same_0'"));
}

TEST(Import, NodesAreSortedOnlyWhereNeeded) {
    ModelBuilder b;
    b.input("x", {1}).output("y");
    b.node("Relu", {"b"}, {"y"}).name("third");
    b.node("Abs", {"x"}, {"dead"}).name("dead");
    b.node("Relu", {"x"}, {"a"}).name("first");
    b.node("Relu", {"a"}, {"b"}).name("second");
    std::vector<std::string> names;
    const Network network = imported(b);
    for (const Operator& op : network.operators) names.push_back(op.name);
    EXPECT_THAT(names, ElementsAre("dead", "first", "second", "third"));
}

TEST(Import, LeftOutInputsStayLeftOut) {
    ModelBuilder b;
    b.input("x", {1, 2}).output("y").newConstant("high", {}, DataType::float32)->add_float_data(6);
    b.node("Clip", {"x", "", "high"}, {"y"});
    const Network network = imported(b);
    EXPECT_FALSE(network.operators[OperatorId(0)].input(1).valid());
    EXPECT_TRUE(network.operators[OperatorId(0)].input(2).valid());
}

// As PyTorch leaves x.view(x.shape[0], -1) and x.reshape(n, c, h * w).
TEST(Import, ShapeArithmeticIsFolded) {
    ModelBuilder b;
    b.input("x", {2, 3, 5, 7}).int64Scalar("i0", 0).int64Scalar("i2", 2).int64Scalar("i3", 3).int64s("axes", {0});
    b.int64s("c", {-1}).output("y");
    b.node("Shape", {"x"}, {"s"});
    b.node("Gather", {"s", "i0"}, {"n"});
    b.node("Gather", {"s", "i2"}, {"h"});
    b.node("Gather", {"s", "i3"}, {"w"});
    b.node("Mul", {"h", "w"}, {"hw"});
    b.node("Unsqueeze", {"n", "axes"}, {"nu"});
    b.node("Unsqueeze", {"hw", "axes"}, {"hwu"});
    b.node("Concat", {"nu", "c", "hwu"}, {"shape"}).integer("axis", 0);
    b.node("Reshape", {"x", "shape"}, {"y"});
    const Network network = imported(b);
    ASSERT_EQ(network.operators.size(), 1U);
    EXPECT_EQ(text(*tensor(network, "y").shape), "[2,3,35]");
    EXPECT_THAT(tensor(network, "shape").integers().value(), ElementsAre(2, -1, 35));
    EXPECT_FALSE(network.find("hw").valid()) << "what only folded operators read is dropped";
    EXPECT_FALSE(network.find("i0").valid());
}

// As exporters leave F.interpolate(scale_factor=1.5): sizes through floats.
TEST(Import, ShapeArithmeticThroughFloats) {
    ModelBuilder b;
    b.input("x", {1, 3, 5, 7}).int64s("two", {2}).int64s("four", {4}).int64s("zero", {0}).floats("scale", {1.5F, 1.5F});
    b.floats("none", {}).output("y");
    b.node("Shape", {"x"}, {"s"});
    b.node("Slice", {"s", "two", "four"}, {"hw"});
    b.node("Slice", {"s", "zero", "two"}, {"nc"});
    b.node("Cast", {"hw"}, {"real"}).integer("to", 1);
    b.node("Mul", {"real", "scale"}, {"scaled"});
    b.node("Floor", {"scaled"}, {"floor"});
    b.node("Cast", {"floor"}, {"size"}).integer("to", 7);
    b.node("Concat", {"nc", "size"}, {"sizes"}).integer("axis", 0);
    b.node("Resize", {"x", "none", "none", "sizes"}, {"y"});
    const Network network = imported(b);
    ASSERT_EQ(network.operators.size(), 1U);
    EXPECT_EQ(text(*tensor(network, "y").shape), "[1,3,7,10]");
}

TEST(Import, FoldedOperators) {
    const auto folded = [](const std::string& type, const std::vector<std::int64_t>& a,
                           const std::vector<std::int64_t>& second) {
        ModelBuilder b;
        b.input("x", {1}).int64s("a", a).int64s("b", second).output("x").output("y");
        b.node(type, {"a", "b"}, {"y"});
        const Network network = imported(b);
        return tensor(network, "y").integers().value_or(std::vector<std::int64_t>{-99});
    };
    EXPECT_THAT(folded("Add", {5, -7}, {2}), ElementsAre(7, -5));
    EXPECT_THAT(folded("Sub", {5, -7}, {2}), ElementsAre(3, -9));
    EXPECT_THAT(folded("Mul", {5, -7}, {2}), ElementsAre(10, -14));
    EXPECT_THAT(folded("Div", {5, -7}, {2}), ElementsAre(2, -3));
    EXPECT_THAT(folded("Min", {5, -7}, {2}), ElementsAre(2, -7));
    EXPECT_THAT(folded("Max", {5, -7}, {2}), ElementsAre(5, 2));
    EXPECT_THAT(folded("Div", {5, -7}, {0}), ElementsAre(-99)) << "division by zero is left alone";
    EXPECT_THAT(folded("Mul", {INT64_MAX}, {2}), ElementsAre(-99)) << "and so is overflow";
    EXPECT_THAT(folded("Gather", {5, 6, 7}, {-1, 0}), ElementsAre(7, 5));
    EXPECT_THAT(folded("Expand", {5}, {3}), ElementsAre(5, 5, 5));
    EXPECT_THAT(folded("Reshape", {5, 6}, {-1}), ElementsAre(5, 6));
    ModelBuilder r;
    r.input("x", {1}).int64Scalar("a", 7).int64Scalar("b", 1).int64Scalar("c", -2).output("x").output("y");
    r.node("Range", {"a", "b", "c"}, {"y"});
    EXPECT_THAT(tensor(imported(r), "y").integers().value(), ElementsAre(7, 5, 3));
}

TEST(Import, WeightsAreNotFolded) {
    ModelBuilder b;
    b.input("x", {1, 2}).floats("w", {1, 2}).output("y");
    b.node("Mul", {"w", "w"}, {"square"});
    b.node("Add", {"x", "square"}, {"y"});
    EXPECT_EQ(imported(b).operators.size(), 2U);
}

TEST(Import, UnknownOperatorsAreHostWork) {
    ModelBuilder b;
    b.importDomain("com.example", 3).input("x", {1, 2}).output("y").valueInfo("declared", {4, 5});
    b.node("Odd", {"x"}, {"declared"}).domain("com.example");
    b.node("Relu", {"declared"}, {"fine"});
    b.node("NonZero", {"x"}, {"free"});
    b.node("Relu", {"free"}, {"y"});
    const Network network = imported(b);
    const auto& ops = network.operators;
    EXPECT_FALSE(ops[OperatorId(0)].known);
    EXPECT_EQ(ops[OperatorId(0)].version, 3);
    EXPECT_TRUE(ops[OperatorId(1)].known);
    EXPECT_EQ(text(*tensor(network, "fine").shape), "[4,5]");
    EXPECT_FALSE(ops[OperatorId(2)].known);
    EXPECT_FALSE(ops[OperatorId(3)].known) << "no shape in, no shape out";
    EXPECT_FALSE(tensor(network, "y").shape);
}

TEST(Import, SubgraphsAreHostWorkThatReadsOuterTensors) {
    ModelBuilder b;
    b.input("c", {}, DataType::boolean).input("x", {1, 2}).output("y");
    auto* branch = b.node("If", {"c"}, {"y"}).add("then_branch", 5)->mutable_g();
    auto* node = branch->add_node();
    node->set_op_type(std::string("Neg"));
    node->add_input(std::string("late"));
    node->add_output(std::string("inner"));
    branch->add_output()->set_name("inner");
    b.node("Relu", {"x"}, {"late"});
    const Network network = imported(b);
    const Operator& op = network.operators[OperatorId(1)];
    EXPECT_EQ(op.type, "If");
    EXPECT_FALSE(op.known);
    ASSERT_EQ(op.inputs.size(), 2U);
    EXPECT_EQ(network.tensors[op.inputs[1]].name, "late");
}

TEST(Import, OperatorsOfOtherOpsetsAreExplained) {
    ModelBuilder b(13);
    b.input("x", {1, 2}).output("y");
    b.node("Upsample", {"x"}, {"y"});
    std::string warnings;
    EXPECT_FALSE(imported(b, &warnings).operators[OperatorId(0)].known);
    EXPECT_THAT(warnings,
                HasSubstr("operator 'Upsample_0' (Upsample) does not exist in opset 13, only in 7 to 8, 9 to 9"));
}

TEST(Import, RunTimeShapesAreHostWork) {
    ModelBuilder b;
    b.input("x", {2, 3}).input("s", {2}, DataType::int64).output("y");
    b.node("Reshape", {"x", "s"}, {"y"});
    std::string warnings;
    EXPECT_FALSE(imported(b, &warnings).operators[OperatorId(0)].known);
    EXPECT_THAT(warnings, HasSubstr("its output shapes hang on values that are not in the file"));
    b.valueInfo("y", {3, 2});
    EXPECT_TRUE(imported(b).operators[OperatorId(0)].known) << "unless the file says the shape";
}

TEST(Import, ValueInfoIsCheckedAgainstOurRule) {
    ModelBuilder b;
    b.input("x", {2, 3}).output("y").valueInfo("a", {2, 4}).valueInfo("y", {2, 3}, DataType::int32);
    b.node("Relu", {"x"}, {"a"});
    b.node("Relu", {"a"}, {"y"});
    std::string warnings;
    const Network network = imported(b, &warnings);
    EXPECT_EQ(text(*tensor(network, "a").shape), "[2,3]");
    EXPECT_THAT(warnings,
                HasSubstr("tensor 'a' of operator 'Relu_0': the file says shape [2,4], its operator gives [2,3]"));
    EXPECT_THAT(warnings, HasSubstr("the file says int32, its operator gives float32"));
}

TEST(Import, PinnedInputsPutTheFilesShapesAside) {
    ModelBuilder b;
    b.input("x", {2, 3}).output("y").valueInfo("y", {2, 3});
    b.node("Relu", {"x"}, {"y"});
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics, {{{"x", {8, 3}}}});
    ASSERT_TRUE(network);
    EXPECT_EQ(diagnostics.text(), "");
    EXPECT_EQ(text(*tensor(*network, "y").shape), "[8,3]");
}

TEST(Import, ExternalData) {
    const auto folder = std::filesystem::temp_directory_path() / "millrace_model_external";
    Diagnostics diagnostics;
    ModelBuilder b;
    b.input("x", {1}).output("x");
    const auto external = [&](const std::string& name, const std::string& file) {
        auto* proto = b.newConstant(name, {3}, DataType::int64);
        proto->set_data_location(1);
        for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", file}, {"offset", "8"}}) {
            auto* entry = proto->add_external_data();
            entry->set_key(key);
            entry->set_value(value);
        }
    };
    external("here", "weights.bin");
    external("gone", "absent.bin");
    std::string bytes(32, '\0');
    for (std::size_t i = 0; i < 4; ++i) bytes[8 * i] = static_cast<char>(10 + i);
    writeFile((folder / "weights.bin").string(), bytes, diagnostics);
    writeFile((folder / "model.onnx").string(), b.bytes(), diagnostics);
    const auto network = readOnnx((folder / "model.onnx").string(), {}, diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    EXPECT_THAT(tensor(*network, "here").integers().value(), ElementsAre(11, 12, 13));
    EXPECT_FALSE(tensor(*network, "gone").integers());
    EXPECT_TRUE(tensor(*network, "gone").constant);
    writeFile((folder / "weights.bin").string(), bytes.substr(0, 31), diagnostics);
    EXPECT_FALSE(readOnnx((folder / "model.onnx").string(), {}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("has 31 bytes; 24 from offset 8 on are needed"));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace millrace::model
