#pragma once
#include "hardware/chip.h"
#include "hardware/sites.h"
#include "support/diagnostics.h"

namespace millrace::hardware {

/// Rules of an array that computes in memory, and of the memory `cells` that its weights lie in.
void checkInMemory(const Core& core, const CoreSites& sites, Diagnostics& diagnostics);

}  // namespace millrace::hardware
