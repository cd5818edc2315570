#pragma once
#include "hardware/chip.h"

namespace millrace::search {

/// The chip as Stream (2025) sees it for a layer that is alone in its stack: the hierarchy of every core ends in the
/// off-chip memory, which all operands come from and go to, at the bandwidth of its port and shared with nobody. One
/// shared memory for all cores, so nothing is ever transferred. For comparisons (compat "stream-offchip").
hardware::Chip withOffchipInCores(hardware::Chip chip);

}  // namespace millrace::search
