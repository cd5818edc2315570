#include <benchmark/benchmark.h>
#include <malloc.h>

#include "chips.h"
#include "explore/explore.h"
#include "explore/fusion/halos.h"
#include "explore/fusion/order.h"
#include "explore/fusion/run.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "layers.h"
#include "model/onnx/onnx.h"

/// Tiles of fused layers: what they need of each other, and schedules of up to a million of them. Times are of what a
/// search repeats: from a plan to the record of a schedule, without the costs of tiles, which are asked for once
/// before.
namespace millrace {
namespace {

const std::string kSource = MILLRACE_SOURCE_DIR;

/// A chain of 3x3 convolutions on images of rows x columns, as in super-resolution networks.
workload::Workload chain(int layers, std::int64_t channels, std::int64_t rows, std::int64_t columns) {
    workload::Workload workload;
    workload.name = "chain";
    workload::TensorId tensor = test::addInput(workload, {channels, rows, columns});
    for (int i = 0; i < layers; ++i) {
        test::ConvShape shape;
        shape.k = shape.c = channels;
        shape.oy = rows;
        shape.ox = columns;
        shape.fy = shape.fx = 3;
        shape.padY = shape.padX = 1;
        tensor = test::addConv(workload, "conv" + std::to_string(i), tensor, shape);
    }
    workload.tensors[tensor].isOutput = true;
    return workload;
}

/// One matrix core that has room for a few rows of every layer (and a core for other work, which stays idle).
hardware::Chip singleCore() { return test::smallChip(1, std::int64_t{1} << 26, 64, 64); }

fusion::Plan planOf(const workload::Workload& workload, std::int64_t rows, std::int64_t columns) {
    fusion::Plan plan;
    plan.stacks.emplace_back();
    for (const workload::LayerId id : workload.layers.ids()) {
        fusion::LayerPlan layer;
        const workload::Layer& info = workload.layers[id];
        layer.intra = {{*info.dim("OX"), columns}, {*info.dim("OY"), rows}};
        layer.cores = {hardware::CoreId(0)};
        plan.layers.add(layer);
        plan.stacks[0].push_back(id);
    }
    return plan;
}

/// All that a schedule of a plan starts from.
struct Question {
    Question(workload::Workload givenWorkload, hardware::Chip givenChip)
        : workload(std::move(givenWorkload)),
          chip(std::move(givenChip)),
          platform(*platform::Platform::make(chip, resources, diagnostics)),
          costs(workload, chip, nullptr, explore::Objective::latency, 6) {}

    std::int64_t schedule(const fusion::Plan& plan, const fusion::Policy& policy) {
        const tiling::Cells cells = fusion::cellsOf(workload, plan, policy.halo == fusion::Halo::recompute);
        const auto setup = fusion::Setup::make(workload, chip, platform, resources, plan, cells, costs, diagnostics);
        fusion::Engine engine(*setup, policy);
        if (!fusion::run(engine, diagnostics)) return 0;
        latency = engine.latency();
        const fusion::Record& record = engine.record();
        recordBytes = record.starts.capacity() * sizeof(record.starts[0]) +
                      record.buffers.capacity() * sizeof(record.buffers[0]) +
                      record.transfers.capacity() * sizeof(record.transfers[0]) +
                      record.boxes.capacity() * sizeof(record.boxes[0]);
        totalBytes = mallinfo2().uordblks + mallinfo2().hblkhd;
        return setup->tiles();
    }

    Diagnostics diagnostics;
    workload::Workload workload;
    hardware::Chip chip;
    schedule::Problem resources;
    platform::Platform platform;
    platform::TileCosts costs;
    Cycles latency;
    std::size_t recordBytes = 0;
    std::size_t totalBytes = 0;
};

void report(benchmark::State& state, const Question& question, std::int64_t tiles, std::size_t idleBytes) {
    state.SetItemsProcessed(state.iterations() * tiles);
    state.counters["tiles"] = static_cast<double>(tiles);
    const double all = static_cast<double>(question.totalBytes - idleBytes);
    state.counters["record B/tile"] = static_cast<double>(question.recordBytes) / static_cast<double>(tiles);
    state.counters["state B/tile"] = (all - static_cast<double>(question.recordBytes)) / static_cast<double>(tiles);
}

/// Arguments: layers, tiles along rows and along columns of each.
void scheduleChain(benchmark::State& state) {
    const std::int64_t rows = state.range(1);
    const std::int64_t columns = state.range(2);
    Question question(chain(static_cast<int>(state.range(0)), 16, rows * 4, columns * 4), singleCore());
    const fusion::Plan plan = planOf(question.workload, rows, columns);
    question.schedule(plan, {});
    malloc_trim(0);
    const std::size_t idle = mallinfo2().uordblks + mallinfo2().hblkhd;
    std::int64_t tiles = 0;
    for (auto _ : state) tiles = question.schedule(plan, {});
    report(state, question, tiles, idle);
}
BENCHMARK(scheduleChain)
    ->Args({8, 64, 60})
    ->Args({8, 3840, 1})
    ->Args({8, 400, 313})
    ->Args({8, 125000, 1})
    ->Unit(benchmark::kMillisecond);

/// The shipped network on the shipped quad-core: convolutions and element-wise layers over four cores, in rows.
void scheduleResNet18(benchmark::State& state) {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(kSource + "/models/resnet18.onnx", {}, diagnostics);
    Question question(*workload::lower(*network, {}, diagnostics),
                      *hardware::readChip(kSource + "/hardware/tpu_like_quad_core.yaml", diagnostics));
    fusion::PlanOptions options;
    const auto mapping = mapping::readMapping(kSource + "/hardware/mappings/quad_core_rows.yaml", diagnostics);
    const bool parsed = fusion::parseStacks("0-10;11-21", options, diagnostics);
    const auto plan = fusion::makePlan(question.workload, question.chip, &*mapping, options, diagnostics);
    if (!parsed || !plan || question.schedule(*plan, {}) == 0) {
        state.SkipWithError("no schedule");
        return;
    }
    malloc_trim(0);
    const std::size_t idle = mallinfo2().uordblks + mallinfo2().hblkhd;
    std::int64_t tiles = 0;
    for (auto _ : state) tiles = question.schedule(*plan, {});
    report(state, question, tiles, idle);
}
BENCHMARK(scheduleResNet18)->Unit(benchmark::kMillisecond);

/// What every tile of two convolutions needs, 448 x 448 tiles each: edges counted one by one.
void dependencies(benchmark::State& state) {
    const workload::Workload workload = chain(2, 8, 448, 448);
    const fusion::Plan plan = planOf(workload, 448, 448);
    std::int64_t edges = 0;
    for (auto _ : state) {
        const tiling::Cells cells = fusion::cellsOf(workload, plan, false);
        edges = 0;
        const workload::LayerId consumer(1);
        const tiling::TileGrid& grid = cells.grid(consumer);
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            cells.needs(consumer, grid.at(tile),
                        [&](workload::TensorId tensor, const tiling::CellBox& box, std::size_t) {
                            if (tensor != workload.layers[workload::LayerId(0)].result) return;
                            cells.cells(tensor).each(box, [&](std::uint32_t, const tiling::CellPlace&) {
                                ++edges;
                                return true;
                            });
                        });
        }
    }
    state.counters["edges"] = static_cast<double>(edges);
}
BENCHMARK(dependencies)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace
