#include "explore/explore.h"
#include "explore/fusion/coresums.h"
#include "explore/fusion/engine.h"
#include "explore/fusion/run.h"
#include "explore/fusion/unfold.h"
#include "explore/platform/binding.h"
#include "explore/platform/bounds.h"
#include "explore/platform/costs.h"
#include "explore/platform/lifetimes.h"
#include "explore/platform/platform.h"
#include "explore/platform/tensors.h"
#include "schedule/verify.h"

namespace millrace::explore {

using fusion::Engine;

std::optional<Result> exploreFused(const workload::Workload& given, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const FusedOptions& options,
                                   Diagnostics& diagnostics) {
    if (!platform::checkBindings(given, chip, mapping, diagnostics)) return std::nullopt;
    Result result;
    result.chip = chip;
    result.workload = platform::withLinks(given, mapping);
    result.policy = "fused";
    result.objective = options.common.objective;
    const auto platform = platform::Platform::make(result.chip, result.problem, diagnostics);
    if (!platform) return std::nullopt;
    if (!result.workload.hostOperators.empty()) {
        result.problem.memories[platform->offchip()].cores.push_back(result.problem.cores.add({"host"}));
    }
    const auto asked = fusion::makePlan(result.workload, result.chip, mapping, options.plan, diagnostics);
    if (!asked) return std::nullopt;
    result.bounds = platform::bounds(result.workload, result.chip, mapping);
    fusion::CoreSums sums = fusion::sumOverCores(result.workload, *asked);
    result.workload = std::move(sums.workload);
    result.stacks = sums.plan.stacks;
    const schedule::Problem resources = result.problem;
    platform::addTensors(result.workload, platform->offchip(), result.problem);
    const tiling::Cells cells = fusion::cellsOf(result.workload, sums.plan, options.policy);
    platform::TileCosts costs(sums.costed, result.chip, mapping, options.common.objective, options.common.lpfLimit);
    const auto setup =
        fusion::Setup::make(result.workload, result.chip, *platform, resources, sums.plan, cells, costs, diagnostics);
    if (!setup) return std::nullopt;
    Engine engine(*setup, options.policy);
    if (!fusion::run(engine, diagnostics)) return std::nullopt;
    fusion::unfold(engine, result);
    result.evaluations = costs.evaluations();
    result.offchipTraffic = schedule::offchipTraffic(result.problem, result.schedule);
    result.verified =
        schedule::check(result.problem, diagnostics) && schedule::verify(result.problem, result.schedule, diagnostics);
    if (!result.verified) return std::nullopt;
    return result;
}

}  // namespace millrace::explore
