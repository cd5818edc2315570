#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/fusion/run.h"
#include "explore/platform/costs.h"
#include "explore/platform/lifetimes.h"
#include "explore/search/allocation.h"
#include "explore/search/state.h"
#include "explore/tiling/capacity.h"

/// Places one layer on given cores: homes for its results, tiles that fit, transfers, tasks.
namespace millrace::search {

/// How a layer that does not fit is cut.
struct CutMode {
    bool doubleBuffer = false;  ///< leave room to bring in the next tile while one is worked on
    /// Halves the room this often: for layers whose tiles the cost model counts larger than what they touch.
    int tighten = 0;
    bool aligned = false;  ///< raise the number of parts to the next divisor of the dimension, so that tiles are equal
};

/// What became of an attempt. Tasks, transfers and buffers are in the state.
struct Placed {
    std::vector<schedule::TaskId> tasks;
    std::vector<hardware::CoreId> cores;
    /// Kind of each task, in the order of `tasks`.
    std::vector<const explore::TileKind*> kinds;
    Cycles start;  ///< of the first transfer or task
    Cycles end;    ///< of the last task
};

class Planner {
public:
    Planner(const workload::Workload& workload, const platform::Lifetimes& lifetimes, platform::TileCosts& costs,
            State& state, bool prefetch, const fusion::Patience& patience)
        : workload_(workload),
          lifetimes_(lifetimes),
          costs_(costs),
          state_(state),
          prefetch_(prefetch),
          patience_(patience) {}

    /// Nothing if it cannot be done; `reason()` says why. The caller takes back what a failed or unwanted attempt left
    /// in the state.
    std::optional<Placed> place(workload::LayerId layer, const Allocation& allocation, CutMode mode, Cycles phaseStart);
    const std::string& reason() const { return reason_; }
    /// Did some attempt end because patience did?
    bool gaveUp() const { return gaveUp_; }

    /// After the layer is placed for good: ends the residence of what nobody reads any more and joins what lies side by
    /// side.
    void settle(workload::LayerId layer, Cycles end);

private:
    struct Loaded {
        std::vector<workload::Need> needs;
        std::vector<schedule::BufferId> buffers;
        Cycles arrival;
        Cycles lastUse;
    };
    struct CoreWork {
        hardware::CoreId core;
        std::vector<tiling::Tile> regions;
        std::vector<schedule::MemoryId> inputMemories;
        schedule::MemoryId outputMemory;
        schedule::MemoryId home;  ///< where the result lives on; invalid if nobody reads it
        std::vector<tiling::Tile> tiles;
        std::vector<Loaded> loaded;
    };

    std::vector<CoreWork> divide(const Allocation& allocation) const;
    bool findMemories(CoreWork& work);
    bool arrange(CoreWork& work, const std::vector<CoreWork>& all, CutMode mode, Cycles phaseStart);
    bool cutToFit(CoreWork& work, bool stays, CutMode mode, tiling::Shortage& shortage);
    tiling::Room roomFor(const CoreWork& work, const tiling::Tile& region, bool stays, CutMode mode) const;
    bool inPlace(const workload::Operand& operand, schedule::MemoryId memory, const tiling::Tile& region) const;
    std::optional<schedule::MemoryId> otherHome(const CoreWork& work, const std::vector<CoreWork>& all) const;
    bool evictOne(schedule::MemoryId memory, Cycles from);
    bool runTile(CoreWork& work, const tiling::Tile& tile, Cycles phaseStart, Placed& placed);
    bool load(Loaded& loaded, std::vector<workload::Need> needs, schedule::MemoryId memory, Cycles phaseStart);
    bool fetch(const workload::Need& need, schedule::MemoryId memory, Cycles phaseStart, Loaded& loaded);
    bool deliver(const CoreWork& work, const Box& box, schedule::BufferId buffer, Cycles from);
    std::int64_t outputBits(const CoreWork& work) const;
    bool fail(std::string reason);
    bool tooLong(Cycles end);
    const workload::Layer& layer() const { return workload_.layers[layer_]; }

    const workload::Workload& workload_;
    const platform::Lifetimes& lifetimes_;
    platform::TileCosts& costs_;
    State& state_;
    bool prefetch_;
    const fusion::Patience& patience_;
    bool gaveUp_ = false;
    workload::LayerId layer_;
    /// What the cores that are arranged already will take of each memory.
    Table<schedule::MemoryId, std::int64_t> reserved_;
    std::string reason_;
};

}  // namespace millrace::search
