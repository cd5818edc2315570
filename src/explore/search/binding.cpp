#include "explore/search/binding.h"

namespace millrace::search {

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
        if (result.empty() || result.back().dimension != *dimension) result.push_back({*dimension, {}});
        result.back().unrollings.push_back({unrolling.loop, unrolling.factor});
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

}  // namespace millrace::search
