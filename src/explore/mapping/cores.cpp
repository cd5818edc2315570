#include "explore/mapping/cores.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::mapping {

using hardware::Core;
using hardware::CoreId;

Work workOf(const workload::Layer& layer) {
    if (!layer.elementwise) return Work::matrix;
    return layer.dim("FX") || layer.dim("FY") ? Work::pooling : Work::elementwise;
}

static bool unrolls(const Core& core, std::string_view loop) {
    for (const hardware::Dataflow& dataflow : core.dataflows) {
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            if (unrolling.loop == loop) return true;
        }
    }
    return false;
}

static bool madeFor(const Core& core, Work work) {
    switch (work) {
        case Work::matrix: return unrolls(core, "K") && (unrolls(core, "C") || unrolls(core, "D"));
        case Work::pooling: return unrolls(core, "FX") && unrolls(core, "FY");
        case Work::elementwise: {
            const auto& dimensions = core.array.dimensions;
            return std::count_if(dimensions.begin(), dimensions.end(), [](const auto& d) { return d.size > 1; }) <= 1;
        }
    }
    return false;
}

std::vector<CoreId> coresByKind(const workload::Layer& layer, const hardware::Chip& chip) {
    std::vector<CoreId> named;
    std::vector<CoreId> fitting;
    std::vector<CoreId> general;
    for (const CoreId id : chip.computeCores()) {
        const Core& core = chip.cores[id];
        if (core.array.units() == 0) continue;
        const auto& types = core.operatorTypes;
        if (std::find(types.begin(), types.end(), layer.type) != types.end()) named.push_back(id);
        if (!types.empty()) continue;
        general.push_back(id);
        if (madeFor(core, workOf(layer))) fitting.push_back(id);
    }
    if (!named.empty()) return named;
    return fitting.empty() ? general : fitting;
}

static std::vector<CoreId> toIds(const std::vector<std::int64_t>& numbers) {
    std::vector<CoreId> ids;
    for (const std::int64_t number : numbers) ids.push_back(CoreId(static_cast<std::size_t>(number)));
    return ids;
}

std::vector<CoreId> namedCores(const workload::Layer& layer, const MappingEntry* entry) {
    if (!layer.mapping.coreAllocation.empty()) return toIds(layer.mapping.coreAllocation);
    return entry == nullptr ? std::vector<CoreId>{} : toIds(entry->coreAllocation);
}

static std::vector<CoreId> distinct(const std::vector<CoreId>& cores) {
    std::vector<CoreId> result;
    for (const CoreId core : cores) {
        if (std::find(result.begin(), result.end(), core) == result.end()) result.push_back(core);
    }
    return result;
}

std::vector<CoreId> allowedCores(const workload::Layer& layer, const hardware::Chip& chip, const Mapping* mapping) {
    const MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    const std::vector<CoreId> named = distinct(namedCores(layer, entry));
    return named.empty() ? coresByKind(layer, chip) : named;
}

bool checkNamedCores(const workload::Layer& layer, const hardware::Chip& chip, Diagnostics& diagnostics) {
    bool good = true;
    for (const std::int64_t number : layer.mapping.coreAllocation) {
        const bool known = number >= 0 && static_cast<std::uint64_t>(number) < chip.cores.size();
        if (known && !chip.isOffchip(CoreId(static_cast<std::size_t>(number)))) continue;
        diagnostics.error(
            layer.where,
            fmt::format("layer '{}' is to run on core {}, which {}", layer.name, number,
                        known ? "is the off-chip memory" : "the chip does not have"),
            fmt::format("the chip '{}' has the cores 0 to {}", chip.name, chip.computeCores().size() - 1));
        good = false;
    }
    return good;
}

}  // namespace millrace::mapping
