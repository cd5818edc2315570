#pragma once
#include <string>

#include "hardware/chip.h"
#include "hardware/sites.h"
#include "support/yaml.h"

namespace millrace::hardware {

/// Reads the ports of a memory in either form: ZigZag's list of ports, or Stream's (2025) list of {direction: port
/// name} in the order of the operands, with `r_bw`, `w_bw`, `min_r_granularity`, `min_w_granularity`, `r_port`,
/// `w_port` and `rw_port` beside it. Ports without a movement are dropped.
void readPorts(yaml::MapReader& map, Memory& memory, MemorySite& site, Diagnostics& diagnostics);

/// A movement that several ports carry belongs to the last of them, as in ZigZag: the others lose it.
void dropRepeatedUses(Memory& memory, MemorySite& site);

}  // namespace millrace::hardware
