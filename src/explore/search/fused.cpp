#include <fmt/format.h>

#include <algorithm>

#include "explore/explore.h"
#include "explore/fusion/engine.h"
#include "explore/fusion/order.h"
#include "explore/fusion/unfold.h"
#include "explore/platform/binding.h"
#include "explore/platform/bounds.h"
#include "explore/platform/costs.h"
#include "explore/platform/lifetimes.h"
#include "explore/platform/platform.h"
#include "explore/platform/tensors.h"
#include "schedule/verify.h"

namespace millrace::explore {

using fusion::Engine;
using fusion::WorkId;
using workload::LayerId;

namespace {

/// Layers whose readers are all in their own stack may compute halos again.
std::vector<bool> recomputing(const workload::Workload& workload, const fusion::Plan& plan) {
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

tiling::Cells cellsOf(const workload::Workload& workload, const fusion::Plan& plan, const fusion::Policy& policy) {
    Table<LayerId, tiling::TileGrid> grids;
    for (const LayerId id : workload.layers.ids()) {
        grids.add(tiling::TileGrid(workload.layers[id], plan.layers[id].inter, plan.layers[id].intra));
    }
    if (policy.halo != fusion::Halo::recompute) return tiling::Cells(workload, std::move(grids));
    return tiling::Cells(workload, std::move(grids), recomputing(workload, plan));
}

class FusedRun {
public:
    FusedRun(const fusion::Setup& setup, const fusion::Policy& policy, platform::TileCosts& costs,
             Diagnostics& diagnostics)
        : setup_(setup), policy_(policy), costs_(costs), diagnostics_(diagnostics), engine_(setup, policy) {}

    const Engine& engine() const { return engine_; }

    bool all() {
        using fusion::Order;
        if (policy_.order == Order::given) return given();
        const bool dynamic = policy_.order == Order::earliestReady;
        std::vector<std::uint32_t> order = fusion::orderOf(setup_, dynamic ? Order::depthFirst : policy_.order);
        engine_.follow(fusion::positionsOf(order));
        if (dynamic) return earliestReady();
        return std::all_of(order.begin(), order.end(), [&](std::uint32_t tile) {
            const WorkId work = setup_.workOf(tile);
            return commit(work, tile - setup_.works()[work].firstTile);
        });
    }

private:
    bool earliestReady() {
        fusion::Lanes lanes(setup_, policy_.order);
        const auto ready = [&](fusion::Lanes::Tile tile) { return engine_.ready(tile.work, tile.tile); };
        while (const auto tile = lanes.next(ready)) {
            if (!commit(tile->work, tile->tile)) return false;
        }
        return true;
    }

    bool given() {
        fusion::Lanes lanes(setup_, policy_.order);
        std::vector<WorkId> works(setup_.workload().layers.size());
        for (const WorkId id : setup_.works().ids()) {
            if (setup_.works()[id].layer.valid()) works[setup_.works()[id].layer.index()] = id;
        }
        std::vector<std::uint32_t> order;
        for (const auto& [layer, tile] : policy_.given) {
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
        if (order.size() != setup_.tiles()) {
            return refuse(order.size(), fmt::format("it names {} of {} tiles", order.size(), setup_.tiles()));
        }
        engine_.follow(fusion::positionsOf(order));
        return std::all_of(order.begin(), order.end(), [&](std::uint32_t tile) {
            const WorkId work = setup_.workOf(tile);
            return commit(work, tile - setup_.works()[work].firstTile);
        });
    }

    bool refuse(std::size_t index, const std::string& why) {
        diagnostics_.error({}, fmt::format("the order of tiles is wrong at entry {}: {}", index + 1, why));
        return false;
    }

    bool commit(WorkId id, std::uint32_t tile) {
        if (engine_.commit(id, tile)) return true;
        const fusion::Work& work = setup_.works()[id];
        const bool isLayer = work.layer.valid();
        const auto& where = isLayer ? setup_.workload().layers[work.layer].where : SourceLocation{};
        const std::string name =
            isLayer ? setup_.workload().layers[work.layer].name : setup_.workload().hostOperators[work.host].name;
        std::string reason = engine_.reason();
        if (!costs_.reason().empty() && reason.find("cost model") != std::string::npos)
            reason += ": " + costs_.reason();
        diagnostics_.infeasible(where, fmt::format("layer '{}' cannot be scheduled: {}", name, reason),
                                "cut the layer into more tiles (--tile), use more cores, or a larger memory");
        return false;
    }

    const fusion::Setup& setup_;
    const fusion::Policy& policy_;
    platform::TileCosts& costs_;
    Diagnostics& diagnostics_;
    Engine engine_;
};

}  // namespace

std::optional<Result> exploreFused(const workload::Workload& given, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const FusedOptions& options,
                                   Diagnostics& diagnostics) {
    if (!platform::checkBindings(given, chip, mapping, diagnostics)) return std::nullopt;
    Result result;
    result.chip = chip;
    result.workload = platform::withLinks(given, mapping);
    result.policy = "fused";
    result.objective = options.common.objective;
    const auto platform = platform::Platform::make(result.chip, result.problem, diagnostics);
    if (!platform) return std::nullopt;
    if (!result.workload.hostOperators.empty()) {
        result.problem.memories[platform->offchip()].cores.push_back(result.problem.cores.add({"host"}));
    }
    const auto plan = fusion::makePlan(result.workload, result.chip, mapping, options.plan, diagnostics);
    if (!plan) return std::nullopt;
    const schedule::Problem resources = result.problem;
    platform::addTensors(result.workload, platform->offchip(), result.problem);
    const tiling::Cells cells = cellsOf(result.workload, *plan, options.policy);
    platform::TileCosts costs(result.workload, result.chip, mapping, options.common.objective, options.common.lpfLimit);
    const auto setup =
        fusion::Setup::make(result.workload, result.chip, *platform, resources, *plan, cells, costs, diagnostics);
    if (!setup) return std::nullopt;
    FusedRun run(*setup, options.policy, costs, diagnostics);
    if (!run.all()) return std::nullopt;
    fusion::unfold(run.engine(), result);
    for (const auto& stack : plan->stacks) result.stacks.push_back(stack);
    result.evaluations = costs.evaluations();
    result.offchipTraffic = schedule::offchipTraffic(result.problem, result.schedule);
    result.bounds = platform::bounds(result.workload, result.chip, mapping);
    result.verified =
        schedule::check(result.problem, diagnostics) && schedule::verify(result.problem, result.schedule, diagnostics);
    if (!result.verified) return std::nullopt;
    return result;
}

}  // namespace millrace::explore
