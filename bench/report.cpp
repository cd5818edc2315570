#include "report/report.h"

#include <benchmark/benchmark.h>

#include <map>

#include "explore/explore.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "report/waits.h"

/// Writing the reports of a fused run: the shipped network cut into rows (some thousand tiles) or points (some hundred
/// thousand tiles), on the shipped chip.
namespace millrace {
namespace {

const std::string kSource = MILLRACE_SOURCE_DIR;

explore::Result explored(const std::string& tile) {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(kSource + "/models/resnet18.onnx", {}, diagnostics);
    const auto workload = workload::lower(*network, {}, diagnostics);
    const auto chip = hardware::readChip(kSource + "/hardware/tpu_like_quad_core.yaml", diagnostics);
    explore::FusedOptions options;
    fusion::parseTile(tile, options.plan, diagnostics);
    fusion::parseStacks("0-10;11-21", options.plan, diagnostics);
    return *explore::exploreFused(*workload, *chip, nullptr, options, diagnostics);
}

const explore::Result& result(std::int64_t points) {
    static std::map<std::int64_t, explore::Result> results;
    const auto known = results.find(points);
    if (known != results.end()) return known->second;
    return results.emplace(points, explored(points != 0 ? "default:OY=all,OX=all" : "default:OY=all")).first->second;
}

template <class Write>
void report(benchmark::State& state, Write write) {
    const explore::Result& run = result(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(write(run));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(run.problem.tasks.size()));
    state.counters["tiles"] = static_cast<double>(run.problem.tasks.size());
}

#define MILLRACE_BENCH_REPORT(name, call)                               \
    void name(benchmark::State& state) {                                \
        report(state, [](const explore::Result& run) { return call; }); \
    }                                                                   \
    BENCHMARK(name)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)

MILLRACE_BENCH_REPORT(whyCoresAreIdle, report::waits(run).known);
MILLRACE_BENCH_REPORT(resultJson, report::resultJson(run, 0));
MILLRACE_BENCH_REPORT(table, report::table(run));
MILLRACE_BENCH_REPORT(schedulePng, report::schedulePng(run));
MILLRACE_BENCH_REPORT(memoryPng, report::memoryPng(run));
MILLRACE_BENCH_REPORT(perfettoTrace, report::perfettoTrace(run));

}  // namespace
}  // namespace millrace
