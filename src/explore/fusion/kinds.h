#pragma once
#include <cstdint>
#include <vector>

#include "explore/platform/costs.h"
#include "explore/tiling/cells.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// What each tile of a grid costs, found by its coordinates.
namespace millrace::fusion {

/// The kinds of tiles of one layer. Tiles are of one kind if their sizes and their shares of padding are equal; the
/// cost model is asked once for each kind and core.
class Kinds {
public:
    Kinds(const workload::Workload& workload, workload::LayerId layer, const tiling::TileGrid& grid,
          platform::TileCosts& costs, std::size_t cores);

    /// Null if no mapping exists; `TileCosts::reason()` then says why.
    const explore::TileKind* cost(const tiling::Coordinates& coordinates, hardware::CoreId core) {
        const std::size_t index = indexOf(coordinates) * cores_ + core.index();
        return known_[index] != nullptr ? known_[index] : ask(coordinates, core, index);
    }

private:
    struct Classes {
        std::vector<std::uint32_t> of;  ///< by coordinate
        std::size_t stride = 1;
    };

    std::size_t indexOf(const tiling::Coordinates& coordinates) const {
        std::size_t result = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) result += slots_[i].of[coordinates[i]] * slots_[i].stride;
        return result;
    }
    Classes classesOf(std::size_t slot) const;
    const explore::TileKind* ask(const tiling::Coordinates& coordinates, hardware::CoreId core, std::size_t index);

    const workload::Workload& workload_;
    workload::LayerId layer_;
    const tiling::TileGrid& grid_;
    platform::TileCosts& costs_;
    std::size_t cores_;
    std::vector<Classes> slots_;
    std::vector<const explore::TileKind*> known_;
};

}  // namespace millrace::fusion
