#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <filesystem>
#include <map>

#include "model_onnx/cases.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

/// libonnx's shapes by tensor name, where it finds whole ones; none if it refuses the model.
std::map<std::string, Shape> judge(const std::string& bytes) {
    std::map<std::string, Shape> shapes;
    ::onnx::ModelProto proto;
    if (!proto.ParseFromString(bytes)) return shapes;
    try {
        ::onnx::ShapeInferenceOptions options;
        options.check_type = true;
        options.error_mode = 1;
        ::onnx::shape_inference::InferShapes(proto, ::onnx::OpSchemaRegistry::Instance(), options);
    } catch (const std::exception&) {
        return shapes;
    }
    for (const auto* infos : {&proto.graph().value_info(), &proto.graph().output()}) {
        for (const auto& info : *infos) {
            if (!info.type().tensor_type().has_shape()) continue;
            Shape shape;
            bool whole = true;
            for (const auto& dim : info.type().tensor_type().shape().dim()) {
                whole = whole && dim.has_dim_value();
                shape.push_back(dim.dim_value());
            }
            if (whole) shapes.emplace(info.name(), shape);
        }
    }
    return shapes;
}

class AgainstLibonnx : public testing::TestWithParam<test::NamedCase> {};

// Models that either side refuses are counted, and must be few.
TEST_P(AgainstLibonnx, ShapesAreEqual) {
    Rng rng(2026);
    const std::int64_t count = millrace::test::count(20000);
    std::int64_t compared = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const test::RandomCase random = GetParam().make(rng);
        Diagnostics diagnostics;
        const auto network = random.model.import(diagnostics);
        auto expected = judge(random.model.bytes());
        const auto y = expected.find("y");
        if (!network || y == expected.end()) {
            const bool tooLarge = diagnostics.text().find("the kernel reaches over") != std::string::npos ||
                                  diagnostics.text().find("nothing is left") != std::string::npos;
            EXPECT_TRUE(network || tooLarge) << diagnostics.text();
            continue;
        }
        ++compared;
        random.correct(y->second);
        ASSERT_EQ(text(*network->tensors[network->find("y")].shape), text(y->second)) << printText(*network);
    }
    // libonnx leaves empty slices open; a kernel may be larger than its input.
    EXPECT_GT(compared, count * 2 / 3);
}

INSTANTIATE_TEST_SUITE_P(Random, AgainstLibonnx, testing::ValuesIn(test::randomCases()),
                         [](const auto& instance) { return instance.param.name; });

TEST(AgainstLibonnxFiles, AllShapesAreEqual) {
    MILLRACE_NEEDS_SHARED();
    std::int64_t compared = 0;
    for (const auto* folder : {"peers", "shapes", "real"}) {
        const std::string path = millrace::test::sharedDir() + "/models/" + folder;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            SCOPED_TRACE(entry.path().string());
            Diagnostics diagnostics;
            const auto network = readOnnx(entry.path().string(), {}, diagnostics);
            ASSERT_TRUE(network) << diagnostics.text();
            const auto expected = judge(readFile(entry.path().string(), diagnostics).value());
            for (const Tensor& tensor : network->tensors) {
                const auto found = expected.find(tensor.name);
                if (found == expected.end() || !tensor.shape) continue;
                ++compared;
                EXPECT_EQ(text(*tensor.shape), text(found->second)) << tensor.name;
            }
        }
    }
    EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace millrace::model
