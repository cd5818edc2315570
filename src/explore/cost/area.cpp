#include "explore/cost/area.h"

#include <algorithm>

namespace millrace::cost {

std::optional<Area> areaOf(const hardware::Core& core) {
    const auto imc = imcArrayOf(core);
    const bool given = std::any_of(core.memories.begin(), core.memories.end(),
                                   [](const hardware::Memory& memory) { return memory.area > 0; });
    if (!imc && !given) return std::nullopt;
    Area area;
    if (imc) area.parts = imcArea(*imc);
    area.array = imc ? area.parts->total() : core.array.unitArea * static_cast<double>(core.array.units());
    double memories = 0;
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        const double instances = imc ? 1 : static_cast<double>(core.instances(i));
        area.memory.push_back(core.memories[i].area * instances);
        memories += area.memory.back();
    }
    area.total = area.array + memories;
    return area;
}

}  // namespace millrace::cost
