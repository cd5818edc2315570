#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "explore/fusion/coresums.h"
#include "explore/fusion/costroom.h"
#include "explore/fusion/steps.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using hardware::CoreId;
using schedule::MemoryId;
using tiling::Room;
using tiling::Shortage;
using tiling::Split;
using tiling::Tile;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

namespace {

/// A layer that is cut on until a tile fits the room of a core.
class Fitting {
public:
    Fitting(const workload::Workload& workload, const hardware::Chip& chip, const Memories& memories, LayerId id,
            LayerPlan& plan)
        : workload_(workload), chip_(chip), memories_(memories), id_(id), plan_(plan) {
        readPlan();
    }

    /// The room of a core; nothing if it lacks a memory.
    std::optional<Room> room(CoreId core, bool doubleBuffer) const {
        auto room = tileRoom(layer_, plan_, core, memories_, doubleBuffer);
        if (room)
            room->also = CostRoom(workload_.layers[id_], layer_.outputFinalBits, chip_.cores[core], core, memories_);
        return room;
    }

    bool fits(Room room) {
        room.addsUp = addsUp();
        auto demand = tiling::demand(workload_, layer_, part_, plan_.intra, room);
        demand[room.outputMemory] += otherSums();
        for (const MemoryId memory : demand.ids()) {
            if (demand[memory] <= room.freeBits[memory]) continue;
            shortage_ = {memory, demand[memory], room.freeBits[memory]};
            return false;
        }
        const auto other = room.also(tile());
        if (other) shortage_ = *other;
        return !other;
    }

    /// Sums one after another instead of side by side: takes the cuts along them first. True if they were not.
    bool sumsFirst() {
        if (otherSums() == 0) return false;
        std::stable_partition(plan_.intra.begin(), plan_.intra.end(), [&](const Split& split) { return adds(split); });
        return true;
    }

    /// Cuts what has an own place in the result; fewest tiles. A loop can have no more parts in time than each of its
    /// parts over cores has steps: then others are cut.
    bool cut(Room room) {
        const std::vector<Split> before = plan_.intra;
        for (;;) {
            room.uncut = used();
            room.addsUp = addsUp();
            const auto splits = tiling::fit(workload_, layer_, tile(), room, shortage_);
            const std::int64_t steps = plan_.steps();
            if (splits) take(*splits);
            if (splits && fits(room)) return true;
            if (splits && plan_.steps() > steps) continue;
            plan_.intra = before;
            return false;
        }
    }

    /// Loops that are cut over cores so unevenly that some parts have nothing to be cut in time: takes single steps of
    /// them over cores. True if there was one.
    bool cutOverCores() {
        bool changed = false;
        for (Split& split : plan_.inter) {
            const std::int64_t size = layer_.dims[split.dim].size;
            if (size / split.parts != 1 || size == split.parts) continue;
            split.parts = size;
            changed = true;
        }
        readPlan();
        return changed;
    }

    /// As `cut`; where that takes many tiles, cuts sums too if half as many do then.
    bool cutWell(const Room& room) {
        const std::vector<Split> before = plan_.intra;
        if (!cut(room)) return false;
        std::vector<Split> best = plan_.intra;
        std::int64_t fewest = plan_.steps() / 2 + 1;
        const std::vector<DimIndex> dims = plan_.steps() > kManyTiles ? sums() : std::vector<DimIndex>{};
        for (std::int64_t parts = 2; !dims.empty() && parts <= most(dims[0]) / 2; parts *= 2) {
            plan_.intra = before;
            addSum(dims[0], parts);
            if (!cut(room) || plan_.steps() >= fewest) continue;
            fewest = plan_.steps();
            best = plan_.intra;
        }
        plan_.intra = best;
        return true;
    }

    /// Cuts sums too, as little as possible.
    bool cutSums(const Room& room) {
        const std::vector<Split> before = plan_.intra;
        for (const DimIndex dim : sums()) {
            const std::int64_t size = tile()[dim].size();
            for (std::int64_t parts = 2; parts < 2 * size; parts *= 2) {
                const std::vector<Split> without = plan_.intra;
                addSum(dim, parts);
                const std::vector<Split> with = plan_.intra;
                if (cut(room) && fits(room)) return true;
                plan_.intra = parts < size ? without : with;
            }
        }
        plan_.intra = before;
        return false;
    }

    const Shortage& shortage() const { return shortage_; }

private:
    void readPlan() {
        layer_ = roomiestPart(workload_, id_, plan_);
        part_ = largestPart(layer_, plan_);
    }

    /// More tiles than this are many.
    static constexpr std::int64_t kManyTiles = 64;

    /// A cut along a sum, faster than all others: tiles that add to one result follow each other.
    void addSum(DimIndex dim, std::int64_t parts) {
        const std::size_t cuts = plan_.intra.size();
        tiling::addSplit(plan_.intra, dim, parts, most(dim));
        if (plan_.intra.size() > cuts) std::rotate(plan_.intra.begin(), plan_.intra.end() - 1, plan_.intra.end());
    }

    bool adds(const Split& split) const { return !tiling::writes(layer_, split.dim); }

    bool addsUp() const {
        return std::any_of(plan_.intra.begin(), plan_.intra.end(), [&](const Split& split) { return adds(split); });
    }

    /// Sums that are under way beside that of the tile: those that begin before the first of them ends, as cuts that
    /// vary faster than one along a sum make them.
    std::int64_t otherSums() const {
        std::int64_t sums = 1;
        std::int64_t faster = 1;
        for (const Split& split : plan_.intra) {
            if (adds(split)) sums = faster;
            if (!adds(split)) faster *= split.parts;
        }
        const std::int64_t bits = std::max(layer_.output.bits, layer_.outputFinalBits);
        return (sums - 1) * bits * volume(tiling::writtenBox(layer_, tile()));
    }

    Tile tile() const { return tiling::largestTile(part_, plan_.intra); }

    /// Parts in time that a loop can have.
    std::int64_t most(DimIndex dim) const { return layer_.dims[dim].size / tiling::partsOf(plan_.inter, dim); }

    /// Loops that have as many parts in time as they can, and those inside of them whose cuts would leave holes.
    std::vector<DimIndex> used() const {
        std::vector<DimIndex> result;
        for (DimIndex dim = 0; dim < layer_.dims.size(); ++dim) {
            const auto isUsed = [&](DimIndex loop) { return tiling::partsOf(plan_.intra, loop) >= most(loop); };
            const auto whole = outerLoops(dim);
            const bool inside = std::any_of(whole.begin(), whole.end(), [&](DimIndex outer) {
                return isUsed(outer) && partsWith(outer, {}) < layer_.dims[outer].size;
            });
            if (isUsed(dim) || inside) result.push_back(dim);
        }
        return result;
    }

    /// Loops of a result's axis around a loop of it: only single steps of them may be cut along that loop.
    std::vector<DimIndex> outerLoops(DimIndex inner) const {
        std::vector<DimIndex> result;
        for (const workload::Axis& axis : layer_.output.axes) {
            for (const workload::AffineTerm& one : axis.index.terms) {
                for (const workload::AffineTerm& other : axis.index.terms) {
                    if (one.dim == inner && std::abs(other.coefficient) > std::abs(one.coefficient))
                        result.push_back(other.dim);
                }
            }
        }
        return result;
    }

    /// Parts over cores and in time that a loop has once these splits are taken.
    std::int64_t partsWith(DimIndex dim, const std::vector<Split>& splits) const {
        const std::int64_t steps = tiling::partsOf(plan_.intra, dim) * tiling::partsOf(splits, dim);
        return tiling::partsOf(plan_.inter, dim) * std::min(steps, most(dim));
    }

    /// `splits` come slowest first. Those that would leave holes are not taken.
    void take(const std::vector<Split>& splits) {
        std::vector<Split> good;
        for (auto split = splits.rbegin(); split != splits.rend(); ++split) {
            const auto around = outerLoops(split->dim);
            const bool holes = std::any_of(around.begin(), around.end(), [&](DimIndex outer) {
                return partsWith(outer, splits) < layer_.dims[outer].size;
            });
            if (!holes) good.push_back(*split);
        }
        for (const Split& split : good) tiling::addSplit(plan_.intra, split.dim, split.parts, most(split.dim));
    }

    /// Loops that are summed over, channels first, then the longest.
    std::vector<DimIndex> sums() const {
        std::vector<DimIndex> result;
        for (DimIndex dim = 0; dim < layer_.dims.size(); ++dim) {
            const workload::LoopDim& loop = layer_.dims[dim];
            if (loop.kind == workload::DimKind::reduction && loop.size > 1 && !tiling::writes(layer_, dim))
                result.push_back(dim);
        }
        std::stable_sort(result.begin(), result.end(), [&](DimIndex a, DimIndex b) {
            return std::pair(layer_.dims[a].name == "C", layer_.dims[a].size) >
                   std::pair(layer_.dims[b].name == "C", layer_.dims[b].size);
        });
        return result;
    }

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    const Memories& memories_;
    LayerId id_;
    LayerPlan& plan_;
    Layer layer_;  ///< that has to fit: `roomiestPart`
    Tile part_;
    Shortage shortage_;
};

std::string textOf(const Layer& layer, const LayerPlan& plan) {
    std::string text;
    for (const Split& split : plan.inter)
        text += fmt::format("{}{} in {} over cores", text.empty() ? "" : ", ", layer.dims[split.dim].name, split.parts);
    for (const Split& split : plan.intra)
        text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", layer.dims[split.dim].name, split.parts);
    return text.empty() ? "uncut" : text;
}

}  // namespace

void cutToFit(const workload::Workload& workload, const hardware::Chip& chip, const Memories& memories,
              const PlanOptions& options, LayerId id, bool asked, Plan& plan, Diagnostics& diagnostics) {
    const Layer& layer = workload.layers[id];
    LayerPlan& mine = plan.layers[id];
    const std::string before = textOf(layer, mine);
    const bool alone = plan.stacks[mine.stack].size() == 1;
    Fitting fitting(workload, chip, memories, id, mine);
    std::optional<Shortage> shortage;
    const std::set<CoreId> cores(mine.cores.begin(), mine.cores.end());
    for (const CoreId core : cores) {
        const auto tight = fitting.room(core, false);
        if (!tight) {
            diagnostics.infeasible(layer.where,
                                   fmt::format("core {} ({}) lacks a memory for an operand of layer '{}'", core.index(),
                                               chip.cores[core].name, layer.name),
                                   "give the core a memory for I1, I2 and O, or the layer another core");
            return;
        }
        const bool whole = mine.intra.empty() && fitting.fits(*tight);
        if (alone && !asked && !whole && options.doubleBuffer && fitting.cutWell(*fitting.room(core, true))) continue;
        if (fitting.fits(*tight)) continue;
        if (!shortage) shortage = fitting.shortage();
        if (fitting.sumsFirst() && fitting.fits(*tight)) continue;
        if (fitting.cutWell(*tight) || fitting.cutSums(*tight)) continue;
        if (fitting.cutOverCores()) {
            const auto finer = fitting.room(core, false);
            if (fitting.cutWell(*finer) || fitting.cutSums(*finer)) continue;
        }
        const Shortage& least = fitting.shortage();
        diagnostics.infeasible(
            layer.where,
            fmt::format("no tile of layer '{}' fits core {}: single elements take {} bits in {}, which has {} for it",
                        layer.name, core.index(), least.neededBits, memories.name(least.memory), least.freeBits),
            fmt::format("it needs a memory of {} bits, or another core", least.neededBits));
        return;
    }
    if (!asked || !shortage) return;
    diagnostics.warning(
        layer.where,
        fmt::format("a tile of layer '{}' ({}) takes {} bits in {}, which has {}: {} instead", layer.name, before,
                    shortage->neededBits, memories.name(shortage->memory), shortage->freeBits, textOf(layer, mine)));
}

}  // namespace millrace::fusion
