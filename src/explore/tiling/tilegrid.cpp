#include "explore/tiling/tilegrid.h"

#include <algorithm>
#include <limits>

namespace millrace::tiling {

static constexpr std::int64_t kMostTiles = std::int64_t{1} << 31;

void TileGrid::add(const workload::Layer& layer, const std::vector<Split>& splits, bool overCores,
                   std::vector<std::int64_t>& left) {
    for (const Split& split : splits) {
        const std::int64_t room = kMostTiles / (std::int64_t{parts_} * steps_);
        const std::int64_t parts = std::min({split.parts, left[split.dim], room});
        if (parts <= 1) continue;
        auto slot =
            std::find_if(slots_.begin(), slots_.end(), [&](const Slot& known) { return known.dim == split.dim; });
        if (slot == slots_.end()) {
            if (slots_.size() == kMostCuts) continue;
            const bool summed = layer.dims[split.dim].kind == workload::DimKind::reduction;
            slot = slots_.insert(slots_.end(), {split.dim, {{0, layer.dims[split.dim].size}}, summed});
        }
        Loop loop;
        loop.slot = static_cast<std::uint32_t>(slot - slots_.begin());
        loop.parts = static_cast<std::uint32_t>(parts);
        loop.overCores = overCores;
        for (const Loop& inner : loops_) {
            if (inner.slot == loop.slot) loop.stride *= inner.parts;
        }
        left[split.dim] /= parts;
        (overCores ? parts_ : steps_) *= loop.parts;
        if (slot->summed && !overCores) sums_ *= loop.parts;
        loops_.push_back(loop);
    }
}

TileGrid::TileGrid(const workload::Layer& layer, const std::vector<Split>& inter, const std::vector<Split>& intra)
    : whole_(wholeLayer(layer)) {
    std::vector<std::int64_t> left;
    left.reserve(layer.dims.size());
    for (const workload::LoopDim& dim : layer.dims) left.push_back(dim.size);
    add(layer, inter, true, left);
    add(layer, intra, false, left);
    for (std::size_t i = loops_.size(); i-- > 0;) {
        std::vector<Interval>& intervals = slots_[loops_[i].slot].intervals;
        std::vector<Interval> finer;
        for (const Interval& interval : intervals) {
            for (const Interval& part : cut(interval, loops_[i].parts)) finer.push_back(part);
        }
        intervals = std::move(finer);
    }
}

std::uint32_t TileGrid::step(const Coordinates& coordinates) const {
    std::uint32_t step = 0;
    std::uint32_t weight = 1;
    for (const Loop& loop : loops_) {
        if (loop.overCores) continue;
        step += coordinates[loop.slot] / loop.stride % loop.parts * weight;
        weight *= loop.parts;
    }
    return step;
}

std::uint32_t TileGrid::lastStep(const Coordinates& coordinates) const {
    Coordinates last = coordinates;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        if (slots_[slot].summed) last[slot] = static_cast<std::uint32_t>(slots_[slot].intervals.size()) - 1;
    }
    return step(last);
}

bool TileGrid::startsSum(const Coordinates& coordinates) const {
    return std::all_of(loops_.begin(), loops_.end(), [&](const Loop& loop) {
        return loop.overCores || !slots_[loop.slot].summed || coordinates[loop.slot] / loop.stride % loop.parts == 0;
    });
}

bool TileGrid::endsSum(const Coordinates& coordinates) const {
    return std::all_of(loops_.begin(), loops_.end(), [&](const Loop& loop) {
        return loop.overCores || !slots_[loop.slot].summed ||
               coordinates[loop.slot] / loop.stride % loop.parts == loop.parts - 1;
    });
}

Tile TileGrid::tile(const Coordinates& coordinates) const {
    Tile result = whole_;
    for (std::size_t i = 0; i < slots_.size(); ++i) result[slots_[i].dim] = slots_[i].intervals[coordinates[i]];
    return result;
}

}  // namespace millrace::tiling
