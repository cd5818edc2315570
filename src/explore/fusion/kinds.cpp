#include "explore/fusion/kinds.h"

#include <algorithm>
#include <limits>
#include <map>

namespace millrace::fusion {

Kinds::Kinds(const workload::Workload& workload, workload::LayerId layer, const tiling::TileGrid& grid,
             platform::TileCosts& costs, std::size_t cores)
    : workload_(workload), layer_(layer), grid_(grid), costs_(costs), cores_(cores) {
    std::size_t stride = 1;
    for (std::size_t slot = 0; slot < grid.slots().size(); ++slot) {
        slots_.push_back(classesOf(slot));
        slots_.back().stride = stride;
        stride *= *std::max_element(slots_.back().of.begin(), slots_.back().of.end()) + std::size_t{1};
    }
    known_.assign(stride * cores, nullptr);
}

/// Two ranges of a loop are alike if they have one size and, on each axis, as much of what they touch exists. Axes that
/// several cut loops move along are taken as different everywhere.
Kinds::Classes Kinds::classesOf(std::size_t slot) const {
    const workload::Layer& layer = workload_.layers[layer_];
    const tiling::TileGrid::Slot& cut = grid_.slots()[slot];
    std::map<std::vector<std::int64_t>, std::uint32_t> known;
    Classes result;
    for (std::size_t i = 0; i < cut.intervals.size(); ++i) {
        std::vector<std::int64_t> key{cut.intervals[i].size()};
        tiling::Tile tile = tiling::wholeLayer(layer);
        tile[cut.dim] = cut.intervals[i];
        const auto look = [&](const workload::Operand& operand) {
            for (const workload::Axis& axis : operand.axes) {
                if (!tiling::uses(axis, cut.dim)) continue;
                const Interval range = workload::range(axis.index, tile);
                const bool inside = range.begin >= 0 && range.end <= axis.extent;
                key.push_back(std::min(range.end, axis.extent) - std::max<std::int64_t>(range.begin, 0));
                key.push_back(inside ? std::numeric_limits<std::int64_t>::min() : range.begin);
                if (inside) continue;
                const bool joint =
                    std::any_of(grid_.slots().begin(), grid_.slots().end(), [&](const tiling::TileGrid::Slot& other) {
                        return other.dim != cut.dim && tiling::uses(axis, other.dim);
                    });
                if (joint) key.push_back(static_cast<std::int64_t>(i));
            }
        };
        look(layer.output);
        for (const workload::Operand& operand : layer.inputs) look(operand);
        const auto next = static_cast<std::uint32_t>(known.size());
        result.of.push_back(known.try_emplace(std::move(key), next).first->second);
    }
    return result;
}

const explore::TileKind* Kinds::ask(const tiling::Coordinates& coordinates, hardware::CoreId core, std::size_t index) {
    known_[index] = costs_.cost(layer_, grid_.tile(coordinates), core);
    return known_[index];
}

}  // namespace millrace::fusion
