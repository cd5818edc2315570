#include <fmt/format.h>

#include <algorithm>

#include "explore/mapper/mapper.h"

namespace millrace::mapper {

const char* name(Objective objective) {
    switch (objective) {
        case Objective::latency: return "latency";
        case Objective::energy: return "energy";
        case Objective::edp: return "edp";
    }
    return "";
}

const PortUse* Mapping::decidingPort() const {
    const auto worst = std::max_element(ports.begin(), ports.end(),
                                        [](const PortUse& a, const PortUse& b) { return a.stall < b.stall; });
    return worst != ports.end() && worst->stall > 0 ? &*worst : nullptr;
}

std::string spatialText(const std::vector<hardware::Dataflow>& spatial) {
    std::string result;
    for (const hardware::Dataflow& flow : spatial) {
        std::string loops;
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            loops += fmt::format("{}{} {}", loops.empty() ? "" : ", ", unrolling.loop, unrolling.factor);
        }
        result += (result.empty() ? "" : " | ") + (loops.empty() ? std::string("-") : loops);
    }
    return result;
}

std::string temporalText(const std::vector<MappedLoop>& loops) {
    std::string result;
    for (const MappedLoop& loop : loops)
        result += fmt::format("{}{} {}", result.empty() ? "" : ", ", loop.dim, loop.size);
    return result;
}

}  // namespace millrace::mapper
