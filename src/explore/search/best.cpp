#include <fmt/format.h>

#include <algorithm>

#include "explore/bounds/work.h"
#include "explore/explore.h"
#include "explore/mapping/cores.h"
#include "explore/platform/writing.h"
#include "explore/search/methods.h"

namespace millrace::explore {

using search::Judge;
using search::Scene;

std::vector<std::pair<std::string, std::string>> searchMethods() {
    std::vector<std::pair<std::string, std::string>> result;
    for (const search::Method& method : search::methods()) result.emplace_back(method.name, method.summary);
    return result;
}

static std::string endOf(const Judge& judge, const mapper::Limits& limits) {
    if (limits.stop != nullptr && limits.stop->load()) return "interrupted";
    if (judge.atBound()) return "bound reached";
    const auto& evaluations = judge.effort().evaluations;
    if (evaluations && judge.evaluations() >= *evaluations) return "evaluations";
    return judge.ended() ? "time" : "nothing better found";
}

/// What the search found, in full.
static std::optional<Result> realised(const Scene& scene, const Judge& judge,
                                      const std::vector<search::Candidate>& seeds, Diagnostics& diagnostics) {
    if (judge.best() != nullptr) return scene.realise(judge.best()->candidate, diagnostics);
    // Why the rules' plan cannot be scheduled.
    auto first = scene.realise(seeds.front(), diagnostics);
    const bool tooMuch = first && judge.effort().memory;
    if (tooMuch) {
        diagnostics.infeasible(
            {},
            fmt::format("no schedule was found that holds at most {} bits on the chip", judge.effort().memory->value()),
            "allow more memory, or more time (--time-limit)");
        return std::nullopt;
    }
    return first;
}

static FrontPoint pointOf(const Result& result, std::string how, std::int64_t index) {
    return {result.schedule.latency, result.schedule.energy.total(), result.peakMemory, std::move(how), index};
}

static Front frontOf(const Judge& judge, const search::Scored* rules) {
    const auto point = [](const search::Scored& scored) {
        return FrontPoint{
            scored.tally.latency, scored.tally.energy, scored.tally.peakMemory,
            fmt::format("schedule {}, order {}", scored.evaluation, fusion::name(scored.candidate.policy.order)),
            scored.evaluation};
    };
    Front front;
    for (const search::Scored& scored : judge.front()) front.add(point(scored));
    if (rules != nullptr) front.rules = point(*rules);
    return front;
}

/// Less than any schedule in which a layer starts only after the one before it has ended can have: its layers, one
/// after another, each on all of its cores at once.
static double leastLayerByLayer(const Scene& scene) {
    double cycles = 0;
    for (const workload::Layer& layer : scene.workload().layers) {
        double rate = 0;
        for (const hardware::CoreId core : mapping::allowedCores(layer, scene.chip(), scene.mapping())) {
            rate += bounds::peakRate(layer, scene.chip().cores[core], scene.mapping());
        }
        if (rate > 0) cycles += static_cast<double>(platform::Writing(layer).operations()) / rate;
    }
    cycles = std::max(cycles, static_cast<double>(scene.bounds().latency.value()));
    if (scene.objective() == Objective::latency) return cycles;
    const double energy = scene.bounds().energy.value();
    return scene.objective() == Objective::energy ? energy : energy * cycles;
}

/// The layer-by-layer schedule, if it is better than what the search found.
static std::optional<Result> betterLayerByLayer(const Scene& scene, const Result& found,
                                                const workload::Workload& workload, const SearchOptions& options) {
    const double value = search::valueOf(found, scene.objective());
    const bool stopped = options.limits.stop != nullptr && options.limits.stop->load();
    if (stopped || value <= leastLayerByLayer(scene)) return std::nullopt;
    Diagnostics ignored;
    auto layers = exploreLayerByLayer(workload, scene.chip(), scene.mapping(), options.fused.common, ignored);
    return layers && search::valueOf(*layers, scene.objective()) < value ? std::move(layers) : std::nullopt;
}

std::optional<Result> exploreBest(const workload::Workload& workload, const hardware::Chip& chip,
                                  const mapping::Mapping* mapping, const SearchOptions& options,
                                  Diagnostics& diagnostics) {
    const search::Method* method = search::findMethod(options.method);
    if (method == nullptr) {
        diagnostics.error({"--method"}, fmt::format("there is no method '{}'", options.method));
        return std::nullopt;
    }
    if (!method->run) return exploreFused(workload, chip, mapping, options.fused, diagnostics);
    const auto scene = Scene::make(workload, chip, mapping, options.fused.common, diagnostics);
    if (!scene) return std::nullopt;
    const search::Workshop workshop(*scene, options.fused.plan);
    Judge judge(*scene, {options.limits, options.evaluations, options.threads, options.memory}, options.report);
    search::Search search{workshop, judge, Rng(options.seed), {}};
    search.seeds = search::ruleSeeds(workshop, options.fused.policy, diagnostics);
    if (search.seeds.empty()) return std::nullopt;
    std::optional<search::Scored> rules;
    if (options.fused.front) {
        judge.setMethod("rules");
        judge.scores(search.seeds);
        if (judge.best() != nullptr) rules = *judge.best();
    }
    method->run(search);
    std::optional<Result> best = realised(*scene, judge, search.seeds, diagnostics);
    if (!best) return std::nullopt;
    SearchRecord record{options.method, judge.evaluations(), 0, options.seed, endOf(judge, options.limits)};
    if (judge.best() != nullptr) record.found = judge.best()->evaluation;
    if (search.proof) {
        record.choices = search.proof->choices;
        record.ruledOut = search.proof->ruledOut;
        record.proven = search.proof->complete;
    }
    if (options.fused.front) best->front = frontOf(judge, rules ? &*rules : nullptr);
    if (auto layers = betterLayerByLayer(*scene, *best, workload, options)) {
        layers->front = best->front;
        if (layers->front) {
            layers->front->layerByLayer = pointOf(*layers, "layer by layer", 0);
            layers->front->add(*layers->front->layerByLayer);
        }
        best = std::move(layers);
        record.found = 0;
    }
    best->search = record;
    return best;
}

}  // namespace millrace::explore
