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

struct GivenOrder {
    TileOrder tiles;
    std::vector<int> lines;  ///< on which each of them stands, from 1
};

/// Errors: lines of another form, layers that the workload lacks, one for each; no line at all.
std::optional<GivenOrder> parseOrder(std::string_view text, const std::string& file, const workload::Workload& workload,
                                     Diagnostics& diagnostics);
/// With the layers' numbers.
std::string printOrder(const TileOrder& order);

}  // namespace millrace::fusion
