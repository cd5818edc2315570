#pragma once
#include "hardware/chip.h"
#include "support/diagnostics.h"

namespace millrace::hardware {

/// Is the chip legal as a whole? The readers have checked each core and link at its place in the file; a chip built by
/// a program is checked here in full. Errors: sizes, ports and dimensions out of range; an operand without a memory at
/// the array; a movement between two memories without a port; links of unknown or equal cores; cores that share
/// memories but differ in them or are linked. Warnings: cores that cannot reach the off-chip memory or each other. True
/// if no errors.
bool check(const Chip& chip, Diagnostics& diagnostics);

/// The rules of one core.
bool check(const Core& core, Diagnostics& diagnostics);

}  // namespace millrace::hardware
