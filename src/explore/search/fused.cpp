#include "explore/explore.h"
#include "explore/fusion/coresums.h"
#include "explore/fusion/engine.h"
#include "explore/fusion/found.h"
#include "explore/fusion/run.h"
#include "explore/fusion/unfold.h"
#include "explore/platform/binding.h"
#include "explore/platform/bounds.h"
#include "explore/platform/costs.h"
#include "explore/platform/peak.h"
#include "explore/platform/platform.h"
#include "explore/platform/tensors.h"
#include "schedule/verify.h"

namespace millrace::explore {

using fusion::Engine;
using fusion::Order;

namespace {

double valueOf(const Result& result, Objective objective) {
    const auto latency = static_cast<double>(result.schedule.latency.value());
    const double energy = result.schedule.energy.total().value();
    if (objective == Objective::latency) return latency;
    return objective == Objective::energy ? energy : latency * energy;
}

/// A plan, scheduled in one order after another.
class Question {
public:
    /// `start`: chip, resources and objective; `sums`: the workload and plan to schedule.
    Question(Result start, fusion::CoreSums sums, const platform::Platform& platform, const mapping::Mapping* mapping,
             const FusedOptions& options, Diagnostics& diagnostics)
        : start_(std::move(start)),
          sums_(std::move(sums)),
          options_(options),
          diagnostics_(diagnostics),
          resources_(start_.problem),
          cells_(fusion::cellsOf(sums_.workload, sums_.plan, options.policy)),
          costs_(sums_.costed, start_.chip, mapping, options.common.objective, options.common.lpfLimit),
          setup_(fusion::Setup::make(sums_.workload, start_.chip, platform, resources_, sums_.plan, cells_, costs_,
                                     diagnostics)) {
        platform::addTensors(sums_.workload, platform.offchip(), start_.problem);
        start_.workload = sums_.workload;
        start_.stacks = sums_.plan.stacks;
    }

    std::optional<Result> best() {
        std::optional<Result> best;
        Diagnostics refused;
        Front front;
        std::int64_t tried = 0;
        for (const Order order : options_.orders) {
            if (!setup_) return std::nullopt;
            Diagnostics messages;
            std::optional<Result> result = schedule(order, messages);
            if (!result) {
                if (!refused.failed()) refused = std::move(messages);
                continue;
            }
            front.add({result->schedule.latency, result->schedule.energy.total(), result->peakMemory,
                       "order " + result->order, tried++});
            const bool better = best && valueOf(*result, start_.objective) < valueOf(*best, start_.objective);
            if (!best || better) best = std::move(result);
        }
        if (!best) {
            for (const Diagnostic& message : refused.all()) diagnostics_.add(message);
        }
        if (best) best->evaluations = costs_.evaluations();
        if (best && options_.front) best->front = std::move(front);
        return best;
    }

private:
    std::optional<Result> schedule(Order order, Diagnostics& diagnostics) {
        fusion::Policy policy = options_.policy;
        policy.order = order;
        if (order == Order::given) {
            auto given = fusion::parseOrder(options_.order, options_.orderFile, sums_.workload, diagnostics);
            if (!given) return std::nullopt;
            policy.given = std::move(*given);
            policy.givenFile = options_.orderFile;
        }
        Engine engine(*setup_, policy);
        auto tiles = fusion::run(engine, diagnostics);
        if (!tiles) return std::nullopt;
        Result result = start_;
        result.order = fusion::name(order);
        result.tileOrder = std::move(*tiles);
        fusion::unfold(engine, result);
        result.peakMemory = peakMemory(result.problem, result.schedule);
        return result;
    }

    Result start_;
    fusion::CoreSums sums_;
    const FusedOptions& options_;
    Diagnostics& diagnostics_;
    schedule::Problem resources_;
    tiling::Cells cells_;
    platform::TileCosts costs_;
    std::optional<fusion::Setup> setup_;
};

mapping::Mapping found(const workload::Workload& workload, const fusion::Plan& plan, const FusedOptions& options,
                       const Result& result, const mapping::Mapping* given) {
    mapping::Mapping mapping = fusion::mappingOf(workload, plan, options.policy, given);
    mapping.schedule->order = result.order == fusion::name(Order::given) ? fusion::kOrderFile : result.order;
    mapping.schedule->objective = mapper::name(options.common.objective);
    mapping.schedule->lpfLimit = options.common.lpfLimit;
    return mapping;
}

}  // namespace

std::optional<Result> exploreFused(const workload::Workload& given, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const FusedOptions& options,
                                   Diagnostics& diagnostics) {
    if (!platform::checkBindings(given, chip, mapping, diagnostics)) return std::nullopt;
    Result start;
    start.chip = chip;
    start.policy = "fused";
    start.objective = options.common.objective;
    const auto platform = platform::Platform::make(start.chip, start.problem, diagnostics);
    if (!platform) return std::nullopt;
    const workload::Workload workload = platform::withLinks(given, mapping);
    if (!workload.hostOperators.empty()) {
        start.problem.memories[platform->offchip()].cores.push_back(start.problem.cores.add({"host"}));
    }
    const auto plan = fusion::makePlan(workload, start.chip, mapping, options.plan, diagnostics);
    if (!plan) return std::nullopt;
    start.bounds = platform::bounds(workload, start.chip, mapping);
    Question question(std::move(start), fusion::sumOverCores(workload, *plan), *platform, mapping, options,
                      diagnostics);
    std::optional<Result> result = question.best();
    if (!result) return std::nullopt;
    result->found = found(given, *plan, options, *result, mapping);
    result->offchipTraffic = schedule::offchipTraffic(result->problem, result->schedule);
    result->verified = schedule::check(result->problem, diagnostics) &&
                       schedule::verify(result->problem, result->schedule, diagnostics);
    if (!result->verified) return std::nullopt;
    return result;
}

}  // namespace millrace::explore
