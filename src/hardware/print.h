#pragma once
#include <string>

#include "hardware/chip.h"

namespace millrace::hardware {

/// The chip, which passes `check`, as one file in Millrace's own form (docs/hardware.md). Reads back as the same chip,
/// `file` fields apart.
std::string printChip(const Chip& chip);

/// The core, which passes `check`, as a core file.
std::string printCore(const Core& core);

}  // namespace millrace::hardware
