#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "explore/fusion/found.h"
#include "explore/fusion/reads.h"
#include "explore/fusion/stacks.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using mapping::FusedGroup;
using mapping::MappingEntry;
using mapping::Tiling;
using tiling::Split;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

namespace {

class FixedPlan {
public:
    FixedPlan(const workload::Workload& workload, const mapping::Mapping& mapping, Diagnostics& diagnostics)
        : workload_(workload), mapping_(mapping), diagnostics_(diagnostics), stackOf_(workload.layers.size(), kNone) {
        for (const LayerId id : workload.layers.ids()) ids_.emplace(workload.layers[id].name, id);
    }

    std::optional<Plan> run() {
        const std::size_t before = diagnostics_.failures();
        for (const LayerId id : workload_.layers.ids()) addLayer(id);
        if (mapping_.fusedGroups.empty()) {
            plan_.stacks = singleLayers(workload_);
        } else {
            for (const FusedGroup& group : mapping_.fusedGroups) addStack(group);
            checkStacks();
        }
        for (std::size_t s = 0; s < plan_.stacks.size(); ++s) {
            for (const LayerId id : plan_.stacks[s]) plan_.layers[id].stack = s;
        }
        return diagnostics_.failures() == before ? std::optional(std::move(plan_)) : std::nullopt;
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    const std::string& nameOf(LayerId id) const { return workload_.layers[id].name; }

    void addLayer(LayerId id) {
        const Layer& layer = workload_.layers[id];
        LayerPlan& plan = plan_.layers[plan_.layers.add({})];
        const MappingEntry* entry = mapping_.find(layer.name, layer.type);
        if (entry == nullptr || entry->coreAllocation.empty()) {
            diagnostics_.error(
                entry == nullptr ? mapping_.schedule->where : entry->where,
                fmt::format("the schedule is fixed, but no entry names the cores of layer '{}'", layer.name),
                fmt::format("an entry '{}' with 'core_allocation', or no 'fixed: true'", nameOf(id)));
            return;
        }
        for (const std::int64_t core : entry->coreAllocation)
            plan.cores.push_back(hardware::CoreId(static_cast<std::size_t>(core)));
        for (const Tiling& tiling : entry->interCoreTiling) add(layer, *entry, tiling, {}, plan.inter);
        for (const Tiling& tiling : entry->intraCoreTiling) add(layer, *entry, tiling, plan.inter, plan.intra);
    }

    /// `outer`: cuts of the same loops that leave fewer steps for these.
    void add(const Layer& layer, const MappingEntry& entry, const Tiling& tiling, const std::vector<Split>& outer,
             std::vector<Split>& splits) {
        const auto fail = [&](const std::string& message, const std::string& hint) {
            diagnostics_.error(entry.where, fmt::format("entry '{}' {}", entry.name, message), hint);
        };
        const auto dim = tiling.place ? mapping::resolve(layer, entry, tiling) : layer.dim(tiling.dim);
        if (!dim) {
            fail(fmt::format("cuts {}, which layer '{}' does not have", tiling.dim, layer.name),
                 fmt::format("its loops are {}", loopsOf(layer)));
            return;
        }
        if (tiling.kind == Tiling::Kind::wildcard) {
            fail(fmt::format("leaves open into how many parts {} is cut, but the schedule is fixed", tiling.dim),
                 "a number, or 'all'");
            return;
        }
        const std::int64_t size = layer.dims[*dim].size / tiling::partsOf(outer, *dim);
        const std::int64_t left = size / tiling::partsOf(splits, *dim);
        if (tiling.kind == Tiling::Kind::parts && tiling.parts > left) {
            fail(fmt::format("cuts {} into {} parts, but layer '{}' has {} steps of it to cut", tiling.dim,
                             tiling.parts, layer.name, left),
                 fmt::format("at most {}", left));
            return;
        }
        tiling::addSplit(splits, *dim, tiling.kind == Tiling::Kind::all ? left : tiling.parts, size);
    }

    static std::string loopsOf(const Layer& layer) {
        std::string text;
        for (const workload::LoopDim& dim : layer.dims)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", dim.name, dim.size);
        return text;
    }

    void addStack(const FusedGroup& group) {
        const auto fail = [&](const std::string& message, const std::string& hint) {
            diagnostics_.error(group.where, fmt::format("group '{}' {}", group.name, message), hint);
        };
        if (!group.tilings.empty())
            fail("has tilings of its own, but the schedule is fixed", "cuts stand in the entries of its layers");
        std::vector<LayerId> layers;
        for (const std::string& name : group.layers) {
            const auto known = ids_.find(name);
            if (known == ids_.end()) {
                fail(fmt::format("names '{}', but the workload '{}' has no such layer", name, workload_.name),
                     "groups of a fixed schedule list their layers by name");
            } else if (stackOf_[known->second] != kNone) {
                fail(fmt::format("names layer '{}', which group '{}' has", name,
                                 mapping_.fusedGroups[stackOf_[known->second]].name),
                     "");
            } else {
                stackOf_[known->second] = plan_.stacks.size();
                layers.push_back(known->second);
            }
        }
        std::sort(layers.begin(), layers.end());
        plan_.stacks.push_back(std::move(layers));
    }

    void checkStacks() {
        const auto reads = readsOf(workload_);
        for (const LayerId id : workload_.layers.ids()) {
            if (stackOf_[id] == kNone) {
                diagnostics_.error(mapping_.schedule->where,
                                   fmt::format("the schedule is fixed, but no group has layer '{}'", nameOf(id)),
                                   "each layer stands in one group; or no groups: each layer by itself");
                continue;
            }
            const FusedGroup& mine = mapping_.fusedGroups[stackOf_[id]];
            for (const Read& read : reads[id]) {
                const std::size_t from = stackOf_[read.producer];
                if (from == kNone || from <= stackOf_[id]) continue;
                diagnostics_.error(
                    mine.where,
                    fmt::format("group '{}' runs before group '{}', but its layer '{}' needs the "
                                "result of '{}' there",
                                mine.name, mapping_.fusedGroups[from].name, nameOf(id), nameOf(read.producer)),
                    "groups of a fixed schedule stand in the order in which they run");
            }
        }
    }

    const workload::Workload& workload_;
    const mapping::Mapping& mapping_;
    Diagnostics& diagnostics_;
    std::map<std::string, LayerId> ids_;
    Table<LayerId, std::size_t> stackOf_;
    Plan plan_;
};

}  // namespace

std::optional<Plan> fixedPlan(const workload::Workload& workload, const mapping::Mapping& mapping,
                              Diagnostics& diagnostics) {
    return FixedPlan(workload, mapping, diagnostics).run();
}

}  // namespace millrace::fusion
