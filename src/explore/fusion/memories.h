#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "explore/fusion/plan.h"
#include "explore/tiling/capacity.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "schedule/problem.h"

/// Where cores keep data, and how much room tiles need there.
namespace millrace::fusion {

/// The outermost memories of the cores; cores that share theirs have the same.
class Memories {
public:
    explicit Memories(const hardware::Chip& chip);

    /// Invalid if the core has none for the operand.
    schedule::MemoryId of(hardware::CoreId core, hardware::MemoryOperand operand) const {
        return memories_[core.index()][static_cast<std::size_t>(operand)];
    }
    schedule::MemoryId of(hardware::CoreId core, const workload::Operand& operand) const;
    std::int64_t capacity(schedule::MemoryId memory) const { return capacity_[memory]; }  ///< bits
    const std::string& name(schedule::MemoryId memory) const { return names_[memory.index()]; }
    std::size_t size() const { return names_.size(); }

private:
    std::vector<std::array<schedule::MemoryId, 3>> memories_;
    Table<schedule::MemoryId, std::int64_t> capacity_;
    std::vector<std::string> names_;
};

using RoomTable = Table<schedule::MemoryId, std::int64_t>;  ///< bits

/// True if nothing has to be brought for the operand, such as the window of a pooling layer.
bool readsNothing(const workload::Operand& operand);
/// True if all of it is off-chip at the start: weights.
bool isConstant(const workload::Workload& workload, const workload::Operand& operand);

/// What a layer takes of each memory while its stack runs tile by tile. Cores of one memory add up.
struct LayerRoom {
    /// Constants of all its parts; what several parts read is once on each core.
    RoomTable constants;
    /// Between two of its tiles: the part of its inputs that the next tile needs too, and a result on its way.
    RoomTable waiting;
    /// While a tile runs: inputs, result, partial sums.
    RoomTable working;
};
LayerRoom roomOf(const workload::Workload& workload, workload::LayerId layer, const LayerPlan& plan,
                 const Memories& memories);

/// Of several layers at once: an estimate, as the order of tiles is not known yet. Constants and waiting data add up;
/// the most demanding tile runs, and with `doubleBuffer` another one like it comes in.
class StackRoom {
public:
    explicit StackRoom(std::size_t memories) : constants_(memories, 0), waiting_(memories, 0), working_(memories, 0) {}

    void add(const LayerRoom& layer);
    std::int64_t constants(schedule::MemoryId memory) const { return constants_[memory]; }
    std::int64_t moving(schedule::MemoryId memory, bool doubleBuffer) const {
        return waiting_[memory] + (doubleBuffer ? 2 : 1) * working_[memory];
    }

private:
    RoomTable constants_, waiting_, working_;
};

/// One tile of a layer on one of its cores, for `tiling::demand`: memories with all their room, divided evenly among
/// those of the layer's cores that share it. Nothing if the core lacks a memory for an operand.
std::optional<tiling::Room> tileRoom(const workload::Layer& layer, const LayerPlan& plan, hardware::CoreId core,
                                     const Memories& memories, bool doubleBuffer);

/// The largest part of the layer that a core has at a time: what the splits over cores leave.
tiling::Tile largestPart(const workload::Layer& layer, const LayerPlan& plan);

}  // namespace millrace::fusion
