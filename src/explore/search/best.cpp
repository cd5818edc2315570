#include <fmt/format.h>

#include "explore/explore.h"
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
    method->run(search);
    std::optional<Result> best = realised(*scene, judge, search.seeds, diagnostics);
    if (!best) return std::nullopt;
    SearchRecord record{options.method, judge.evaluations(), 0, options.seed, endOf(judge, options.limits)};
    if (judge.best() != nullptr) record.found = judge.best()->evaluation;
    if (options.limits.stop == nullptr || !options.limits.stop->load()) {
        Diagnostics ignored;
        auto layers = exploreLayerByLayer(workload, chip, mapping, options.fused.common, ignored);
        if (layers && search::valueOf(*layers, scene->objective()) < search::valueOf(*best, scene->objective())) {
            best = std::move(layers);
            record.found = 0;
        }
    }
    best->search = record;
    return best;
}

}  // namespace millrace::explore
