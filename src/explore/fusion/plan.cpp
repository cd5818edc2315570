#include "explore/fusion/plan.h"

#include <fmt/format.h>

#include "explore/fusion/layout.h"
#include "explore/fusion/plancheck.h"
#include "explore/fusion/stacks.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using workload::LayerId;

std::int64_t LayerPlan::parts() const { return tiling::partsOf(inter); }
std::int64_t LayerPlan::steps() const { return tiling::partsOf(intra); }

static std::optional<Stacks> makeStacks(const workload::Workload& workload, const Reads& reads,
                                        const PlanOptions& options, Diagnostics& diagnostics) {
    if (options.stacking == Stacking::automatic) return singleLayers(workload);
    return namedStacks(workload, reads, options, diagnostics);
}

std::optional<Plan> makePlan(const workload::Workload& workload, const hardware::Chip& chip,
                             const mapping::Mapping* mapping, const PlanOptions& options, Diagnostics& diagnostics) {
    if (!checkAsked(workload, chip, mapping, options, diagnostics)) return std::nullopt;
    Plan plan;
    CoreChoice cores(workload, chip, mapping);
    for (const LayerId id : workload.layers.ids()) {
        plan.layers.add({});
        cores.choose(id, wishFor(workload, id, mapping, options), plan.layers[id]);
    }
    auto stacks = makeStacks(workload, readsOf(workload), options, diagnostics);
    if (!stacks) return std::nullopt;
    plan.stacks = std::move(*stacks);
    for (std::size_t s = 0; s < plan.stacks.size(); ++s) {
        for (const LayerId id : plan.stacks[s]) {
            LayerPlan& layer = plan.layers[id];
            const Wish wish = wishFor(workload, id, mapping, options);
            layer.stack = s;
            // Stream does not cut a layer in time that is alone in its stack.
            if (wish.intra == nullptr || (plan.stacks[s].size() == 1 && !wish.intraIsOption)) continue;
            layer.intra = tiling::intraSplits(workload.layers[id], *wish.intra, layer.inter, options.tilesPerLayer);
        }
    }
    return checkGrids(workload, plan, diagnostics) ? std::optional(std::move(plan)) : std::nullopt;
}

static std::string splitsText(const workload::Layer& layer, const std::vector<tiling::Split>& splits, char sign) {
    std::string text;
    for (const tiling::Split& split : splits)
        text += fmt::format(" {}{}{}", layer.dims[split.dim].name, sign, split.parts);
    return text;
}

std::string printText(const Plan& plan, const workload::Workload& workload) {
    std::string text;
    for (std::size_t s = 0; s < plan.stacks.size(); ++s) {
        text += fmt::format("stack {}\n", s);
        for (const LayerId id : plan.stacks[s]) {
            const workload::Layer& layer = workload.layers[id];
            const LayerPlan& mine = plan.layers[id];
            std::string cores;
            for (const hardware::CoreId core : mine.cores) cores += fmt::format(" {}", core.index());
            text += fmt::format("  {} {}:{}{} on{}\n", id.index(), layer.name, splitsText(layer, mine.inter, '@'),
                                splitsText(layer, mine.intra, '='), cores);
        }
    }
    return text;
}

}  // namespace millrace::fusion
