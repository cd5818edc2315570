#pragma once
#include <optional>
#include <string_view>

#include "explore/platform/result.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Limits of a design.
namespace millrace::explore {

struct Budget {
    std::optional<Bits> memory;     ///< on-chip memory that a schedule may use at its peak (platform/peak.h)
    std::optional<double> areaMm2;  ///< of all cores of the chip
};

/// "area=12.5,memory=2MB": each at most once. Area in mm2; memory in bytes, or with a unit (B, kB, MB, KiB, MiB, kbit,
/// ...). Errors: other keys, amounts that are not above 0. Empty then.
std::optional<Budget> parseBudget(std::string_view text, Diagnostics& diagnostics);

/// Does the chip keep within the budget's area? Its area is the sum over all cores but the off-chip memory of
/// `cost::areaOf`; outermost memories that cores share count once. Links have no area. An `infeasible` entry if it is
/// larger, with the largest core, and if a core's area is not known: which memory or array lacks a figure. True if
/// none, or if there is no limit.
bool checkArea(const hardware::Chip& chip, const Budget& budget, Diagnostics& diagnostics);

/// Does the result keep within the budget's memory? An `infeasible` entry with the memories that take most if not.
bool checkMemory(const Result& result, const Budget& budget, Diagnostics& diagnostics);

}  // namespace millrace::explore
