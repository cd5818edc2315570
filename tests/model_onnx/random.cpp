#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "model_onnx/cases.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

/// libonnx's shape of tensor `name`; nothing if it finds none or refuses the model.
std::optional<Shape> judge(const std::string& bytes, const std::string& name) {
    ::onnx::ModelProto proto;
    if (!proto.ParseFromString(bytes)) return std::nullopt;
    try {
        ::onnx::ShapeInferenceOptions options;
        options.check_type = true;
        options.error_mode = 1;
        ::onnx::shape_inference::InferShapes(proto, ::onnx::OpSchemaRegistry::Instance(), options);
    } catch (const std::exception&) {
        return std::nullopt;
    }
    const auto& graph = proto.graph();
    for (const auto* infos : {&graph.value_info(), &graph.output()}) {
        for (const auto& info : *infos) {
            if (info.name() != name || !info.type().tensor_type().has_shape()) continue;
            Shape shape;
            for (const auto& dim : info.type().tensor_type().shape().dim()) {
                if (!dim.has_dim_value()) return std::nullopt;
                shape.push_back(dim.dim_value());
            }
            return shape;
        }
    }
    return std::nullopt;
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
        auto expected = judge(random.model.bytes(), "y");
        if (expected) random.correct(*expected);
        if (!network || !expected) {
            if (std::getenv("DBG")) std::printf("%d %d %s\n", network.has_value(), expected.has_value(), network?printText(*network).c_str():"");
            const bool tooLarge = diagnostics.text().find("the kernel reaches over") != std::string::npos ||
                                  diagnostics.text().find("nothing is left") != std::string::npos;
            EXPECT_TRUE(network || tooLarge) << diagnostics.text();
            continue;
        }
        ++compared;
        ASSERT_EQ(text(*network->tensors[network->find("y")].shape), text(*expected)) << printText(*network);
    }
    EXPECT_GT(compared, count * 3 / 4);
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
            const std::string bytes = readFile(entry.path().string(), diagnostics).value();
            for (const Operator& op : network->operators) {
                const Tensor& output = network->tensors[op.output(0)];
                const auto expected = judge(bytes, output.name);
                if (!expected || !output.shape) continue;
                ++compared;
                EXPECT_EQ(text(*output.shape), text(*expected)) << output.name;
                if (compared % 40 == 0) break;
            }
        }
    }
    EXPECT_GT(compared, 100);
}

}  // namespace
}  // namespace millrace::model
