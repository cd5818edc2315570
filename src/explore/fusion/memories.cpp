#include "explore/fusion/memories.h"

#include <algorithm>
#include <map>
#include <set>

#include "explore/fusion/coresums.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using hardware::CoreId;
using schedule::MemoryId;
using tiling::Tile;
using workload::Layer;
using workload::LayerId;
using workload::Operand;

/// The first core of those that share their memories with `core`.
static CoreId owner(const hardware::Chip& chip, CoreId core) {
    for (const std::vector<CoreId>& group : chip.sharedMemories) {
        if (std::find(group.begin(), group.end(), core) != group.end())
            return *std::min_element(group.begin(), group.end());
    }
    return core;
}

Memories::Memories(const hardware::Chip& chip) : memories_(chip.cores.size()) {
    std::map<std::pair<CoreId, hardware::MemoryIndex>, MemoryId> known;
    for (const CoreId id : chip.cores.ids()) {
        const CoreId home = owner(chip, id);
        const hardware::Core& core = chip.cores[home];
        for (const hardware::MemoryOperand operand : hardware::kMemoryOperands) {
            const auto top = core.top(operand);
            if (!top) continue;
            const auto [entry, isNew] = known.try_emplace({home, *top});
            if (isNew) {
                entry->second = capacity_.add((core.memories[*top].size * core.instances(*top)).value());
                names_.push_back("core " + std::to_string(home.index()) + " (" + core.name + ") " +
                                 core.memories[*top].name);
            }
            memories_[id.index()][static_cast<std::size_t>(operand)] = entry->second;
        }
    }
}

MemoryId Memories::of(CoreId core, const Operand& operand) const {
    for (const hardware::MemoryOperand role : hardware::kMemoryOperands) {
        if (hardware::name(role) == operand.memoryOperand) return of(core, role);
    }
    return MemoryId();
}

bool readsNothing(const Operand& operand) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    return operand.bits == 0 || (pieces != nullptr && pieces->empty());
}

bool isConstant(const workload::Workload& workload, const Operand& operand) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    return pieces != nullptr && !pieces->empty() &&
           std::all_of(pieces->begin(), pieces->end(), [&](const workload::Piece& piece) {
               return workload.tensors[piece.tensor].origin == workload::TensorOrigin::constant;
           });
}

Tile largestPart(const Layer& layer, const LayerPlan& plan) {
    return tiling::largestTile(tiling::wholeLayer(layer), plan.inter);
}

/// Adds bits to the memory of the operand, once for each core of the plan.
static void addOnCores(RoomTable& room, const LayerPlan& plan, const Memories& memories, const Operand& operand,
                       std::int64_t bits) {
    const std::set<CoreId> cores(plan.cores.begin(), plan.cores.end());
    for (const CoreId core : cores) {
        const MemoryId memory = memories.of(core, operand);
        if (memory.valid()) room[memory] += bits;
    }
}

static std::int64_t constantBits(const workload::Workload& workload, const Operand& operand, const Tile& part,
                                 const LayerPlan& plan) {
    const auto cores = static_cast<std::int64_t>(plan.cores.size());
    std::int64_t different = 1;
    for (const tiling::Split& split : plan.inter) different *= tiling::uses(operand, split.dim) ? split.parts : 1;
    return std::min(different, (plan.parts() + cores - 1) / cores) * tiling::inputBits(workload, operand, part);
}

/// Bits of an input that the next tile of the same part needs again. The tile of a reshaped input keeps all of it.
static std::int64_t keptBits(const workload::Workload& workload, const Layer& layer, const Operand& operand,
                             const Tile& tile, const LayerPlan& plan) {
    const std::int64_t all = tiling::inputBits(workload, operand, tile);
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    const bool plain = pieces != nullptr && std::all_of(pieces->begin(), pieces->end(),
                                                        [](const auto& piece) { return piece.viewShape.empty(); });
    if (plan.intra.empty()) return 0;
    if (!plain) return all;
    Tile next = tile;
    const tiling::Split& fastest = plan.intra.front();
    const std::int64_t step = layer.dims[fastest.dim].size / fastest.parts;
    next[fastest.dim] = {tile[fastest.dim].begin + step, tile[fastest.dim].end + step};
    const Box here = tiling::touchedBox(operand, tile);
    const Box there = tiling::touchedBox(operand, next);
    std::int64_t elements = 1;
    for (std::size_t i = 0; i < here.size(); ++i) {
        const std::int64_t both = std::min(here[i].end, there[i].end) - std::max(here[i].begin, there[i].begin);
        elements *= std::clamp<std::int64_t>(both, 0, operand.axes[i].extent);
    }
    return std::min(elements * operand.bits, all);
}

/// True if the operand reads the result of a layer that is not the one just before: it waits for the others between.
static bool isSkip(const workload::Workload& workload, LayerId reader, const Operand& operand) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    if (pieces == nullptr) return false;
    return std::any_of(pieces->begin(), pieces->end(), [&](const workload::Piece& piece) {
        const workload::Tensor& tensor = workload.tensors[piece.tensor];
        return tensor.origin == workload::TensorOrigin::layer && tensor.producer.index() + 1 < reader.index();
    });
}

LayerRoom roomOf(const workload::Workload& workload, LayerId id, const LayerPlan& plan, const Memories& memories) {
    const Layer layer = roomiestPart(workload, id, plan);
    const RoomTable none(memories.size(), 0);
    LayerRoom room{none, none, none};
    const Tile part = largestPart(layer, plan);
    const Tile tile = tiling::largestTile(part, plan.intra);
    for (const Operand& operand : layer.inputs) {
        if (readsNothing(operand)) continue;
        if (isConstant(workload, operand)) {
            addOnCores(room.constants, plan, memories, operand, constantBits(workload, operand, part, plan));
            continue;
        }
        const std::int64_t bits = tiling::inputBits(workload, operand, tile);
        const std::int64_t skip = plan.steps() > 1 && isSkip(workload, id, operand) ? bits : 0;
        addOnCores(room.waiting, plan, memories, operand, keptBits(workload, layer, operand, tile, plan) + skip);
        addOnCores(room.working, plan, memories, operand, bits);
    }
    const std::int64_t result = volume(tiling::writtenBox(layer, tile)) * layer.outputFinalBits;
    addOnCores(room.waiting, plan, memories, layer.output, result);
    addOnCores(room.working, plan, memories, layer.output, result + tiling::partialSumBits(layer, tile));
    return room;
}

void StackRoom::add(const LayerRoom& layer) {
    for (const schedule::MemoryId memory : constants_.ids()) {
        constants_[memory] += layer.constants[memory];
        waiting_[memory] += layer.waiting[memory];
        working_[memory] = std::max(working_[memory], layer.working[memory]);
    }
}

std::optional<tiling::Room> tileRoom(const Layer& layer, const LayerPlan& plan, CoreId core, const Memories& memories,
                                     bool doubleBuffer) {
    tiling::Room room;
    room.outputMemory = memories.of(core, layer.output);
    if (!room.outputMemory.valid()) return std::nullopt;
    for (const Operand& operand : layer.inputs) {
        const MemoryId memory = memories.of(core, operand);
        if (!memory.valid() && !readsNothing(operand)) return std::nullopt;
        room.inputMemories.push_back(memory.valid() ? memory : room.outputMemory);
        room.inPlace.push_back(readsNothing(operand));
    }
    room.doubleBuffer = doubleBuffer;
    RoomTable users(memories.size(), 0);
    const std::set<CoreId> cores(plan.cores.begin(), plan.cores.end());
    for (const CoreId other : cores) {
        std::set<MemoryId> used{memories.of(other, layer.output)};
        for (const Operand& operand : layer.inputs) used.insert(memories.of(other, operand));
        for (const MemoryId memory : used) {
            if (memory.valid()) ++users[memory];
        }
    }
    for (const MemoryId memory : users.ids())
        room.freeBits.add(memories.capacity(memory) / std::max<std::int64_t>(users[memory], 1));
    return room;
}

}  // namespace millrace::fusion
