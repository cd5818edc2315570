#include "explore/tiling/capacity.h"

#include <algorithm>
#include <limits>

namespace millrace::tiling {

using schedule::MemoryId;
using workload::DimIndex;

using Demand = Table<MemoryId, std::int64_t>;

/// By how many bits the partial sums of a tile are wider than results.
static std::int64_t widerBits(const workload::Layer& layer, const Tile& tile) {
    return std::max(0, layer.output.bits - layer.outputFinalBits) * volume(writtenBox(layer, tile));
}

std::int64_t partialSumBits(const workload::Layer& layer, const Tile& tile) {
    for (DimIndex dim = 0; dim < tile.size(); ++dim) {
        if (tile[dim].size() > 1 && !writes(layer, dim)) return widerBits(layer, tile);
    }
    return 0;
}

static std::int64_t tensorBits(const workload::Workload& workload, workload::TensorId id) {
    return workload.tensors[id].elements() * workload.tensors[id].bits;
}

std::int64_t inputBits(const workload::Workload& workload, const workload::Operand& operand, const Tile& tile) {
    if (const auto* barrier = std::get_if<workload::Barrier>(&operand.source)) {
        std::int64_t sum = 0;
        for (const workload::TensorId id : barrier->tensors) sum += tensorBits(workload, id);
        return sum;
    }
    const auto& pieces = std::get<std::vector<workload::Piece>>(operand.source);
    if (pieces.empty()) return 0;
    std::int64_t elements = 1;
    const Box touched = touchedBox(operand, tile);
    for (std::size_t i = 0; i < touched.size(); ++i) {
        elements *= std::min(touched[i].size() + (operand.axes[i].index.divisor > 1 ? 1 : 0), operand.axes[i].extent);
    }
    const bool reshaped = std::any_of(pieces.begin(), pieces.end(), [](const auto& p) { return !p.viewShape.empty(); });
    if (reshaped) {
        std::int64_t here = 0;
        for (const workload::Need& need : tileNeeds(workload, operand, tile)) here += volume(need.box);
        elements = std::max(elements, here);
    }
    return elements * operand.bits;
}

/// True if tiles of the grid read different parts of the operand.
static bool varies(const workload::Operand& operand, const std::vector<Split>& splits) {
    if (std::holds_alternative<workload::Barrier>(operand.source)) return false;
    return std::any_of(splits.begin(), splits.end(),
                       [&](const Split& split) { return split.parts > 1 && uses(operand, split.dim); });
}

Demand demand(const workload::Workload& workload, const workload::Layer& layer, const Tile& region,
              const std::vector<Split>& splits, const Room& room) {
    Demand bits(room.freeBits.size(), 0);
    const Tile tile = largestTile(region, splits);
    const bool cutAtAll = std::any_of(splits.begin(), splits.end(), [](const Split& split) { return split.parts > 1; });
    const std::int64_t copies = room.doubleBuffer && cutAtAll ? 2 : 1;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        if (room.inPlace[i]) continue;
        const std::int64_t factor = varies(layer.inputs[i], splits) ? copies : 1;
        bits[room.inputMemories[i]] += factor * inputBits(workload, layer.inputs[i], tile);
    }
    const Tile& written = room.outputStays ? region : tile;
    const std::int64_t result = volume(writtenBox(layer, written)) * layer.outputFinalBits;
    bits[room.outputMemory] += (room.outputStays ? 1 : copies) * result;
    bits[room.outputMemory] += room.addsUp ? widerBits(layer, tile) : partialSumBits(layer, tile);
    return bits;
}

namespace {

/// Dimensions in the order in which they are cut: the first one is cut up whole before the second is touched.
class Ladder {
public:
    Ladder(const Tile& region, std::vector<DimIndex> dims) : region_(region), dims_(std::move(dims)) {}

    std::int64_t steps() const {
        std::int64_t count = 1;
        for (const DimIndex dim : dims_) count += region_[dim].size() - 1;
        return count;
    }
    /// Step 1: nothing is cut; the last step: single elements.
    std::vector<Split> at(std::int64_t step) const {
        std::vector<Split> splits;
        std::int64_t left = step - 1;
        for (const DimIndex dim : dims_) {
            if (left == 0) break;
            const std::int64_t extra = std::min(left, region_[dim].size() - 1);
            if (extra > 0) splits.push_back({dim, extra + 1});
            left -= extra;
        }
        return splits;
    }

private:
    const Tile& region_;
    std::vector<DimIndex> dims_;
};

std::vector<DimIndex> channelDims(const workload::Layer& layer) {
    std::vector<DimIndex> dims;
    for (const char* name : {"G", "K"}) {
        const auto dim = layer.dim(name);
        if (dim && writes(layer, *dim)) dims.push_back(*dim);
    }
    return dims;
}

std::vector<DimIndex> rowDims(const workload::Layer& layer) {
    std::vector<DimIndex> dims;
    const auto take = [&](DimIndex dim) {
        if (writes(layer, dim) && std::find(dims.begin(), dims.end(), dim) == dims.end()) dims.push_back(dim);
    };
    for (const char* name : {"B", "H", "D", "OY", "OX"}) {
        if (const auto dim = layer.dim(name)) take(*dim);
    }
    for (DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        const std::string& name = layer.dims[dim].name;
        if (name != "G" && name != "K" && name != "PY" && name != "PX") take(dim);
    }
    return dims;
}

std::vector<DimIndex> without(std::vector<DimIndex> dims, const std::vector<DimIndex>& uncut) {
    const auto stays = [&](DimIndex dim) { return std::find(uncut.begin(), uncut.end(), dim) != uncut.end(); };
    dims.erase(std::remove_if(dims.begin(), dims.end(), stays), dims.end());
    return dims;
}

class Fitting {
public:
    Fitting(const workload::Workload& workload, const workload::Layer& layer, const Tile& region, const Room& room)
        : workload_(workload),
          layer_(layer),
          region_(region),
          room_(room),
          channels_(region, without(channelDims(layer), room.uncut)),
          rows_(region, without(rowDims(layer), room.uncut)) {}

    std::vector<Split> splits(std::int64_t channelStep, std::int64_t rowStep) const {
        std::vector<Split> result = channels_.at(channelStep);
        for (const Split& split : rows_.at(rowStep)) result.push_back(split);
        return result;
    }

    bool fits(std::int64_t channelStep, std::int64_t rowStep, Shortage* shortage = nullptr) const {
        const std::vector<Split> cuts = splits(channelStep, rowStep);
        const Demand bits = demand(workload_, layer_, region_, cuts, room_);
        for (const MemoryId memory : bits.ids()) {
            if (bits[memory] <= room_.freeBits[memory]) continue;
            if (shortage != nullptr) *shortage = {memory, bits[memory], room_.freeBits[memory]};
            return false;
        }
        const auto other = room_.also ? room_.also(largestTile(region_, cuts)) : std::nullopt;
        if (other && shortage != nullptr) *shortage = *other;
        return !other;
    }

    /// Fewest row steps that fit at this channel step; nothing if none does.
    std::optional<std::int64_t> fewestRows(std::int64_t channelStep) const {
        if (!fits(channelStep, rows_.steps())) return std::nullopt;
        std::int64_t low = 1;
        std::int64_t high = rows_.steps();
        while (low < high) {
            const std::int64_t middle = low + (high - low) / 2;
            if (fits(channelStep, middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    std::optional<std::vector<Split>> best(Shortage& shortage) const {
        if (!fits(channels_.steps(), rows_.steps(), &shortage)) return std::nullopt;
        std::optional<std::vector<Split>> best;
        std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
        Tile last;
        for (std::int64_t step = 1; step <= channels_.steps(); ++step) {
            // More parts with tiles as large as before are never fewer tiles.
            Tile tile = largestTile(region_, channels_.at(step));
            const bool asLarge = step > 2 && tile == last;
            last = std::move(tile);
            if (asLarge) continue;
            const auto rowStep = fewestRows(step);
            if (!rowStep) continue;
            const std::vector<Split> candidate = splits(step, *rowStep);
            const std::int64_t tiles = count(candidate);
            if (tiles < fewest) {
                fewest = tiles;
                best = candidate;
            }
            if (*rowStep == 1 || step >= fewest) break;
        }
        return best;
    }

private:
    static std::int64_t count(const std::vector<Split>& splits) {
        std::int64_t product = 1;
        for (const Split& split : splits) product *= split.parts;
        return product;
    }

    const workload::Workload& workload_;
    const workload::Layer& layer_;
    const Tile& region_;
    const Room& room_;
    Ladder channels_;
    Ladder rows_;
};

}  // namespace

std::optional<std::vector<Split>> fit(const workload::Workload& workload, const workload::Layer& layer,
                                      const Tile& region, const Room& room, Shortage& shortage) {
    return Fitting(workload, layer, region, room).best(shortage);
}

}  // namespace millrace::tiling
