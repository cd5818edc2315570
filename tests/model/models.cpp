#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "model/onnx/onnx.h"
#include "shared.h"

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

}  // namespace
}  // namespace millrace::model
