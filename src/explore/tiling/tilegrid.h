#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"

/// The tiles of a layer as numbers: nothing is stored for a tile, its ranges follow from its number.
namespace millrace::tiling {

/// Cut dimensions that a layer may have at most.
inline constexpr std::size_t kMostCuts = 8;

/// A tile by its place on each cut dimension, in the order of `TileGrid::slots`.
using Coordinates = std::array<std::uint32_t, kMostCuts>;

/// A grid of tiles over the loop nest of a layer: cut over cores (`inter`) and in time (`intra`), on any loops, several
/// times on one loop too. Nothing is padded and no tile is empty: parts differ by one at most, and a split of more
/// parts than there are left is a split into what is left (splits over cores come first). On a loop that is cut both
/// ways the cut in time is the outer one: neighbours run at the same time on different cores.
///
/// Numbers: digits of mixed radix, splits over cores fastest, then splits in time, each list's first split fastest
/// (stream.md 4.1). So tile `step * parts() + part` is the `step`-th tile of that part.
class TileGrid {
public:
    /// A dimension that is cut.
    struct Slot {
        workload::DimIndex dim = 0;
        std::vector<Interval> intervals;  ///< by coordinate; may overlap if tiles compute halos again
        bool summed = false;              ///< a reduction: tiles along it add up to one result
    };
    /// A digit of tile numbers: `coordinate[slot] += digit * stride`.
    struct Loop {
        std::uint32_t slot = 0;
        std::uint32_t parts = 1;
        std::uint32_t stride = 1;
        bool overCores = false;
    };

    TileGrid() = default;
    /// At most `kMostCuts` different dimensions and 2^31 tiles; further splits are left out.
    TileGrid(const workload::Layer& layer, const std::vector<Split>& inter, const std::vector<Split>& intra);

    std::uint32_t tiles() const { return parts_ * steps_; }
    std::uint32_t parts() const { return parts_; }
    std::uint32_t steps() const { return steps_; }
    /// Steps that add to one result.
    std::uint32_t sums() const { return sums_; }

    const std::vector<Slot>& slots() const { return slots_; }
    /// Fastest first.
    const std::vector<Loop>& loops() const { return loops_; }
    /// Replaces the ranges of a slot by as many others: tiles that compute their halos again.
    void stretch(std::size_t slot, std::vector<Interval> intervals) { slots_[slot].intervals = std::move(intervals); }

    Coordinates at(std::uint32_t tile) const {
        Coordinates result{};
        for (const Loop& loop : loops_) {
            result[loop.slot] += tile % loop.parts * loop.stride;
            tile /= loop.parts;
        }
        return result;
    }
    /// The step of a tile within its part.
    std::uint32_t step(const Coordinates& coordinates) const;
    /// Of the tiles with these coordinates in all slots that are not summed along, the last step.
    std::uint32_t lastStep(const Coordinates& coordinates) const;
    /// First and last tile of a sum.
    bool startsSum(const Coordinates& coordinates) const;
    bool endsSum(const Coordinates& coordinates) const;
    Tile tile(const Coordinates& coordinates) const;

private:
    void add(const workload::Layer& layer, const std::vector<Split>& splits, bool overCores,
             std::vector<std::int64_t>& left);

    std::vector<Slot> slots_;
    std::vector<Loop> loops_;
    Tile whole_;
    std::uint32_t parts_ = 1;
    std::uint32_t steps_ = 1;
    std::uint32_t sums_ = 1;
};

}  // namespace millrace::tiling
