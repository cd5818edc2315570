#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "explore/workload/workload.h"
#include "support/diagnostics.h"

/// Orders of tiles as text: a line for each tile, "LAYER,TILE", in the order in which they are scheduled. LAYER is a
/// layer's number or name, TILE a tile's number (`tiling::TileGrid`). Empty lines and what follows a # are left out.
namespace millrace::fusion {

using TileOrder = std::vector<std::pair<workload::LayerId, std::uint32_t>>;

/// Errors: lines of another form, layers that the workload lacks; one for each.
std::optional<TileOrder> parseOrder(std::string_view text, const std::string& file, const workload::Workload& workload,
                                    Diagnostics& diagnostics);
/// With the layers' numbers.
std::string printOrder(const TileOrder& order);

}  // namespace millrace::fusion
