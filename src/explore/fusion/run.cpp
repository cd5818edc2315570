#include "explore/fusion/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/fusion/order.h"
#include "explore/platform/lifetimes.h"

namespace millrace::fusion {

using workload::LayerId;

/// Layers whose readers are all in their own stack may compute halos again.
static std::vector<bool> recomputing(const workload::Workload& workload, const Plan& plan) {
    std::vector<bool> result(workload.layers.size(), true);
    const platform::Lifetimes lifetimes(workload);
    for (const LayerId id : workload.layers.ids()) {
        const workload::TensorId tensor = workload.layers[id].result;
        if (lifetimes.readByHost[tensor.index()]) result[id.index()] = false;
        for (const LayerId reader : lifetimes.readers[tensor.index()]) {
            if (plan.layers[reader].stack != plan.layers[id].stack) result[id.index()] = false;
        }
    }
    return result;
}

tiling::Cells cellsOf(const workload::Workload& workload, const Plan& plan, const Policy& policy) {
    Table<LayerId, tiling::TileGrid> grids;
    for (const LayerId id : workload.layers.ids()) {
        grids.add(tiling::TileGrid(workload.layers[id], plan.layers[id].inter, plan.layers[id].intra));
    }
    if (policy.halo != Halo::recompute) return tiling::Cells(workload, std::move(grids));
    return tiling::Cells(workload, std::move(grids), recomputing(workload, plan));
}

namespace {

class Run {
public:
    Run(Engine& engine, Diagnostics& diagnostics, const Patience& patience)
        : setup_(engine.setup()),
          policy_(engine.policy()),
          diagnostics_(diagnostics),
          patience_(patience),
          engine_(engine) {}

    bool all() {
        if (policy_.order == Order::given) return given();
        const bool dynamic = policy_.order == Order::earliestReady;
        std::vector<std::uint32_t> order = orderOf(setup_, dynamic ? Order::depthFirst : policy_.order);
        engine_.follow(positionsOf(order));
        if (dynamic) return earliestReady();
        return std::all_of(order.begin(), order.end(), [&](std::uint32_t tile) {
            const WorkId work = setup_.workOf(tile);
            return commit(work, tile - setup_.works()[work].firstTile);
        });
    }

    TileOrder takeOrder() { return std::move(order_); }

private:
    bool earliestReady() {
        Lanes lanes(setup_, policy_.order);
        const auto ready = [&](Lanes::Tile tile) { return engine_.ready(tile.work, tile.tile); };
        while (const auto tile = lanes.next(ready)) {
            if (!commit(tile->work, tile->tile)) return false;
        }
        return true;
    }

    bool given() {
        Lanes lanes(setup_, policy_.order);
        std::vector<WorkId> works(setup_.workload().layers.size());
        for (const WorkId id : setup_.works().ids()) {
            if (setup_.works()[id].layer.valid()) works[setup_.works()[id].layer.index()] = id;
        }
        std::vector<std::uint32_t> order;
        const auto takeHosts = [&] {
            for (const WorkId id : setup_.works().ids()) {
                const bool host = !setup_.works()[id].layer.valid();
                if (host && lanes.take({id, 0})) order.push_back(setup_.works()[id].firstTile);
            }
        };
        for (const auto& [layer, tile] : policy_.given) {
            takeHosts();
            if (!setup_.workload().layers.contains(layer)) return refuse(order.size(), "there is no such layer");
            const WorkId work = works[layer.index()];
            if (tile >= setup_.works()[work].parts * setup_.works()[work].steps)
                return refuse(order.size(),
                              fmt::format("layer '{}' has no tile {}", setup_.workload().layers[layer].name, tile));
            if (!lanes.take({work, tile}))
                return refuse(order.size(),
                              fmt::format("tile {} of layer '{}' stands before a tile that it needs, or before an "
                                          "earlier one of its part",
                                          tile, setup_.workload().layers[layer].name));
            order.push_back(setup_.works()[work].firstTile + tile);
        }
        takeHosts();
        if (order.size() != setup_.tiles()) {
            return refuse(order.size(), fmt::format("it names {} of {} tiles", order.size(), setup_.tiles()));
        }
        engine_.follow(positionsOf(order));
        return std::all_of(order.begin(), order.end(), [&](std::uint32_t tile) {
            const WorkId work = setup_.workOf(tile);
            return commit(work, tile - setup_.works()[work].firstTile);
        });
    }

    std::string hint() const {
        if (engine_.reason().find("cost model") != std::string::npos) return "other cores in the mapping (--mapping)";
        if (policy_.halo == Halo::recompute) {
            return "tiles that compute their halos again are larger than planned: keep halos, or cut finer (--tile)";
        }
        return "cut the layer into more tiles (--tile), use more cores, or a larger memory";
    }

    bool refuse(std::size_t index, const std::string& why) {
        diagnostics_.error({policy_.givenFile, 0, 0},
                           fmt::format("the order of tiles is wrong at entry {}: {}", index + 1, why));
        return false;
    }

    bool givenUp() {
        static constexpr std::uint32_t kTilesBetween = 256;
        if (engine_.latency() > patience_.latency) return true;
        return ++committed_ % kTilesBetween == 0 && patience_.limits.reached();
    }

    bool commit(WorkId id, std::uint32_t tile) {
        if (givenUp()) return false;
        if (engine_.commit(id, tile)) {
            const LayerId layer = setup_.works()[id].layer;
            if (layer.valid()) order_.emplace_back(layer, tile);
            return true;
        }
        const Work& work = setup_.works()[id];
        const bool isLayer = work.layer.valid();
        const auto& where = isLayer ? setup_.workload().layers[work.layer].where : SourceLocation{};
        const std::string name =
            isLayer ? setup_.workload().layers[work.layer].name : setup_.workload().hostOperators[work.host].name;
        diagnostics_.infeasible(where, fmt::format("layer '{}' cannot be scheduled: {}", name, engine_.reason()),
                                hint());
        return false;
    }

    const Setup& setup_;
    const Policy& policy_;
    Diagnostics& diagnostics_;
    const Patience& patience_;
    Engine& engine_;
    TileOrder order_;
    std::uint32_t committed_ = 0;
};

}  // namespace

std::optional<TileOrder> run(Engine& engine, Diagnostics& diagnostics, const Patience& patience) {
    Run run(engine, diagnostics, patience);
    if (!run.all()) return std::nullopt;
    return run.takeOrder();
}

}  // namespace millrace::fusion
