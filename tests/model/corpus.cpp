#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "model/builder.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;

ModelBuilder convolutions() {
    ModelBuilder b;
    b.input("x", {1, 4, 9, 14}).weight("w", {6, 2, 3, 3}).floats("b", {1, 2, 3, 4, 5, 6}).weight("t", {6, 2, 2, 3});
    b.output("y").valueInfo("c", {1, 6, 5, 14});
    b.node("Conv", {"x", "w", "b"}, {"c"})
        .integer("group", 2)
        .integers("strides", {2, 1})
        .text("auto_pad", "SAME_UPPER");
    b.node("Relu", {"c"}, {"r"}).name("relu");
    b.node("MaxPool", {"r"}, {"p", "i"}).integers("kernel_shape", {2, 3}).integer("ceil_mode", 1);
    b.node("ConvTranspose", {"p", "t"}, {"u"}).integers("output_padding", {0, 1}).integers("strides", {2, 2});
    b.node("GlobalAveragePool", {"u"}, {"y"});
    return b;
}

ModelBuilder shapeArithmetic() {
    ModelBuilder b;
    b.input("x", {2, 3, 5, 7}).int64Scalar("zero", 0).int64s("axes", {0}).int64s("rest", {-1}).output("y");
    b.node("Shape", {"x"}, {"s"});
    b.node("Gather", {"s", "zero"}, {"n"}).integer("axis", 0);
    b.node("Unsqueeze", {"n", "axes"}, {"u"});
    b.node("Concat", {"u", "rest"}, {"shape"}).integer("axis", 0);
    b.node("Reshape", {"x", "shape"}, {"f"});
    b.node("Cast", {"s"}, {"real"}).integer("to", 1);
    b.node("Mul", {"real", "real"}, {"square"});
    b.node("Floor", {"square"}, {"floor"});
    b.node("Cast", {"floor"}, {"back"}).integer("to", 7);
    b.node("ConstantOfShape", {"back"}, {"fill"});
    b.node("Softmax", {"f"}, {"y"});
    return b;
}

ModelBuilder pieces() {
    ModelBuilder b(18);
    b.input("x", {1, 6, 10, 7}).output("y").floats("scales", {1, 1, 2, 0.5F}).int64s("s", {8}).int64s("e", {1});
    b.int64s("a", {2}).int64s("t", {-3}).int64s("pads", {0, 0, 1, 2, 0, 0, 3, 1}).int64s("r", {2});
    b.node("Resize", {"x", "", "scales"}, {"big"}).text("mode", "nearest");
    b.node("Slice", {"big", "s", "e", "a", "t"}, {"cut"});
    b.node("Pad", {"cut", "pads"}, {"padded"}).text("mode", "reflect");
    b.node("Split", {"padded"}, {"one", "two"}).integer("axis", 1).integer("num_outputs", 2);
    b.node("Transpose", {"one"}, {"turned"}).integers("perm", {0, 1, 3, 2});
    b.node("MatMul", {"two", "turned"}, {"product"});
    b.node("ReduceMean", {"product", "r"}, {"y"}).integer("keepdims", 0);
    return b;
}

ModelBuilder hostWork() {
    ModelBuilder b(14);
    b.importDomain("com.example", 1).input("x", {3, 4}).output("y").valueInfo("h", {3, 4});
    b.node("Odd", {"x", ""}, {"h", "lost"}).domain("com.example").texts("names", {"a\n", "\xc3\xa9"}).real("r", 0.1F);
    auto* branch = b.node("If", {"x"}, {"z"}).add("then_branch", 5)->mutable_g();
    branch->add_node()->add_input(std::string("h"));
    branch->mutable_node(0)->set_op_type(std::string("Neg"));
    branch->mutable_node(0)->add_output(std::string("inner"));
    branch->add_output()->set_name("inner");
    b.node("Constant", {}, {"k"}).integers("value_ints", {1, 2, 3});
    b.node("Add", {"h", "h"}, {"y"}).reals("extra", {1, 2.5F});
    return b;
}

// The seeds of fuzz/onnx.cpp. Set MILLRACE_WRITE_CORPUS to write them again after a change here.
TEST(Corpus, SeedsAreWhatIsBuiltHereAndImport) {
    const std::map<std::string, ModelBuilder> seeds{{"convolutions", convolutions()},
                                                    {"shapearithmetic", shapeArithmetic()},
                                                    {"pieces", pieces()},
                                                    {"hostwork", hostWork()}};
    for (const auto& [name, builder] : seeds) {
        Diagnostics diagnostics;
        std::string path = millrace::test::sourceDir();
        path.append("/fuzz/corpus/onnx/").append(name).append(".onnx");
        if (std::getenv("MILLRACE_WRITE_CORPUS") != nullptr) writeFile(path, builder.bytes(), diagnostics);
        const auto stored = readFile(path, diagnostics);
        ASSERT_TRUE(stored) << diagnostics.text();
        EXPECT_TRUE(*stored == builder.bytes()) << name << " differs";
        EXPECT_TRUE(readOnnx(path, {}, diagnostics)) << diagnostics.text();
        EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
    }
}

}  // namespace
}  // namespace millrace::model
