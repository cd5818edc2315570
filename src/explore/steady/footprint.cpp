#include "explore/steady/footprint.h"

#include <algorithm>

#include "explore/tiling/splits.h"
#include "explore/tiling/tilegrid.h"

namespace millrace::steady {

using fusion::LayerPlan;
using hardware::CoreId;
using tiling::Tile;
using tiling::TileGrid;
using workload::Layer;
using workload::LayerId;

namespace {

std::vector<std::size_t> sampled(std::size_t steps) {
    std::vector<std::size_t> result;
    const std::size_t count = std::min(steps, kMostSampled);
    for (std::size_t i = 0; i < count; ++i) result.push_back(count == 1 ? 0 : i * (steps - 1) / (count - 1));
    return result;
}

class Tracer {
public:
    Tracer(const workload::Workload& workload, LayerId id, const LayerPlan& plan, const fusion::Memories& memories)
        : workload_(workload),
          layer_(workload.layers[id]),
          id_(id),
          plan_(plan),
          memories_(memories),
          grid_(layer_, plan.inter, plan.intra) {}

    Footprint run(const CostOf& cost) {
        result_.steps = static_cast<double>(grid_.steps());
        costs(cost);
        if (!result_.runs) return std::move(result_);
        regions();
        courses();
        return std::move(result_);
    }

private:
    CoreId coreOf(std::size_t part) const { return plan_.cores[part % plan_.cores.size()]; }
    Tile tileAt(std::size_t step, std::size_t part) const {
        return grid_.tile(grid_.at(static_cast<std::uint32_t>(step * grid_.parts() + part)));
    }

    void costs(const CostOf& cost) {
        const std::vector<std::size_t> steps = sampled(grid_.steps());
        const double weight = result_.steps / static_cast<double>(steps.size());
        std::map<std::size_t, double> work;
        for (std::size_t part = 0; part < grid_.parts(); ++part) {
            const CoreId core = coreOf(part);
            for (const std::size_t step : steps) {
                const Tile tile = tileAt(step, part);
                if (volume(tiling::writtenBox(layer_, tile)) == 0) continue;
                const explore::TileKind* kind = cost(id_, tile, core);
                if (kind == nullptr) {
                    result_.runs = false;
                    return;
                }
                const auto cycles = static_cast<double>(kind->duration.value());
                work[core.index()] += weight * cycles;
                result_.tile = std::max(result_.tile, cycles);
            }
        }
        for (const auto& [core, cycles] : work) result_.work.push_back({core, cycles});
    }

    /// Calls `visit(tensor, memory, box)` for all that a tile on a core reads.
    template <class Visit>
    void reads(const Tile& tile, CoreId core, Visit&& visit) const {
        if (volume(tiling::writtenBox(layer_, tile)) == 0) return;
        for (const workload::Operand& operand : layer_.inputs) {
            if (fusion::readsNothing(operand)) continue;
            const schedule::MemoryId memory = memories_.of(core, operand);
            if (!memory.valid()) continue;
            for (const workload::Need& need : tiling::tileNeeds(workload_, operand, tile))
                visit(need.tensor, memory.index(), need.box);
        }
    }

    /// Steps matter to what a core touches in all only along loops that are cut both ways.
    void regions() {
        std::vector<tiling::Split> both;
        std::size_t steps = 1;
        for (const tiling::Split& split : plan_.intra) {
            if (tiling::partsOf(plan_.inter, split.dim) == 1) continue;
            both.push_back(split);
            steps *= static_cast<std::size_t>(split.parts);
        }
        static constexpr std::size_t kMostTiles = 4096;
        const bool few = steps * grid_.parts() <= kMostTiles;
        const TileGrid grid(layer_, plan_.inter, few ? both : std::vector<tiling::Split>{});
        for (std::uint32_t number = 0; number < grid.tiles(); ++number) {
            const CoreId core = coreOf(number % grid.parts());
            const Tile tile = grid.tile(grid.at(number));
            reads(tile, core, [&](workload::TensorId tensor, std::size_t memory, const Box& box) {
                result_.needs[tensor][memory].add(box);
            });
            const schedule::MemoryId memory = memories_.of(core, layer_.output);
            if (memory.valid()) result_.written[memory.index()].add(tiling::writtenBox(layer_, tile));
        }
        for (std::size_t part = 0; part < grid_.parts(); ++part) {
            reads(tileAt(0, part), coreOf(part), [&](workload::TensorId tensor, std::size_t memory, const Box& box) {
                result_.firstNeeds[tensor][memory].add(box);
            });
        }
    }

    void courses() {
        for (const std::size_t step : sampled(grid_.steps())) {
            std::map<workload::TensorId, Box> hulls;
            Box written;
            for (std::size_t part = 0; part < grid_.parts(); ++part) {
                const Tile tile = tileAt(step, part);
                reads(tile, coreOf(part),
                      [&](workload::TensorId tensor, std::size_t, const Box& box) { grow(hulls[tensor], box); });
                grow(written, tiling::writtenBox(layer_, tile));
            }
            for (auto& [tensor, hull] : hulls) {
                result_.readCourse[tensor].steps.push_back(step);
                result_.readCourse[tensor].boxes.push_back(std::move(hull));
            }
            result_.writeCourse.steps.push_back(step);
            result_.writeCourse.boxes.push_back(std::move(written));
        }
    }

    const workload::Workload& workload_;
    const Layer& layer_;
    LayerId id_;
    const LayerPlan& plan_;
    const fusion::Memories& memories_;
    TileGrid grid_;
    Footprint result_;
};

}  // namespace

Footprint footprintOf(const workload::Workload& workload, LayerId layer, const LayerPlan& plan,
                      const fusion::Memories& memories, const CostOf& cost) {
    return Tracer(workload, layer, plan, memories).run(cost);
}

}  // namespace millrace::steady
