#pragma once
#include <vector>

#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Where the parts of a core stand in a file, so that the rules can point at them.
namespace millrace::hardware {

struct PortSite {
    SourceLocation port;
    std::vector<SourceLocation> uses;
};

struct MemorySite {
    SourceLocation memory;
    SourceLocation size;
    SourceLocation operands;
    SourceLocation served;
    std::vector<PortSite> ports;
};

struct CoreSites {
    SourceLocation core;
    SourceLocation array;
    std::vector<SourceLocation> dimensions;
    std::vector<MemorySite> memories;
    std::vector<SourceLocation> dataflows;
};

/// The same shape as the core; every place is `where`.
CoreSites sitesOf(const Core& core, const SourceLocation& where);

}  // namespace millrace::hardware
