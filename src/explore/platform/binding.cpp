#include "explore/platform/binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/mapping/cores.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/grid.h"

namespace millrace::platform {

static std::optional<std::size_t> arrayDimension(const hardware::Core& core, std::string_view name) {
    for (std::size_t i = 0; i < core.array.dimensions.size(); ++i) {
        if (core.array.dimensions[i].name == name) return i;
    }
    return std::nullopt;
}

static std::vector<hardware::Dataflow> fromLayer(const workload::Layer& layer, const hardware::Core& core) {
    std::vector<hardware::Dataflow> result;
    for (const workload::InlineMapping::Unrolling& unrolling : layer.mapping.spatialMapping) {
        const auto dimension = arrayDimension(core, unrolling.arrayDimension);
        if (!dimension) continue;
        auto flow =
            std::find_if(result.begin(), result.end(), [&](const auto& d) { return d.dimension == *dimension; });
        if (flow == result.end()) flow = result.insert(flow, {*dimension, {}});
        flow->unrollings.push_back({unrolling.loop, unrolling.factor});
    }
    return result;
}

static std::vector<hardware::Dataflow> fromEntry(const mapping::MappingEntry& entry, const hardware::Core& core) {
    std::vector<hardware::Dataflow> result;
    for (const mapping::SpatialMapping& spatial : entry.spatial) {
        const auto dimension = arrayDimension(core, spatial.arrayDimension);
        if (dimension) result.push_back({*dimension, spatial.unrollings});
    }
    return result;
}

std::vector<hardware::Dataflow> spatialOf(const workload::Layer& layer, const hardware::Core& core,
                                          const mapping::Mapping* mapping) {
    std::vector<hardware::Dataflow> result = fromLayer(layer, core);
    if (!result.empty()) return result;
    const mapping::MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    if (entry != nullptr) result = fromEntry(*entry, core);
    return result.empty() ? core.dataflows : result;
}

mapper::Request requestFor(const cost::Nest& nest, const workload::Layer& layer, bool whole, const hardware::Core& core,
                           const mapping::Mapping* mapping, const mapper::Options& options) {
    mapper::Request request{nest, core};
    request.spatial = spatialOf(layer, core, mapping);
    request.options = options;
    const mapping::MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    if (entry == nullptr) return request;
    request.spatialHint = entry->spatialHint;
    if (whole) request.temporal = entry->temporalOrdering;
    return request;
}

namespace {

/// What a layer's own mapping asks of the chip.
void checkInline(const workload::Layer& layer, const hardware::Chip& chip, Diagnostics& diagnostics) {
    if (!mapping::checkNamedCores(layer, chip, diagnostics)) return;
    std::vector<hardware::CoreId> cores = mapping::namedCores(layer, nullptr);
    if (cores.empty()) cores = chip.computeCores();
    for (const workload::InlineMapping::Unrolling& unrolling : layer.mapping.spatialMapping) {
        const bool known = std::any_of(cores.begin(), cores.end(), [&](hardware::CoreId id) {
            return arrayDimension(chip.cores[id], unrolling.arrayDimension).has_value();
        });
        if (known) continue;
        diagnostics.error(layer.where,
                          fmt::format("layer '{}' unrolls {} over {}, which no core that it may run on has", layer.name,
                                      unrolling.loop, unrolling.arrayDimension));
    }
}

}  // namespace

bool checkBindings(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
                   Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    if (mapping != nullptr) mapping::check(*mapping, chip, diagnostics);
    for (const workload::Layer& layer : workload.layers) {
        checkInline(layer, chip, diagnostics);
    }
    return diagnostics.failures() == before;
}

static void checkSplits(const workload::Layer& layer, const mapping::Mapping& mapping, Diagnostics& diagnostics) {
    const mapping::MappingEntry* entry = mapping.find(layer.name, layer.type);
    if (entry == nullptr) return;
    for (const mapping::Tiling& tiling : entry->interCoreTiling) {
        const auto dim = mapping::resolve(layer, *entry, tiling);
        if (!dim || (tiling.kind == mapping::Tiling::Kind::parts && tiling.parts <= 1) || tiling::writes(layer, *dim))
            continue;
        diagnostics.error(entry->where,
                          fmt::format("entry '{}' splits {} over cores, but layer '{}' sums over it", entry->name,
                                      tiling.dim, layer.name),
                          "split a loop of its result: K, OY, OX, ...");
    }
}

bool checkNoSumOverCores(const workload::Workload& workload, const mapping::Mapping* mapping,
                         Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (const workload::Layer& layer : workload.layers) {
        if (mapping != nullptr) checkSplits(layer, *mapping, diagnostics);
    }
    return diagnostics.failures() == before;
}

workload::Workload withLinks(workload::Workload workload, const mapping::Mapping* mapping) {
    if (mapping == nullptr) return workload;
    for (workload::Layer& layer : workload.layers) {
        const mapping::MappingEntry* entry = mapping->find(layer.name, layer.type);
        if (entry == nullptr || !entry->memoryOperandLinks) continue;
        const auto apply = [&](workload::Operand& operand) {
            for (const mapping::OperandLink& link : *entry->memoryOperandLinks) {
                if (link.layerOperand == operand.name) operand.memoryOperand = hardware::name(link.memoryOperand);
            }
        };
        apply(layer.output);
        for (workload::Operand& operand : layer.inputs) apply(operand);
    }
    return workload;
}

}  // namespace millrace::platform
