#pragma once
#include "hardware/chip.h"
#include "support/diagnostics.h"
#include "support/yaml.h"

namespace millrace::hardware {

/// Reads `r_cost` and `w_cost` of a memory whose size, area and ports have been read; or, if `auto_cost_extraction`
/// asks for it, takes costs and area from CACTI's table (hardware/cacti.h). Given ones then count only where the table
/// has none, with a warning. Errors: a size or a width outside of the table without given costs, sizes that are not
/// whole bytes, types of memory other than SRAM, the cells of an array that computes in memory.
void readCosts(yaml::MapReader& map, Memory& memory, bool inMemoryComputing, Diagnostics& diagnostics);

}  // namespace millrace::hardware
