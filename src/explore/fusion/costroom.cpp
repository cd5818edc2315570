#include "explore/fusion/costroom.h"

#include "explore/cost/nest.h"
#include "explore/mapper/mapper.h"

namespace millrace::fusion {

using tiling::Shortage;

/// The loops of the tile decide what kind of axis the cost model takes an axis for: both the layer's axes and the
/// tile's are looked at.
std::optional<Shortage> CostRoom::operator()(const tiling::Tile& tile) const {
    cost::TileSizes sizes;
    for (workload::DimIndex dim = 0; dim < tile.size(); ++dim)
        sizes.emplace_back(layer_.dims[dim].name, tile[dim].size());
    Diagnostics ignored;
    const auto shortage = shortageOf(cost::nestOf(layer_, sizes, ignored));
    return shortage ? shortage : shortageOf(cost::nestOf(tiling::tileLayer(layer_, tile), ignored));
}

std::optional<Shortage> CostRoom::shortageOf(std::optional<cost::Nest> nest) const {
    if (!nest) return std::nullopt;
    nest->finalBits = finalBits_;
    const auto shortage = mapper::shortage(*nest, core_);
    if (!shortage) return std::nullopt;
    for (const hardware::MemoryOperand role : hardware::kMemoryOperands) {
        if (core_.top(role) != shortage->memory) continue;
        return Shortage{memories_.of(id_, role), shortage->needed.value(), shortage->available.value()};
    }
    return std::nullopt;
}

}  // namespace millrace::fusion
