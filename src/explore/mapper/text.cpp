#include <fmt/format.h>

#include "explore/mapper/mapper.h"

namespace millrace::mapper {

std::string spatialText(const Mapping& mapping) {
    std::string result;
    for (const hardware::Dataflow& flow : mapping.spatial) {
        std::string loops;
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            loops += fmt::format("{}{} {}", loops.empty() ? "" : ", ", unrolling.loop, unrolling.factor);
        }
        result += (result.empty() ? "" : " | ") + (loops.empty() ? std::string("-") : loops);
    }
    return result;
}

std::string temporalText(const Mapping& mapping) {
    std::string result;
    for (const MappedLoop& loop : mapping.loops)
        result += fmt::format("{}{} {}", result.empty() ? "" : ", ", loop.dim, loop.size);
    return result;
}

std::string temporalTable(const Mapping& mapping, const cost::Nest& nest, const hardware::Core& core) {
    std::string result = fmt::format("{:<32}", "Temporal Loops");
    for (const cost::Operand& operand : nest.operands) result += fmt::format("{:<20}", operand.name);
    result += '\n';
    std::string indent;
    for (std::size_t i = mapping.loops.size(); i-- > 0; indent += ' ') {
        const MappedLoop& loop = mapping.loops[i];
        result += fmt::format("{:<32}", fmt::format("{}for {} in [0, {}):", indent, loop.dim, loop.size));
        for (const hardware::MemoryIndex memory : loop.memory)
            result += fmt::format("{:<20}", core.memories[memory].name);
        result += '\n';
    }
    for (const hardware::Dataflow& flow : mapping.spatial) {
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            result += fmt::format("{}parfor {} in [0, {}):  {}\n", indent, unrolling.loop, unrolling.factor,
                                  core.array.dimensions[flow.dimension].name);
        }
    }
    return result;
}

}  // namespace millrace::mapper
