#include "explore/explore.h"

#include <benchmark/benchmark.h>

#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"

/// The main job on the shipped network and chip: reading, costing and scheduling, without writing files.
namespace millrace {
namespace {

const std::string kSource = MILLRACE_SOURCE_DIR;

workload::Workload network() {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(kSource + "/models/resnet18.onnx", {}, diagnostics);
    return *workload::lower(*network, {}, diagnostics);
}

hardware::Chip chip() {
    Diagnostics diagnostics;
    return *hardware::readChip(kSource + "/hardware/tpu_like_quad_core.yaml", diagnostics);
}

void readNetwork(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(network());
}
BENCHMARK(readNetwork)->Unit(benchmark::kMillisecond);

void readChip(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(chip());
}
BENCHMARK(readChip)->Unit(benchmark::kMillisecond);

void layerByLayer(benchmark::State& state) {
    const workload::Workload resnet = network();
    const hardware::Chip quad = chip();
    for (auto _ : state) {
        Diagnostics diagnostics;
        benchmark::DoNotOptimize(explore::exploreLayerByLayer(resnet, quad, nullptr, {}, diagnostics));
    }
}
BENCHMARK(layerByLayer)->Unit(benchmark::kMillisecond);

void costEveryLayer(benchmark::State& state) {
    const workload::Workload resnet = network();
    Diagnostics diagnostics;
    const auto core = hardware::readCore(kSource + "/hardware/single_core.yaml", diagnostics);
    for (auto _ : state) {
        benchmark::DoNotOptimize(explore::costLayers(resnet, *core, nullptr, {}, diagnostics));
    }
}
BENCHMARK(costEveryLayer)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace
