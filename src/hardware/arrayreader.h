#pragma once
#include <string>

#include "hardware/chip.h"
#include "hardware/sites.h"
#include "support/yaml.h"

namespace millrace::hardware {

/// Reads `operational_array` of a core (`core` names it in messages). True if nothing was wrong with it; rules that
/// look at several values are checked by `checkArray`.
bool readArray(const yaml::Node& node, const std::string& core, OperationalArray& array, CoreSites& sites,
               Diagnostics& diagnostics);

}  // namespace millrace::hardware
