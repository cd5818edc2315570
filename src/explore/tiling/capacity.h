#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"
#include "schedule/problem.h"

/// Cuts a layer that does not fit its core into tiles that do.
namespace millrace::tiling {

/// What does not fit at the smallest tile.
struct Shortage {
    schedule::MemoryId memory;
    std::int64_t neededBits = 0;
    std::int64_t freeBits = 0;
};

/// Where a core keeps the operands of a layer, and how much room there is.
struct Room {
    std::vector<schedule::MemoryId> inputMemories;  ///< one per input of the layer
    schedule::MemoryId outputMemory;
    /// Inputs that lie where they are needed already: they take no room of their own.
    std::vector<bool> inPlace;
    /// The whole output of the region stays in `outputMemory`; otherwise only the tile under work is there.
    bool outputStays = false;
    /// Room for the data of the next tile beside that of the current one, so that transfers overlap with work.
    bool doubleBuffer = false;
    /// Tiles add to sums that go on after them: what they write is as wide as sums, always.
    bool addsUp = false;
    Table<schedule::MemoryId, std::int64_t> freeBits;
    std::vector<workload::DimIndex> uncut;  ///< loops that `fit` leaves as they are
    /// What else tiles of these sizes must fit, if anything: what is short then. Smaller tiles must not need more.
    std::function<std::optional<Shortage>(const Tile&)> also = {};
};

/// Bits that a tile adds on top of its output at final precision while it is being worked on: partial sums are wider
/// than results. 0 for layers that sum nothing up.
std::int64_t partialSumBits(const workload::Layer& layer, const Tile& tile);

/// Bits of an input operand that a tile of these sizes touches at most (wherever the tile lies).
std::int64_t inputBits(const workload::Workload& workload, const workload::Operand& operand, const Tile& tile);

/// Room that the tiles of a grid take in each memory.
Table<schedule::MemoryId, std::int64_t> demand(const workload::Workload& workload, const workload::Layer& layer,
                                               const Tile& region, const std::vector<Split>& splits, const Room& room);

/// The grid of fewest tiles that fits: rows first (B, H, D, OY, OX and other parallel dimensions), then channels (G,
/// K), channels varying slowest so that weights stay while rows pass. Reductions are not cut. Empty splits: no cut
/// needed. Nothing: even single elements do not fit; `shortage` says what is missing.
std::optional<std::vector<Split>> fit(const workload::Workload& workload, const workload::Layer& layer,
                                      const Tile& region, const Room& room, Shortage& shortage);

}  // namespace millrace::tiling
