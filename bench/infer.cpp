#include <benchmark/benchmark.h>

#include <filesystem>

#include "model/exec/executor.h"
#include "model/exec/weights.h"
#include "model/onnx/onnx.h"
#include "shared.h"

/// Time of one reference execution on two threads, random weights and inputs. The file is the one in ../shared/models;
/// an absent one is an error of that line.
namespace millrace {
namespace {

void infer(benchmark::State& state, const std::string& file) {
    const std::string path = test::sharedDir() + "/models/" + file;
    if (!std::filesystem::exists(path)) return state.SkipWithError("the model is not there");
    Diagnostics diagnostics;
    auto network = model::readOnnx(path, {}, diagnostics);
    if (!network) return state.SkipWithError("the model is not read");
    model::exec::fillMissing(*network, 1);
    std::vector<model::exec::Value> inputs;
    for (const model::TensorId id : network->inputs) {
        inputs.push_back(model::exec::randomInput(network->tensors[id], 1));
    }
    model::exec::RunOptions options;
    options.threads = 2;
    for (auto _ : state) {
        const auto result = model::exec::run(*network, inputs, options, diagnostics);
        if (!result) return state.SkipWithError("the model is not executed");
        benchmark::DoNotOptimize(result->outputs.data());
    }
}

BENCHMARK_CAPTURE(infer, resnet50, "shapes/resnet50.onnx")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(infer, mobilenet_v2, "shapes/mobilenet_v2.onnx")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(infer, yolov3_tiny, "shapes/yolov3_tiny.onnx")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(infer, unet, "shapes/unet.onnx")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(infer, bert_base, "shapes/bert_base.onnx")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace millrace
