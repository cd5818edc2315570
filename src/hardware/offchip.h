#pragma once
#include <optional>

#include "hardware/chip.h"

namespace millrace::hardware {

/// Adds the wires between the off-chip core and all others, as Stream makes them: an off-chip memory with a single
/// read_write port gives one bus for both directions ("any <-> offchip"), others give one bus for what it sends and one
/// for what it receives. Bandwidths are those of its ports; `energyPerCycle` in pJ is divided by the bandwidth.
void addOffchipLinks(Chip& chip, double energyPerCycle);

/// Takes the outermost memory out of a core and makes it a core by itself. Empty, and the core unchanged, if the memory
/// does not serve all three operands, or an operand would be left without a memory.
std::optional<Core> splitOffchip(Core& core);

}  // namespace millrace::hardware
