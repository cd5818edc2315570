#pragma once
#include <optional>
#include <string_view>

#include "explore/mapping/mapping.h"
#include "support/yaml.h"

/// Parts of the reader of mapping files.
namespace millrace::mapping {

MappingEntry readEntry(yaml::MapReader& map, Diagnostics& diagnostics);
/// The section `schedule`.
Schedule readSchedule(const yaml::Node& node, Diagnostics& diagnostics);

/// "D6", a place in Stream's order (2026), or the name of a loop. `node` holds it, `what` names that in messages.
std::optional<Tiling> readDim(const yaml::Node& node, std::string_view name, std::string_view what,
                              Diagnostics& diagnostics);

}  // namespace millrace::mapping
