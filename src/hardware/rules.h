#pragma once
#include <cstddef>

#include "hardware/sites.h"

/// The rules that a core keeps. One error for each mistake, at its place.
namespace millrace::hardware {

/// Dimensions, sizes, energy, in-memory computing.
void checkArray(const Core& core, const CoreSites& sites, Diagnostics& diagnostics);
/// One memory by itself: size, costs, operands, ports, served dimensions.
void checkMemory(const Core& core, MemoryIndex memory, const CoreSites& sites, Diagnostics& diagnostics);
/// All memories together: operands reach the array, every needed movement has a port.
void checkHierarchy(const Core& core, const CoreSites& sites, Diagnostics& diagnostics);
/// Dimensions exist, factors are positive; a factor larger than the dimension is a warning.
void checkDataflows(const Core& core, const CoreSites& sites, Diagnostics& diagnostics);

}  // namespace millrace::hardware
