#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/onnx/onnx.h"
#include "onnx.pb.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

std::vector<std::string> modelFiles() {
    std::vector<std::string> files;
    for (const auto* folder : {"peers", "shapes", "real"}) {
        const std::string path = test::sharedDir() + "/models/" + folder;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            if (entry.path().extension() == ".onnx") files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

// The import compares each inferred shape and type with the file's value_info, and warns if they differ.
TEST(Models, AllImportWithoutErrorsAndAgreeWithTheirValueInfo) {
    MILLRACE_NEEDS_SHARED();
    const auto files = modelFiles();
    ASSERT_GE(files.size(), 19U);
    for (const std::string& file : files) {
        SCOPED_TRACE(file);
        Diagnostics diagnostics;
        const auto network = readOnnx(file, {}, diagnostics);
        EXPECT_EQ(diagnostics.text(), "");
        ASSERT_TRUE(network);
        EXPECT_TRUE(verify(*network, diagnostics));
        EXPECT_FALSE(network->operators.empty());
        const std::string text = printText(*network);
        const auto again = parseText(text, file, diagnostics);
        ASSERT_TRUE(again) << diagnostics.text();
        EXPECT_EQ(printText(*again), text);
    }
}

std::map<std::string, int> countTypes(const Network& network) {
    std::map<std::string, int> counts;
    for (const Operator& op : network.operators) ++counts[op.type];
    return counts;
}

TEST(Models, OnlyShapeArithmeticIsFoldedAway) {
    MILLRACE_NEEDS_SHARED();
    for (const std::string& file : modelFiles()) {
        SCOPED_TRACE(file);
        Diagnostics diagnostics;
        onnx::ModelProto proto;
        ASSERT_TRUE(proto.ParseFromString(readFile(file, diagnostics).value()));
        const auto network = readOnnx(file, {}, diagnostics);
        ASSERT_TRUE(network) << diagnostics.text();
        const auto counts = countTypes(*network);
        EXPECT_EQ(counts.count("Shape"), 0U);
        EXPECT_EQ(counts.count("Constant"), 0U);
        std::map<std::string, int> inFile;
        for (const auto& node : proto.graph().node()) ++inFile[node.op_type()];
        for (const auto* type : {"Conv", "Gemm", "MatMul", "MaxPool", "Relu", "Add", "Mul", "Div", "Reshape", "Softmax",
                                 "Transpose", "BatchNormalization", "Clip", "Resize"}) {
            const auto found = counts.find(type);
            EXPECT_EQ(found == counts.end() ? 0 : found->second, inFile[type]) << type;
        }
    }
}

}  // namespace
}  // namespace millrace::model
