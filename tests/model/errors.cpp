#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/builder.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

using test::errorOf;
using test::ModelBuilder;
using test::NodeBuilder;
using testing::AllOf;
using testing::HasSubstr;

/// One operator on input x [1,4,9,14] and the given weight.
std::string operatorError(const std::string& type, const Shape& w, const std::function<void(NodeBuilder&)>& change) {
    ModelBuilder b;
    b.input("x", {1, 4, 9, 14}).weight("w", w).output("y");
    NodeBuilder node = b.node(type, {"x", "w"}, {"y"}).name("bad");
    change(node);
    return errorOf(b);
}
std::string unaryError(const std::string& type, const std::function<void(NodeBuilder&)>& change,
                       std::int64_t opset = 13) {
    ModelBuilder b(opset);
    b.input("x", {1, 4, 9, 14}).output("y");
    NodeBuilder node = b.node(type, {"x"}, {"y"}).name("bad");
    change(node);
    return errorOf(b);
}
std::string intsError(const std::string& type, const std::vector<std::int64_t>& values) {
    ModelBuilder b;
    b.input("x", {1, 4, 9, 14}).int64s("v", values).output("y");
    b.node(type, {"x", "v"}, {"y"}).name("bad");
    return errorOf(b);
}
void plain(NodeBuilder&) {}

ModelBuilder relu(const Shape& shape = {1, 3}) {
    ModelBuilder b;
    b.input("x", shape).output("y");
    b.node("Relu", {"x"}, {"y"});
    return b;
}

std::string bytesError(std::string_view bytes) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseOnnx(bytes, "m.onnx", {}, diagnostics));
    EXPECT_EQ(diagnostics.all().size(), 1U);
    return diagnostics.text();
}

TEST(Errors, OperatorsNameThemselvesTensorsAndNumbers) {
    EXPECT_THAT(operatorError("Conv", {5, 3, 3, 3}, plain),
                HasSubstr("test.onnx: error: operator 'bad' (Conv): input 'x' [1,4,9,14] has 4 channels, but the "
                          "weight 'w' [5,3,3,3] with group 1 needs 3"));
    EXPECT_THAT(operatorError("Conv", {6, 1, 3, 3}, [](NodeBuilder& n) { n.integer("group", 3); }),
                HasSubstr("4 input channels do not divide by group 3"));
    EXPECT_THAT(operatorError("Conv", {5, 2, 3, 3}, [](NodeBuilder& n) { n.integer("group", 2); }),
                HasSubstr("5 output channels do not divide by group 2"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 15}, plain),
                HasSubstr("along spatial axis 1 the kernel reaches over 15 (15 with dilation 1), more than 14 with "
                          "padding 0 + 0"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3}, plain),
                HasSubstr("and the weight 'w' [5,4,3] must have the same rank"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 3},
                              [](NodeBuilder& n) {
                                  n.integers("kernel_shape", {3, 2});
                              }),
                HasSubstr("kernel_shape [3,2] differs from the weight 'w' [5,4,3,3]"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 3},
                              [](NodeBuilder& n) {
                                  n.integers("pads", {1, 1});
                              }),
                HasSubstr("attribute 'pads' [1,1] has 2 entries, but 4 are needed"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 3},
                              [](NodeBuilder& n) {
                                  n.integers("strides", {1, 0});
                              }),
                HasSubstr("attribute 'strides' [1,0]: 0 is outside of [1, 2^31]"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 3}, [](NodeBuilder& n) { n.text("auto_pad", "SOME"); }),
                HasSubstr("auto_pad 'SOME' is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID"));
    EXPECT_THAT(operatorError("Conv", {5, 4, 3, 3}, [](NodeBuilder& n) { n.integer("auto_pad", 1); }),
                HasSubstr("attribute 'auto_pad' is not a text"));
    EXPECT_THAT(operatorError("ConvTranspose", {5, 4, 3, 3}, plain), HasSubstr("has 4 channels, but the weight"));
    EXPECT_THAT(operatorError("ConvTranspose", {4, 5, 1, 1},
                              [](NodeBuilder& n) {
                                  n.integers("pads", {5, 0, 5, 0});
                              }),
                HasSubstr("along spatial axis 0 nothing is left: 9 elements less padding 5 + 5"));
    EXPECT_THAT(operatorError("ConvTranspose", {4, 5, 1, 1},
                              [](NodeBuilder& n) {
                                  n.integers("output_padding", {0, 1});
                              }),
                HasSubstr("output_padding 1 along spatial axis 1 must be in [0, 1), below stride or dilation"));
    EXPECT_THAT(operatorError("Gemm", {5, 4}, plain), HasSubstr("has rank 4, but rank 2 is needed"));
    EXPECT_THAT(operatorError("MatMul", {13, 4}, plain),
                HasSubstr("inner sizes differ: input 'x' [1,4,9,14] gives 14, input 'w' [13,4] gives 13"));
    EXPECT_THAT(operatorError("MatMul", {3, 14, 4}, plain), HasSubstr("cannot be broadcast to each other"));
    EXPECT_THAT(operatorError("Add", {9, 13}, plain),
                HasSubstr("input 'x' [1,4,9,14] and input 'w' [9,13] cannot be broadcast to each other"));
    EXPECT_THAT(operatorError("PRelu", {3}, plain), HasSubstr("the slope 'w' [3] cannot be broadcast to"));
    EXPECT_THAT(operatorError("Concat", {1, 4, 8, 14}, [](NodeBuilder& n) { n.integer("axis", 1); }),
                HasSubstr("differ beside axis 1"));
}

TEST(Errors, Attributes) {
    EXPECT_THAT(unaryError("MaxPool", plain), HasSubstr("attribute 'kernel_shape' is missing"));
    EXPECT_THAT(unaryError("MaxPool", [](NodeBuilder& n) { n.integers("kernel_shape", {3}); }),
                HasSubstr("kernel_shape [3] has 1 entries, but the input has 2 spatial axes"));
    EXPECT_THAT(unaryError("Flatten", [](NodeBuilder& n) { n.integer("axis", 5); }),
                HasSubstr("axis 5 is outside of [-4, 4]"));
    EXPECT_THAT(unaryError("Softmax", [](NodeBuilder& n) { n.integer("axis", 4); }),
                HasSubstr("axis 4 is outside of [-4, 3], the axes of a tensor of rank 4"));
    EXPECT_THAT(unaryError("Transpose",
                           [](NodeBuilder& n) {
                               n.integers("perm", {0, 1, 1, 2});
                           }),
                HasSubstr("perm [0,1,1,2] is no permutation of the 4 axes"));
    EXPECT_THAT(unaryError("DepthToSpace", [](NodeBuilder& n) { n.integer("blocksize", 3); }),
                HasSubstr("does not divide by blocksize 3 squared along its channels"));
    EXPECT_THAT(unaryError("Cast", [](NodeBuilder& n) { n.integer("to", 99); }), HasSubstr("attribute 'to' is 99"));
    EXPECT_THAT(unaryError("ReduceMean",
                           [](NodeBuilder& n) {
                               n.integers("axes", {1, -3});
                           }),
                HasSubstr("axis 1 is given twice"));
    EXPECT_THAT(unaryError(
                    "Split",
                    [](NodeBuilder& n) {
                        n.integers("split", {1, 2}).integer("axis", 1);
                    },
                    11),
                HasSubstr("split [1,2] for 1 outputs does not add up to the 4 elements along axis 1"));
    EXPECT_THAT(unaryError("Gemm", plain), HasSubstr("input 1 is missing; opset 13 needs at least 2"));
}

TEST(Errors, ValuesOfInputs) {
    EXPECT_THAT(intsError("Reshape", {5, -1}),
                HasSubstr("cannot reshape input 'x' [1,4,9,14] of 504 elements to [5,-1]"));
    EXPECT_THAT(intsError("Reshape", {-1, -1}), HasSubstr("-1 stands twice"));
    EXPECT_THAT(intsError("Reshape", {-2}), HasSubstr("a negative size"));
    EXPECT_THAT(intsError("Squeeze", {1}), HasSubstr("axis 1 of input 'x' [1,4,9,14] has size 4"));
    EXPECT_THAT(intsError("Expand", {3, 3}), HasSubstr("cannot be expanded to [3,3]"));
    EXPECT_THAT(intsError("Tile", {1, 1}), HasSubstr("repeats [1,1] needs one entry per axis"));
    EXPECT_THAT(intsError("Tile", {1, 1, 1, std::int64_t{1} << 60}), HasSubstr("is no possible number of copies"));
    EXPECT_THAT(intsError("Expand", {std::int64_t{1} << 40, 1, 1, 1, 1}), HasSubstr("beyond the bounds of 16 axes"));
    EXPECT_THAT(intsError("Pad", {0, 0, 0, -9, 0, 0, 0, -9}),
                HasSubstr("pads -9 and -9 take more than the 14 elements"));
    EXPECT_THAT(intsError("Gather", {1}), HasSubstr("index 1 in 'v' is outside of axis 0"));
    EXPECT_THAT(intsError("Add", {1}), HasSubstr("inputs 'x' (float32) and 'v' (int64) must have the same type"));
}

TEST(Errors, HeaderNamesTheRange) {
    ModelBuilder early = relu();
    early.model.mutable_opset_import(0)->set_version(6);
    EXPECT_THAT(errorOf(early), HasSubstr("uses opset 6; opsets 7 to 23 are read"));
    ModelBuilder late = relu();
    late.model.mutable_opset_import(0)->set_version(24);
    late.model.set_ir_version(99);
    EXPECT_THAT(errorOf(late), AllOf(HasSubstr("uses opset 24; opsets 7 to 23 are read"),
                                     HasSubstr("IR version 99; versions 3 to 13 are read")));
    ModelBuilder none = relu();
    none.model.clear_opset_import();
    EXPECT_THAT(errorOf(none), HasSubstr("names no opset"));
}

TEST(Errors, FreeDimensionsAllAtOnceWithTheRemedy) {
    ModelBuilder b;
    b.input("x", {0, 3, 5}).input("z", {1, -1}).input("w", {2, 2}).output("y");
    b.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(
        "batch");
    b.graph().mutable_input(2)->mutable_type()->mutable_tensor_type()->clear_shape();
    b.node("Relu", {"x"}, {"y"});
    EXPECT_THAT(errorOf(b), AllOf(HasSubstr("input 'x' has no fixed size along axis 0 ('batch') (pin it: --input-shape "
                                            "x=1,3,5)"),
                                  HasSubstr("input 'z' has no fixed size along axis 1 (size -1)"),
                                  HasSubstr("input 'w' has no shape")));
    Diagnostics diagnostics;
    const auto network = b.import(diagnostics, {{{"x", {4, 3, 5}}, {"z", {1, 2}}, {"w", {1}}}});
    ASSERT_TRUE(network) << diagnostics.text();
    EXPECT_EQ(text(*network->tensors[network->find("y")].shape), "[4,3,5]");
}

TEST(Errors, InputShapeOptions) {
    EXPECT_THAT(errorOf(relu(), {{{"q", {1}}}}),
                HasSubstr("--input-shape q=[1]: the model has no input 'q' (the inputs are 'x')"));
    EXPECT_THAT(errorOf(relu(), {{{"x", {1, 2, 3}}}}), HasSubstr("has 3 axes, but the input has 2"));
    EXPECT_THAT(errorOf(relu(), {{{"x", {1, 0}}}}), HasSubstr("sizes must be 1 or more"));
}

TEST(Errors, Graph) {
    ModelBuilder b;
    b.input("x", {1, 3}).output("y");
    b.node("Add", {"x", "b"}, {"a"});
    b.node("Relu", {"a"}, {"b"});
    b.node("Relu", {"b"}, {"y"});
    EXPECT_THAT(errorOf(b), AllOf(HasSubstr("cycle over 2 tensors"), HasSubstr("'a'"), HasSubstr("'b'")));
    ModelBuilder missing;
    missing.input("x", {1, 3}).output("y").output("z");
    missing.node("Add", {"x", "q"}, {"y"}).name("sum");
    EXPECT_THAT(errorOf(missing), HasSubstr("node 0 'sum' (Add) reads tensor 'q', which nothing produces"));
    ModelBuilder output = relu();
    output.output("z");
    EXPECT_THAT(errorOf(output), HasSubstr("graph output 'z' is produced by nothing"));
    ModelBuilder twice = relu();
    twice.node("Relu", {"x"}, {"y"});
    EXPECT_THAT(errorOf(twice), HasSubstr("tensor 'y' is written twice"));
    ModelBuilder constants = relu();
    constants.weight("w", {1}).weight("w", {1});
    EXPECT_THAT(errorOf(constants), HasSubstr("two initializers are named 'w'"));
}

TEST(Errors, Tensors) {
    ModelBuilder size = relu();
    size.newConstant("w", {2, 3}, DataType::float32)->set_raw_data("abcd");
    EXPECT_THAT(errorOf(size), HasSubstr("initializer 'w': 4 bytes of values; shape [2,3] and type float32 make 24"));
    ModelBuilder type = relu();
    type.newConstant("w", {2}, DataType::float32)->set_data_type(17);
    EXPECT_THAT(errorOf(type), HasSubstr("initializer 'w': element type 17 is not supported"));
    ModelBuilder huge = relu();
    huge.weight("w", {std::int64_t{1} << 40, std::int64_t{1} << 40});
    EXPECT_THAT(errorOf(huge), HasSubstr("more than 16 axes or 2^48 elements"));
    ModelBuilder outside = relu();
    auto* external = outside.newConstant("w", {2}, DataType::float32);
    external->set_data_location(1);
    external->add_external_data()->set_key("location");
    external->mutable_external_data(0)->set_value("../secret");
    EXPECT_THAT(errorOf(outside), HasSubstr("location '../secret' is not below the model's folder"));
}

TEST(Errors, OtherFiles) {
    EXPECT_THAT(bytesError(""), HasSubstr("m.onnx: error: is not an ONNX model: it is empty (0 bytes)"));
    EXPECT_THAT(bytesError("{\"a\": 1}"), HasSubstr("it looks like JSON"));
    EXPECT_THAT(bytesError("hello world, this is text\n"), HasSubstr("it looks like text"));
    EXPECT_THAT(bytesError(std::string(100, '\xff')), HasSubstr("do not decode, or are cut short"));
    EXPECT_THAT(bytesError("PK\x03\x04zip"), HasSubstr("ZIP archive"));
    const std::string whole = relu().bytes();
    EXPECT_THAT(bytesError(std::string_view(whole).substr(0, whole.size() - 5)), HasSubstr("cut short"));
}

TEST(Errors, ForeignExtensionsSayHowToConvert) {
    const auto folder = std::filesystem::temp_directory_path() / "millrace_model_errors";
    const auto errorFor = [&](const std::string& name) {
        Diagnostics diagnostics;
        const std::string path = (folder / name).string();
        writeFile(path, "x", diagnostics);
        EXPECT_FALSE(readOnnx(path, {}, diagnostics));
        EXPECT_EQ(diagnostics.all().size(), 1U);
        return diagnostics.text();
    };
    EXPECT_THAT(errorFor("net.py"), AllOf(HasSubstr("is Python source"), HasSubstr("YAML layer file")));
    EXPECT_THAT(errorFor("net.H5"), AllOf(HasSubstr("is a Keras model"), HasSubstr("tf2onnx")));
    EXPECT_THAT(errorFor("net.keras"), HasSubstr("is a Keras model"));
    EXPECT_THAT(errorFor("net.tflite"), HasSubstr("is a TFLite model"));
    EXPECT_THAT(errorFor("net.pt"), AllOf(HasSubstr("is a PyTorch model"), HasSubstr("torch.onnx.export")));
    Diagnostics diagnostics;
    EXPECT_FALSE(readOnnx((folder / "absent.onnx").string(), {}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("does not exist"));
    std::filesystem::remove_all(folder);
}

TEST(Errors, MoreThanTwoGibibytes) {
    const auto path = std::filesystem::temp_directory_path() / "millrace_model_large.onnx";
    Diagnostics diagnostics;
    writeFile(path.string(), "x", diagnostics);
    std::filesystem::resize_file(path, (std::uintmax_t{1} << 31) + 5);
    EXPECT_FALSE(readOnnx(path.string(), {}, diagnostics));
    EXPECT_THAT(diagnostics.text(), AllOf(HasSubstr("has 2147483653 bytes"), HasSubstr("external data")));
    std::filesystem::remove(path);
}

TEST(Errors, SeveralMistakesComeOutAtOnce) {
    ModelBuilder b;
    b.input("x", {1, 4, 9, 14}).weight("w", {5, 3, 3, 3}).output("y").output("z");
    b.node("Conv", {"x", "w"}, {"a"}).name("first");
    b.node("Relu", {"a"}, {"y"});
    b.node("Flatten", {"x"}, {"z"}).integer("axis", 9).name("second");
    Diagnostics diagnostics;
    EXPECT_FALSE(b.import(diagnostics));
    EXPECT_EQ(diagnostics.failures(), 2U) << diagnostics.text();
}

}  // namespace
}  // namespace millrace::model
