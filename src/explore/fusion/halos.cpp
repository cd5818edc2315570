#include "explore/fusion/halos.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/fusion/coresums.h"
#include "explore/fusion/costroom.h"
#include "explore/fusion/memories.h"
#include "explore/platform/lifetimes.h"

namespace millrace::fusion {

using schedule::MemoryId;
using tiling::CellBox;
using tiling::Shortage;
using workload::Layer;
using workload::LayerId;
using workload::TensorId;

/// Layers whose readers are all in their own stack may compute halos again.
static std::vector<bool> recomputing(const workload::Workload& workload, const Plan& plan) {
    std::vector<bool> result;
    const platform::Lifetimes lifetimes(workload);
    for (const LayerId id : workload.layers.ids()) {
        const TensorId tensor = workload.layers[id].result;
        const std::vector<LayerId>& readers = lifetimes.readers[tensor.index()];
        const bool inside = std::all_of(readers.begin(), readers.end(), [&](LayerId reader) {
            return plan.layers[reader].stack == plan.layers[id].stack;
        });
        result.push_back(inside && !lifetimes.readByHost[tensor.index()] && !plan.layers[id].keepsHalos);
    }
    return result;
}

tiling::Cells cellsOf(const workload::Workload& workload, const Plan& plan, bool recompute) {
    Table<LayerId, tiling::TileGrid> grids;
    for (const LayerId id : workload.layers.ids()) {
        grids.add(tiling::TileGrid(workload.layers[id], plan.layers[id].inter, plan.layers[id].intra));
    }
    if (!recompute) return tiling::Cells(workload, std::move(grids));
    return tiling::Cells(workload, std::move(grids), recomputing(workload, plan));
}

namespace {

class Keeping {
public:
    Keeping(const workload::Workload& workload, const hardware::Chip& chip, Plan& plan, Diagnostics& diagnostics)
        : given_(workload), chip_(chip), plan_(plan), diagnostics_(diagnostics), memories_(chip) {}

    void run() {
        build();
        for (std::size_t i = sums_.workload.layers.size(); i-- > 0;) {
            const LayerId id(i);
            while (touchesCopies(id)) {
                const auto shortage = shortageOf(id);
                if (!shortage || !keepOne(id, *shortage)) break;
                build();
            }
        }
    }

private:
    void build() {
        sums_ = sumOverCores(given_, plan_);
        cells_.emplace(cellsOf(sums_.workload, sums_.plan, true));
        origin_.clear();
        for (const LayerId id : given_.layers.ids()) {
            const TensorId result = given_.layers[id].result;
            const std::size_t last = sums_.workload.tensors[result].producer.index();
            while (origin_.size() <= last) origin_.push_back(id);
        }
    }

    /// Does each tile of the layer compute halos of its own?
    bool isStretched(LayerId id) const { return hasCopies(sums_.workload.layers[id].result); }
    bool hasCopies(TensorId tensor) const {
        const auto& axes = cells_->cells(tensor).axes();
        return std::any_of(axes.begin(), axes.end(), [](const auto& axis) { return !axis.copies.empty(); });
    }
    bool touchesCopies(LayerId id) const {
        const auto& reads = cells_->reads(id);
        return isStretched(id) ||
               std::any_of(reads.begin(), reads.end(), [&](const auto& access) { return hasCopies(access.tensor); });
    }

    /// What the first tile lacks that does not fit.
    std::optional<Shortage> shortageOf(LayerId id) const {
        const tiling::TileGrid& grid = cells_->grid(id);
        const LayerPlan& plan = sums_.plan.layers[id];
        const Layer& costed = sums_.costed.layers[id];
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            const tiling::Coordinates at = grid.at(tile);
            const hardware::CoreId core = plan.cores[tile % grid.parts() % plan.cores.size()];
            const RoomTable bits = bitsOf(id, at, core);
            for (const MemoryId memory : bits.ids()) {
                if (bits[memory] > memories_.capacity(memory))
                    return Shortage{memory, bits[memory], memories_.capacity(memory)};
            }
        }
        tiling::Tile largest = tiling::wholeLayer(costed);
        for (const tiling::TileGrid::Slot& slot : grid.slots()) {
            for (const Interval& interval : slot.intervals) {
                Interval& range = largest[slot.dim];
                if (interval.size() > range.size() || &interval == &slot.intervals.front()) range = interval;
            }
        }
        for (const hardware::CoreId core : plan.cores) {
            const CostRoom room(costed, costed.outputFinalBits, chip_.cores[core], core, memories_);
            if (const auto shortage = room(largest)) return shortage;
        }
        return std::nullopt;
    }

    RoomTable bitsOf(LayerId id, const tiling::Coordinates& at, hardware::CoreId core) const {
        const Layer& layer = sums_.workload.layers[id];
        RoomTable bits(memories_.size(), 0);
        cells_->needs(id, at, [&](TensorId tensor, const CellBox& box, std::size_t input) {
            const MemoryId memory = memories_.of(core, layer.inputs[input]);
            bits[memory] += cells_->elements(tensor, box) * sums_.workload.tensors[tensor].bits;
        });
        CellBox box;
        if (!cells_->written(id, at, box)) return bits;
        const int result = sums_.workload.tensors[layer.result].bits;
        bits[memories_.of(core, layer.output)] +=
            cells_->elements(layer.result, box) * (sums(layer) ? std::max(result, layer.output.bits) : result);
        return bits;
    }

    static bool sums(const Layer& layer) {
        for (workload::DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
            if (layer.dims[dim].size > 1 && !tiling::writes(layer, dim)) return true;
        }
        return false;
    }

    /// The layer keeps its halos, or else those whose copies it reads. False if none of them computes any again.
    bool keepOne(LayerId id, const Shortage& shortage) {
        bool any = keep(id, id, shortage);
        for (const auto& access : cells_->reads(id)) {
            const workload::Tensor& tensor = sums_.workload.tensors[access.tensor];
            if (!any && tensor.origin == workload::TensorOrigin::layer) any = keep(tensor.producer, id, shortage);
        }
        return any;
    }

    bool keep(LayerId id, LayerId reader, const Shortage& shortage) {
        LayerPlan& plan = plan_.layers[origin_[id.index()]];
        if (!isStretched(id) || plan.keepsHalos) return false;
        plan.keepsHalos = true;
        const Layer& layer = given_.layers[origin_[id.index()]];
        diagnostics_.warning(
            layer.where,
            fmt::format("layer '{}' keeps its halos: computed again, a tile of '{}' takes {} bits in {}, which has {}",
                        layer.name, given_.layers[origin_[reader.index()]].name, shortage.neededBits,
                        memories_.name(shortage.memory), shortage.freeBits),
            "smaller tiles (--tile), or a larger memory");
        return true;
    }

    const workload::Workload& given_;
    const hardware::Chip& chip_;
    Plan& plan_;
    Diagnostics& diagnostics_;
    Memories memories_;
    CoreSums sums_;
    std::optional<tiling::Cells> cells_;
    std::vector<LayerId> origin_;  ///< by layer of `sums_`
};

}  // namespace

void keepHalosThatDoNotFit(const workload::Workload& workload, const hardware::Chip& chip, Plan& plan,
                           Diagnostics& diagnostics) {
    Keeping(workload, chip, plan, diagnostics).run();
}

}  // namespace millrace::fusion
