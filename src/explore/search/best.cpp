#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "explore/bounds/work.h"
#include "explore/explore.h"
#include "explore/fusion/plancheck.h"
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
    const mapper::Limits& limits = judge.effort().limits;
    if (judge.best() != nullptr) return scene.realise(judge.best()->candidate, diagnostics);
    if (limits.stop != nullptr && limits.stop->load()) {
        diagnostics.infeasible({}, "the search was stopped before its first schedule was complete",
                               "give it more time, or cut the network into fewer tiles (--tile)");
        return std::nullopt;
    }
    if (judge.closest() != nullptr) {
        diagnostics.infeasible(
            {"--budget"},
            fmt::format("none of the {} schedules that were tried holds at most {} bytes on the chip; the least is {}",
                        judge.evaluations(), judge.effort().memory->value() / 8,
                        judge.closest()->tally.peakMemory.value() / 8),
            "allow more memory, more time (--time-limit), or other stacks and tiles (--stacks, --tile)");
        return std::nullopt;
    }
    // Why the rules' plan cannot be scheduled.
    return scene.realise(seeds.front(), diagnostics);
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

/// The layer-by-layer schedule, if it is better than what the search found (null: nothing).
static std::optional<Result> betterLayerByLayer(const Scene& scene, const Result* found,
                                                const workload::Workload& workload, const SearchOptions& options,
                                                Cycles slowest) {
    const double value =
        found != nullptr ? search::valueOf(*found, scene.objective()) : std::numeric_limits<double>::infinity();
    const bool stopped = options.limits.stop != nullptr && options.limits.stop->load();
    // Who says how layers are fused and cut wants no other schedule.
    const fusion::PlanOptions& plan = options.fused.plan;
    const bool said = plan.stacking != fusion::Stacking::automatic || !plan.tiles.empty();
    if (stopped || (said && found != nullptr) || (found != nullptr && value <= leastLayerByLayer(scene)))
        return std::nullopt;
    Diagnostics ignored;
    fusion::Patience patience;
    patience.limits.stop = options.limits.stop;
    patience.latency = slowest;
    auto layers = exploreLayerByLayer(workload, scene.chip(), scene.mapping(), options.fused.common, ignored, patience);
    if (!layers || search::valueOf(*layers, scene.objective()) >= value) return std::nullopt;
    return options.fused.memory && layers->peakMemory > *options.fused.memory ? std::nullopt : std::move(layers);
}

static SearchRecord recordOf(const Judge& judge, const search::Search& search, const SearchOptions& options) {
    SearchRecord record{options.method, judge.evaluations(), 0, options.seed, endOf(judge, options.limits)};
    if (judge.best() != nullptr) record.found = judge.best()->evaluation;
    if (search.proof) {
        record.choices = search.proof->choices;
        record.ruledOut = search.proof->ruledOut;
        record.proven = search.proof->complete;
    }
    return record;
}

static bool isWrong(const Diagnostics& diagnostics) {
    return std::any_of(diagnostics.all().begin(), diagnostics.all().end(),
                       [](const Diagnostic& message) { return message.severity == Severity::error; });
}

std::optional<Result> exploreBest(const workload::Workload& workload, const hardware::Chip& chip,
                                  const mapping::Mapping* mapping, const SearchOptions& options,
                                  Diagnostics& diagnostics) {
    const search::Method* method = search::findMethod(options.method);
    if (method == nullptr) {
        diagnostics.error({"--method"}, fmt::format("there is no method '{}'", options.method));
        return std::nullopt;
    }
    if (!method->run || workload.layers.empty())
        return exploreFused(workload, chip, mapping, options.fused, diagnostics);
    if (!fusion::checkAsked(workload, chip, mapping, options.fused.plan, diagnostics)) return std::nullopt;
    const auto scene = Scene::make(workload, chip, mapping, options.fused.common, diagnostics);
    if (!scene) return std::nullopt;
    const search::Workshop workshop(*scene, options.fused.plan, options.fused.said);
    Judge judge(*scene, {options.limits, options.evaluations, options.threads, options.fused.memory}, options.report);
    search::Search search{workshop, judge, Rng(options.seed), {}};
    Diagnostics refused;
    search.seeds = search::ruleSeeds(workshop, options.fused.policy, options.fused.orders, refused);
    std::optional<Result> best;
    std::optional<search::Scored> rules;
    if (!search.seeds.empty()) {
        if (options.fused.front) {
            judge.setMethod("rules");
            judge.scores(search.seeds);
            if (judge.best() != nullptr) rules = *judge.best();
        }
        method->run(search);
        if (search.refused.failed()) {
            for (const Diagnostic& message : search.refused.all()) diagnostics.add(message);
            return std::nullopt;
        }
        best = realised(*scene, judge, search.seeds, refused);
    }
    std::optional<SteadyRecord> steady;
    if (search.steady && best) {
        steady = steady::recordOf(*search.steady);
        steady::compare(*search.steady, *best, *steady);
    }
    SearchRecord record = recordOf(judge, search, options);
    std::optional<Front> front;
    if (options.fused.front) front = frontOf(judge, rules ? &*rules : nullptr);
    if (auto layers = isWrong(refused) ? std::nullopt
                                       : betterLayerByLayer(*scene, best ? &*best : nullptr, workload, options,
                                                            judge.slowestUseful())) {
        if (front) {
            front->layerByLayer = pointOf(*layers, "layer by layer", 0);
            front->add(*front->layerByLayer);
        }
        best = std::move(layers);
        record.found = 0;
    } else {
        for (const Diagnostic& message : refused.all()) diagnostics.add(message);
    }
    if (best && steady) best->steady = std::move(steady);
    if (best) {
        best->search = record;
        best->front = std::move(front);
    }
    return best;
}

}  // namespace millrace::explore
