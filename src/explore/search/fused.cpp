#include <utility>

#include "explore/explore.h"
#include "explore/fusion/coresums.h"
#include "explore/search/scene.h"

namespace millrace::explore {

using fusion::Order;
using search::Candidate;
using search::Scene;

/// The plan as it is to be scheduled in an order. Nothing with an error if the order's text is none.
static std::optional<Candidate> inOrder(const Scene& scene, const fusion::Plan& plan, const FusedOptions& options,
                                        Order order, Diagnostics& diagnostics) {
    Candidate candidate{plan, options.policy};
    candidate.policy.order = order;
    if (order != Order::given) return candidate;
    const workload::Workload scheduled = fusion::sumOverCores(scene.workload(), plan).workload;
    auto given = fusion::parseOrder(options.order, options.orderFile, scheduled, diagnostics);
    if (!given) return std::nullopt;
    candidate.policy.given = std::move(given->tiles);
    candidate.policy.givenLines = std::move(given->lines);
    candidate.policy.givenFile = options.orderFile;
    return candidate;
}

std::optional<Result> exploreFused(const workload::Workload& workload, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const FusedOptions& options,
                                   Diagnostics& diagnostics) {
    const auto scene = Scene::make(workload, chip, mapping, options.common, diagnostics);
    if (!scene) return std::nullopt;
    fusion::PlanOptions rules = options.plan;
    rules.recompute = options.policy.halo == fusion::Halo::recompute;
    const auto plan = fusion::makePlan(scene->workload(), scene->chip(), mapping, rules, diagnostics);
    if (!plan) return std::nullopt;
    std::optional<Candidate> best;
    std::pair<bool, double> least;
    Diagnostics refused;
    Front front;
    std::int64_t tried = 0;
    for (const Order order : options.orders) {
        Diagnostics messages;
        auto candidate = inOrder(*scene, *plan, options, order, messages);
        const auto tally = candidate ? scene->score(*candidate, {}, messages) : std::nullopt;
        if (!tally) {
            if (!refused.failed()) refused = std::move(messages);
            continue;
        }
        front.add(
            {tally->latency, tally->energy, tally->peakMemory, std::string("order ") + fusion::name(order), ++tried});
        // Beyond the budget the least peak counts.
        const bool fits = !options.memory || tally->peakMemory <= *options.memory;
        const std::pair value(
            !fits, fits ? search::valueOf(*tally, scene->objective()) : static_cast<double>(tally->peakMemory.value()));
        if (best && value >= least) continue;
        best = std::move(candidate);
        least = value;
    }
    if (best) {
        std::optional<Result> result = scene->realise(*best, diagnostics);
        if (result && options.front) result->front = std::move(front);
        return result;
    }
    for (const Diagnostic& message : refused.all()) diagnostics.add(message);
    return std::nullopt;
}

}  // namespace millrace::explore
