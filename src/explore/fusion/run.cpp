#include "explore/fusion/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/fusion/order.h"

namespace millrace::fusion {

using workload::LayerId;

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
        std::vector<std::uint32_t> order;
        const auto takeHosts = [&] {
            for (const WorkId id : setup_.works().ids()) {
                const bool host = !setup_.works()[id].layer.valid();
                if (host && lanes.take({id, 0})) order.push_back(setup_.works()[id].firstTile);
            }
        };
        std::vector<bool> taken(setup_.tiles(), false);
        for (std::size_t entry = 0; entry < policy_.given.size(); ++entry) {
            takeHosts();
            const auto tile = givenTile(entry, taken);
            if (!tile) return false;
            if (!lanes.take(*tile))
                return refuse(entry, givenName(entry) +
                                         " stands before a tile that it needs, or before an earlier one of its part");
            order.push_back(setup_.works()[tile->work].firstTile + tile->tile);
            taken[order.back()] = true;
        }
        takeHosts();
        if (!isComplete(taken)) return false;
        engine_.follow(positionsOf(order));
        return std::all_of(order.begin(), order.end(), [&](std::uint32_t tile) {
            const WorkId work = setup_.workOf(tile);
            return commit(work, tile - setup_.works()[work].firstTile);
        });
    }

    /// "tile 17 of layer 'conv'"
    std::string tileName(LayerId layer, std::uint32_t tile) const {
        return fmt::format("tile {} of layer '{}'", tile, setup_.workload().layers[layer].name);
    }
    std::string givenName(std::size_t entry) const {
        return tileName(policy_.given[entry].first, policy_.given[entry].second);
    }

    /// The tile that an entry of the order means, unless there is none or it was taken.
    std::optional<Lanes::Tile> givenTile(std::size_t entry, const std::vector<bool>& taken) {
        const auto [layer, tile] = policy_.given[entry];
        if (!setup_.workload().layers.contains(layer)) {
            refuse(entry, "there is no such layer");
            return std::nullopt;
        }
        const WorkId id = setup_.workOf(layer);
        const Work& work = setup_.works()[id];
        const std::uint32_t tiles = work.parts * work.steps;
        if (tile >= tiles) {
            refuse(entry, fmt::format("layer '{}' has no tile {}: its tiles are 0 to {}",
                                      setup_.workload().layers[layer].name, tile, tiles - 1));
            return std::nullopt;
        }
        if (taken[work.firstTile + tile]) {
            refuse(entry, givenName(entry) + " stands twice");
            return std::nullopt;
        }
        return Lanes::Tile{id, tile};
    }

    /// Are all tiles of layers in the order?
    bool isComplete(const std::vector<bool>& taken) {
        std::uint32_t all = setup_.tiles();
        std::string first;
        for (const Work& work : setup_.works()) {
            if (!work.layer.valid()) --all;
            for (std::uint32_t tile = 0; tile < work.parts * work.steps && work.layer.valid(); ++tile) {
                if (first.empty() && !taken[work.firstTile + tile]) first = tileName(work.layer, tile);
            }
        }
        if (first.empty()) return true;
        diagnostics_.error({policy_.givenFile, 0, 0}, fmt::format("the order names {} of {} tiles: {} is missing",
                                                                  policy_.given.size(), all, first));
        return false;
    }

    std::string hint() const {
        if (engine_.reason().find("cost model") != std::string::npos) return "other cores in the mapping (--mapping)";
        return "cut the layer into more tiles (--tile), use more cores, or a larger memory";
    }

    bool refuse(std::size_t entry, const std::string& why) {
        const bool known = entry < policy_.givenLines.size();
        diagnostics_.error({policy_.givenFile, known ? policy_.givenLines[entry] : 0, known ? 1 : 0},
                           known ? why : fmt::format("the order of tiles is wrong at entry {}: {}", entry + 1, why));
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
