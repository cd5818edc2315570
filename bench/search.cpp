#include <benchmark/benchmark.h>

#include "explore/fusion/order.h"
#include "explore/search/coarse.h"
#include "explore/search/methods.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"

/// What a search repeats, on the shipped ResNet-18 and quad-core: schedules a second by whole layers, by tiles, and by
/// tiles of which only some change places. What tiles cost is asked for before.
namespace millrace {
namespace {

const std::string kSource = MILLRACE_SOURCE_DIR;

/// The network, the chip and the plan of the rules; `rows`: of the shipped mapping and stacks, which are those of
/// Stream's own run (3,874 tiles, 3,863 there).
struct Question {
    explicit Question(bool rows) {
        const auto network = model::readOnnx(kSource + "/models/resnet18.onnx", {}, diagnostics);
        workload = *workload::lower(*network, {}, diagnostics);
        chip = *hardware::readChip(kSource + "/hardware/tpu_like_quad_core.yaml", diagnostics);
        if (rows) {
            mapping = mapping::readMapping(kSource + "/hardware/mappings/quad_core_rows.yaml", diagnostics);
            fusion::parseStacks("0-10;11-21", rules, diagnostics);
        }
        scene = search::Scene::make(workload, chip, mapping ? &*mapping : nullptr, options, diagnostics);
        workshop.emplace(*scene, rules);
        candidate = search::ruleSeeds(*workshop, {}, fusion::ownOrders(), diagnostics).front();
    }

    std::int64_t tiles() const {
        std::int64_t sum = 0;
        for (const fusion::LayerPlan& layer : candidate.plan.layers) sum += layer.tiles();
        return sum;
    }

    Diagnostics diagnostics;
    workload::Workload workload;
    hardware::Chip chip;
    explore::Options options;
    fusion::PlanOptions rules;
    std::optional<mapping::Mapping> mapping;
    std::unique_ptr<search::Scene> scene;
    std::optional<search::Workshop> workshop;
    search::Candidate candidate;
};

/// So many changes of a candidate that can all be scheduled.
std::vector<search::Candidate> changesOf(const Question& question, std::size_t count) {
    const search::Moves moves(*question.workshop);
    Rng rng(1);
    std::vector<search::Candidate> found;
    search::Moves::Kind kind{};
    while (found.size() < count) {
        auto next = moves.mutate(question.candidate, rng, kind);
        if (next) found.push_back(std::move(*next));
    }
    return found;
}

/// The estimate that sorts out changes before any is scheduled: every layer a bar.
void estimatesByLayer(benchmark::State& state) {
    const Question question(false);
    const std::vector<search::Candidate> changes = changesOf(question, 1000);
    search::Coarse coarse(*question.scene);
    for (const search::Candidate& change : changes) coarse.estimate(change.plan);
    std::size_t at = 0;
    for (auto _ : state) benchmark::DoNotOptimize(coarse.estimate(changes[at++ % changes.size()].plan));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(estimatesByLayer)->Unit(benchmark::kMicrosecond);

/// A plan scheduled by the engine from nothing, transfers and memories by the byte.
void schedules(benchmark::State& state) {
    const Question question(true);
    Diagnostics diagnostics;
    if (!question.scene->score(question.candidate, {}, diagnostics)) {
        state.SkipWithError("no schedule");
        return;
    }
    for (auto _ : state) benchmark::DoNotOptimize(question.scene->score(question.candidate, {}, diagnostics));
    state.SetItemsProcessed(state.iterations());
    state.counters["tiles"] = static_cast<double>(question.tiles());
}
BENCHMARK(schedules)->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMillisecond);

/// A move near the middle of a schedule: 96 tiles taken back and committed again, as `reorder` tries other orders. What
/// comes before stays; an evaluation of a schedule of all tiles would begin anew.
void incrementalMoves(benchmark::State& state) {
    constexpr std::size_t kWindow = 96;
    const Question question(true);
    Diagnostics diagnostics;
    const auto first = question.scene->stage(question.candidate, diagnostics);
    const auto order = first ? fusion::run(*first->engine, diagnostics) : std::nullopt;
    const auto stage = question.scene->stage(question.candidate, diagnostics);
    if (!order || order->size() < 2 * kWindow) {
        state.SkipWithError("no schedule");
        return;
    }
    std::vector<fusion::WorkId> works(question.workload.layers.size());
    for (const fusion::WorkId id : stage->setup->works().ids()) {
        const fusion::Work& work = stage->setup->works()[id];
        if (work.layer.valid()) works[work.layer.index()] = id;
    }
    const auto commit = [&](std::size_t from, std::size_t to) {
        bool fits = true;
        for (std::size_t i = from; i < to; ++i) {
            fits = stage->engine->commit(works[(*order)[i].first.index()], (*order)[i].second) && fits;
        }
        return fits;
    };
    const std::size_t middle = order->size() / 2;
    if (!commit(0, middle)) state.SkipWithError("another schedule");
    for (auto _ : state) {
        const fusion::Engine::Mark mark = stage->engine->mark();
        benchmark::DoNotOptimize(commit(middle, middle + kWindow));
        stage->engine->undo(mark);
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["tiles"] = static_cast<double>(question.tiles());
}
BENCHMARK(incrementalMoves)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace
