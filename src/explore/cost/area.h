#pragma once
#include <optional>
#include <vector>

#include "explore/cost/imc.h"
#include "hardware/chip.h"

namespace millrace::cost {

/// What a core takes on silicon, in mm2 if the areas of its file are.
struct Area {
    double array = 0;
    std::optional<ImcBreakdown> parts;  ///< of the array, if it computes in memory
    std::vector<double> memory;         ///< by memory of the core, all instances together
    double total = 0;
};

/// Empty if the core does not compute in memory and its file gives no memory an area: the area of the units alone says
/// nothing. Memories of a core that computes in memory count as one instance each, as ZigZag counts them
/// (docs/differences.md).
std::optional<Area> areaOf(const hardware::Core& core);

}  // namespace millrace::cost
