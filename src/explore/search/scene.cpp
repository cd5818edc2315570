#include "explore/search/scene.h"

#include <algorithm>

#include "explore/bounds/bounds.h"
#include "explore/fusion/axes.h"
#include "explore/fusion/found.h"
#include "explore/fusion/halos.h"
#include "explore/fusion/unfold.h"
#include "explore/platform/binding.h"
#include "explore/platform/peak.h"
#include "explore/platform/tensors.h"
#include "schedule/verify.h"

namespace millrace::search {

static bool hasSumsOverCores(const workload::Workload& workload, const fusion::Plan& plan) {
    const auto sums = [&](workload::LayerId id) {
        return std::any_of(plan.layers[id].inter.begin(), plan.layers[id].inter.end(),
                           [&](const tiling::Split& split) { return !tiling::writes(workload.layers[id], split.dim); });
    };
    const auto ids = plan.layers.ids();
    return std::any_of(ids.begin(), ids.end(), sums);
}

std::unique_ptr<Scene> Scene::make(const workload::Workload& workload, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const explore::Options& options,
                                   Diagnostics& diagnostics) {
    if (!platform::checkBindings(workload, chip, mapping, diagnostics)) return nullptr;
    explore::Result start;
    start.chip = chip;
    start.policy = "fused";
    start.objective = options.objective;
    auto platform = platform::Platform::make(start.chip, start.problem, diagnostics);
    if (!platform) return nullptr;
    std::unique_ptr<Scene> scene(new Scene(std::move(*platform)));
    scene->workload_ = platform::withLinks(workload, mapping);
    if (!scene->workload_.hostOperators.empty()) {
        start.problem.memories[scene->platform_.offchip()].cores.push_back(start.problem.cores.add({"host"}));
    }
    start.bounds = bounds::boundsOf(scene->workload_, start.chip, mapping);
    scene->start_ = std::move(start);
    scene->mapping_ = mapping;
    scene->options_ = &options;
    scene->cache_ = std::make_shared<mapper::Cache>();
    scene->costs_ =
        std::make_unique<platform::TileCosts>(scene->workload_, scene->start_.chip, mapping, options.objective,
                                              options.lpfLimit, scene->cache_, options.corrections);
    return scene;
}

std::unique_ptr<Stage> Scene::stage(const Candidate& candidate, Diagnostics& diagnostics) const {
    auto stage = std::make_unique<Stage>();
    stage->workload = &workload_;
    stage->plan = &candidate.plan;
    stage->costs = costs_.get();
    if (hasSumsOverCores(workload_, candidate.plan)) {
        stage->sums = fusion::sumOverCores(workload_, candidate.plan);
        stage->workload = &stage->sums.workload;
        stage->plan = &stage->sums.plan;
        stage->ownCosts.emplace(stage->sums.costed, start_.chip, mapping_, options_->objective, options_->lpfLimit,
                                cache_, options_->corrections);
        stage->costs = &*stage->ownCosts;
    }
    stage->cells.emplace(
        fusion::cellsOf(*stage->workload, *stage->plan, candidate.policy.halo == fusion::Halo::recompute));
    auto setup = fusion::Setup::make(*stage->workload, start_.chip, platform_, start_.problem, *stage->plan,
                                     *stage->cells, *stage->costs, diagnostics);
    if (!setup) return nullptr;
    stage->setup.emplace(std::move(*setup));
    stage->engine.emplace(*stage->setup, candidate.policy);
    return stage;
}

std::optional<fusion::Tally> Scene::score(const Candidate& candidate, const fusion::Patience& patience,
                                          Diagnostics& diagnostics) const {
    const auto stage = this->stage(candidate, diagnostics);
    if (!stage || !fusion::run(*stage->engine, diagnostics, patience)) return std::nullopt;
    return fusion::tally(*stage->engine);
}

std::optional<explore::Result> Scene::realise(const Candidate& candidate, Diagnostics& diagnostics) const {
    const auto stage = this->stage(candidate, diagnostics);
    if (!stage) return std::nullopt;
    auto tiles = fusion::run(*stage->engine, diagnostics);
    if (!tiles) return std::nullopt;
    explore::Result result = start_;
    platform::addTensors(*stage->workload, platform_.offchip(), result.problem);
    result.workload = *stage->workload;
    result.stacks = stage->plan->stacks;
    result.order = fusion::name(candidate.policy.order);
    result.tileOrder = std::move(*tiles);
    fusion::unfold(*stage->engine, result);
    result.evaluations = mappingsEvaluated();
    result.found = fusion::mappingOf(workload_, candidate.plan, candidate.policy, mapping_);
    if (candidate.policy.order == fusion::Order::given) result.found.schedule->order = fusion::kOrderFile;
    result.found.schedule->objective = mapper::name(options_->objective);
    result.found.schedule->lpfLimit = options_->lpfLimit;
    result.peakMemory = explore::peakMemory(result.problem, result.schedule);
    result.offchipTraffic = schedule::offchipTraffic(result.problem, result.schedule);
    result.verified =
        schedule::check(result.problem, diagnostics) && schedule::verify(result.problem, result.schedule, diagnostics);
    return result.verified ? std::optional(std::move(result)) : std::nullopt;
}

double valueOf(double latency, double energy, explore::Objective objective) {
    if (objective == explore::Objective::latency) return latency;
    return objective == explore::Objective::energy ? energy : latency * energy;
}

double valueOf(const fusion::Tally& tally, explore::Objective objective) {
    return valueOf(static_cast<double>(tally.latency.value()), tally.energy.value(), objective);
}

double valueOf(const explore::Result& result, explore::Objective objective) {
    return valueOf(static_cast<double>(result.schedule.latency.value()), result.schedule.energy.total().value(),
                   objective);
}

}  // namespace millrace::search
