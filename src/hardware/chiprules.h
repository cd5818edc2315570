#pragma once
#include <vector>

#include "hardware/chip.h"
#include "support/diagnostics.h"

namespace millrace::hardware {

/// Where the parts of a chip stand in a file.
struct ChipSites {
    SourceLocation chip;
    std::vector<SourceLocation> links;
    std::vector<SourceLocation> shared;
};

/// Links: members exist, differ, no link twice, positive bandwidth, energy not negative.
void checkLinks(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics);
/// Groups of cores with shared memories: equal memories, one group for each core, no links inside.
void checkSharing(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics);
/// Warnings for cores that cannot reach the off-chip memory, be reached from it, or reach each other.
void checkReach(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics);

}  // namespace millrace::hardware
