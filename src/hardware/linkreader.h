#pragma once
#include <optional>
#include <vector>

#include "hardware/chip.h"
#include "hardware/chiprules.h"
#include "support/yaml.h"

namespace millrace::hardware {

/// What links are given with when they say nothing themselves.
struct LinkDefaults {
    std::optional<std::int64_t> bandwidth;
    double energyPerCycle = 0;  ///< Stream's unit_energy_cost, pJ for each busy cycle
    double energyPerBit = 0;    ///< of Millrace's own form
};

/// Ids from "0, 1" or [0, 1]; `offchip` names the off-chip core. At least one.
std::optional<std::vector<CoreId>> readCoreIds(const yaml::Node& node, std::string_view what, const Chip& chip,
                                               Diagnostics& diagnostics);

/// Stream's `core_connectivity`: "0, 1" (a link each way), "0, 1, 2" (a bus), or {type: link|bus, cores, bandwidth,
/// unit_energy_cost}.
void readConnectivity(const yaml::Node& node, const LinkDefaults& defaults, Chip& chip, ChipSites& sites,
                      Diagnostics& diagnostics);

/// Millrace's `links`: {from, to} | {between: [a, b]} | {bus: [...], hub, carries}, each with bandwidth,
/// energy_per_bit, name.
void readLinks(const yaml::Node& node, const LinkDefaults& defaults, Chip& chip, ChipSites& sites,
               Diagnostics& diagnostics);

}  // namespace millrace::hardware
