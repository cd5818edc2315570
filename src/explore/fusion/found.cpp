#include "explore/fusion/found.h"

#include <fmt/format.h>

namespace millrace::fusion {

using mapping::Mapping;
using mapping::MappingEntry;
using mapping::Tiling;
using workload::LayerId;

static std::vector<Tiling> tilingsOf(const workload::Layer& layer, const std::vector<tiling::Split>& splits) {
    std::vector<Tiling> result;
    for (const tiling::Split& split : splits)
        result.push_back({layer.dims[split.dim].name, Tiling::Kind::parts, split.parts});
    return result;
}

static MappingEntry entryOf(const workload::Layer& layer, const LayerPlan& plan, const Mapping* given) {
    const MappingEntry* said = given == nullptr ? nullptr : given->find(layer.name, layer.type);
    MappingEntry entry = said == nullptr ? MappingEntry() : *said;
    entry.name = layer.name;
    entry.coreAllocation.clear();
    for (const hardware::CoreId core : plan.cores)
        entry.coreAllocation.push_back(static_cast<std::int64_t>(core.index()));
    entry.allocationIsFixed = true;
    entry.interCoreTiling = tilingsOf(layer, plan.inter);
    entry.intraCoreTiling = tilingsOf(layer, plan.intra);
    entry.where = {};
    return entry;
}

static mapping::Schedule scheduleOf(const Policy& policy) {
    mapping::Schedule schedule;
    schedule.kind = "fused";
    schedule.fixed = true;
    schedule.order = policy.order == Order::given ? kOrderFile : name(policy.order);
    schedule.halo = name(policy.halo);
    schedule.lookahead = policy.lookahead;
    schedule.prefetch = policy.prefetch;
    schedule.fillGaps = policy.fillGaps;
    schedule.multicast = policy.multicast;
    return schedule;
}

Mapping mappingOf(const workload::Workload& workload, const Plan& plan, const Policy& policy, const Mapping* given) {
    Mapping mapping;
    for (const LayerId id : workload.layers.ids())
        mapping.entries.push_back(entryOf(workload.layers[id], plan.layers[id], given));
    for (std::size_t s = 0; s < plan.stacks.size(); ++s) {
        mapping::FusedGroup group;
        group.name = fmt::format("stack {}", s);
        for (const LayerId id : plan.stacks[s]) group.layers.push_back(workload.layers[id].name);
        mapping.fusedGroups.push_back(std::move(group));
    }
    mapping.schedule = scheduleOf(policy);
    return mapping;
}

Policy policyFrom(const mapping::Schedule& schedule, Policy policy) {
    for (const Order order : ownOrders()) {
        if (schedule.order == name(order)) policy.order = order;
    }
    for (const Halo halo : {Halo::keep, Halo::again, Halo::recompute}) {
        if (schedule.halo == name(halo)) policy.halo = halo;
    }
    if (schedule.lookahead) policy.lookahead = static_cast<int>(*schedule.lookahead);
    policy.prefetch = schedule.prefetch.value_or(policy.prefetch);
    policy.fillGaps = schedule.fillGaps.value_or(policy.fillGaps);
    policy.multicast = schedule.multicast.value_or(policy.multicast);
    return policy;
}

}  // namespace millrace::fusion
