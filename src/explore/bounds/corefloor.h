#pragma once
#include <array>
#include <vector>

#include "explore/cost/nest.h"
#include "hardware/chip.h"

/// What the cost model charges for the memories inside of a core at least, for any tiles of a layer and any order of
/// their loops. Proofs: docs/bounds.md.
namespace millrace::bounds {

/// Energy floors of a layer on a core.
struct CoreFloor {
    /// pJ for each operation, of the array.
    double array = 0;
    /// pJ for each operation, of the innermost memory of each operand.
    double innermost = 0;
    /// pJ for each element of an operand of the nest (output first), of the memories above.
    std::array<double, cost::kMaxOperands> perElement{};
};

/// `dataflows`: the unrolling that binds; empty: the mapper's choice. Zero for what the core cannot run.
CoreFloor coreFloor(const cost::Nest& nest, const hardware::Core& core,
                    const std::vector<hardware::Dataflow>& dataflows);

}  // namespace millrace::bounds
