#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/cost/machine.h"
#include "explore/cost/nest.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

namespace millrace::cost {

/// A loop and how often it is unrolled or repeated.
struct SpatialLoop {
    DimIndex dim = 0;
    double factor = 1;
};

/// One version of a spatial mapping: loops by operand and arch level (zigzag.md 1: level a < M is served by memory
/// level a, level M by no memory), and what follows from them (zigzag.md 5.5).
struct Spatial {
    struct Level {
        std::vector<SpatialLoop> loops;
        double instances = 1;  ///< in use
        double unique = 1;     ///< that hold different data
        double boost = 1;      ///< words of the level above per word of this one
    };
    std::array<std::vector<Level>, kMaxOperands> level;
};

/// Both versions: with fractional factors (energy and capacities) and with truncated ones (latency; rounded up with
/// Correction::ragged).
struct SpatialPair {
    Spatial fractional;
    Spatial whole;
    std::vector<hardware::Dataflow> chosen;  ///< after clean-up, as in `spatialOf`'s argument
};

/// No memory lies below it, for any of its operands.
bool isInnermost(const hardware::Core& core, hardware::MemoryIndex memory);

/// max[D][dim]: the largest unrolling of a loop over an array dimension that sizes and the bandwidth of the innermost
/// memories allow (zigzag.md 5.1). 0 where a port is narrower than a word.
std::vector<std::vector<std::int64_t>> unrollLimits(const Nest& nest, const hardware::Core& core,
                                                    const Machine& machine);

/// A user's unrollings without loops that the layer lacks, clipped to the limits (at least 1), the array and the layer
/// (zigzag.md 5.2). The last factor of a loop that an array dimension names twice.
std::vector<hardware::Dataflow> cleanUp(const Nest& nest, const hardware::Core& core, const Machine& machine,
                                        const std::vector<hardware::Dataflow>& dataflows);

/// Lays clean unrollings over the memory levels (zigzag.md 5.4).
SpatialPair spatialOf(const Nest& nest, const hardware::Core& core, const Machine& machine,
                      const std::vector<hardware::Dataflow>& dataflows);

/// The same from loops that are already laid out, by operand and arch level (M + 1 levels for each operand).
Spatial countsOf(const Nest& nest, const std::vector<std::vector<std::vector<SpatialLoop>>>& levels);

/// Sizes of the temporal loops that remain (zigzag.md 6.1); one per dim of the nest, 1 if nothing is left.
std::vector<std::int64_t> temporalSizes(const Nest& nest, const Spatial& fractional);

}  // namespace millrace::cost
