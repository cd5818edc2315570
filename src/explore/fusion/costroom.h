#pragma once
#include <optional>

#include "explore/cost/nest.h"
#include "explore/fusion/memories.h"
#include "explore/tiling/capacity.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

namespace millrace::fusion {

/// What the cost model needs of the outermost memories of a core: it counts some operands as larger than they are
/// (`cost::nestOf`), and finds no mapping if they do not fit. Everything given must outlive it.
class CostRoom {
public:
    /// `finalBits`: of an element of the result.
    CostRoom(const workload::Layer& layer, int finalBits, const hardware::Core& core, hardware::CoreId id,
             const Memories& memories)
        : layer_(layer), finalBits_(finalBits), core_(core), id_(id), memories_(memories) {}

    /// What a tile of these sizes lacks, wherever it lies.
    std::optional<tiling::Shortage> operator()(const tiling::Tile& tile) const;

private:
    std::optional<tiling::Shortage> shortageOf(std::optional<cost::Nest> nest) const;

    const workload::Layer& layer_;
    int finalBits_;
    const hardware::Core& core_;
    hardware::CoreId id_;
    const Memories& memories_;
};

}  // namespace millrace::fusion
