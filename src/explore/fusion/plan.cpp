#include "explore/fusion/plan.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "explore/fusion/found.h"
#include "explore/fusion/halos.h"
#include "explore/fusion/plancheck.h"
#include "explore/fusion/steps.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using workload::LayerId;

std::int64_t LayerPlan::parts() const { return tiling::partsOf(inter); }
std::int64_t LayerPlan::steps() const { return tiling::partsOf(intra); }

namespace {

class Planner {
public:
    Planner(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
            const PlanOptions& options, Diagnostics& diagnostics)
        : workload_(workload),
          chip_(chip),
          mapping_(mapping),
          options_(options),
          diagnostics_(diagnostics),
          reads_(readsOf(workload)),
          memories_(chip) {}

    std::optional<Plan> run() {
        const std::size_t before = diagnostics_.failures();
        CoreChoice cores(workload_, chip_, mapping_);
        for (const LayerId id : workload_.layers.ids()) {
            wishes_.add(wishFor(workload_, id, mapping_, options_));
            cores.choose(id, wishes_[id], plan_.layers[plan_.layers.add({})]);
        }
        auto stacks = makeStacks();
        if (!stacks) return std::nullopt;
        plan_.stacks = std::move(*stacks);
        for (std::size_t s = 0; s < plan_.stacks.size(); ++s) {
            for (const LayerId id : plan_.stacks[s]) plan_.layers[id].stack = s;
            cutStack(plan_.stacks[s]);
        }
        return diagnostics_.failures() == before ? std::optional(std::move(plan_)) : std::nullopt;
    }

private:
    std::optional<Stacks> makeStacks() {
        if (options_.stacking != Stacking::automatic) return namedStacks(workload_, reads_, options_, diagnostics_);
        if (mapping_ == nullptr || mapping_->fusedGroups.empty()) return automaticStacks();
        auto groups = groupLayers(workload_, reads_, *mapping_, diagnostics_);
        if (!groups) return std::nullopt;
        std::size_t covered = 0;
        for (std::size_t g = 0; g < groups->size(); ++g) {
            covered += (*groups)[g].size();
            for (const LayerId id : (*groups)[g]) groupOf_[id] = &mapping_->fusedGroups[g];
        }
        if (covered < workload_.layers.size()) {
            diagnostics_.warning({mapping_->file},
                                 fmt::format("the fused groups have {} of {} layers; each of the others is by itself",
                                             covered, workload_.layers.size()));
        }
        return inOrder(workload_, reads_, std::move(*groups), diagnostics_);
    }

    Stacks automaticStacks() const {
        Table<LayerId, LayerRoom> rooms;
        for (const LayerId id : workload_.layers.ids())
            rooms.add(roomOf(workload_, id, finest(workload_.layers[id], plan_.layers[id]), memories_));
        return stacksThatFit(workload_, reads_, [&](const std::vector<LayerId>& layers) {
            StackRoom room(memories_.size());
            for (const LayerId id : layers) room.add(rooms[id]);
            for (std::size_t m = 0; m < memories_.size(); ++m) {
                const schedule::MemoryId memory(m);
                const std::int64_t capacity = memories_.capacity(memory);
                const std::int64_t constants = room.constants(memory);
                if (static_cast<double>(constants) > options_.fill * static_cast<double>(capacity)) return false;
                if (room.moving(memory, options_.doubleBuffer) > capacity - constants) return false;
            }
            return true;
        });
    }

    void cutStack(const std::vector<LayerId>& stack) {
        const auto group = groupOf_.find(stack.front());
        const bool grouped = group != groupOf_.end() && !group->second->tilings.empty();
        if (grouped) cutAsGroup(workload_, *group->second, stack, plan_, diagnostics_);
        std::vector<LayerId> free;
        std::set<LayerId> asked;
        for (const LayerId id : stack) {
            const Wish& wish = wishes_[id];
            LayerPlan& layer = plan_.layers[id];
            // Stream does not cut a layer in time that is alone in its stack.
            const bool byFile = wish.intra != nullptr && !grouped && stack.size() > 1;
            if (wish.intraIsOption || byFile) {
                layer.intra =
                    tiling::intraSplits(workload_.layers[id], *wish.intra, layer.inter, options_.tilesPerLayer);
            }
            if (wish.intraIsOption || byFile || grouped) {
                asked.insert(id);
            } else {
                free.push_back(id);
            }
        }
        if (stack.size() > 1) cutByMemory(workload_, memories_, options_, stack, free, plan_);
        for (const LayerId id : stack)
            cutToFit(workload_, chip_, memories_, options_, id, asked.count(id) > 0, plan_, diagnostics_);
    }

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    const mapping::Mapping* mapping_;
    const PlanOptions& options_;
    Diagnostics& diagnostics_;
    Reads reads_;
    Memories memories_;
    Table<LayerId, Wish> wishes_;
    std::map<LayerId, const mapping::FusedGroup*> groupOf_;
    Plan plan_;
};

}  // namespace

std::optional<Plan> makePlan(const workload::Workload& workload, const hardware::Chip& chip,
                             const mapping::Mapping* mapping, const PlanOptions& options, Diagnostics& diagnostics) {
    if (!checkAsked(workload, chip, mapping, options, diagnostics)) return std::nullopt;
    auto plan = mapping != nullptr && mapping->isFixed() ? fixedPlan(workload, *mapping, diagnostics)
                                                         : Planner(workload, chip, mapping, options, diagnostics).run();
    if (!plan || !checkGrids(workload, *plan, diagnostics)) return std::nullopt;
    if (options.recompute) keepHalosThatDoNotFit(workload, chip, *plan, diagnostics);
    return plan;
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
