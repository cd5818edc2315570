#include "explore/mapper/mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "explore/cost/machine.h"
#include "explore/cost/model.h"
#include "explore/cost/parts.h"
#include "explore/cost/spatial.h"
#include "explore/mapper/exact/exact.h"
#include "explore/mapper/orders.h"
#include "explore/mapper/search.h"
#include "explore/mapper/unrolling.h"

namespace millrace::mapper {
namespace {

bool checkSpatial(const Request& request, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    std::vector<bool> seen(request.core.array.dimensions.size(), false);
    for (const hardware::Dataflow& flow : request.spatial) {
        if (flow.dimension >= seen.size()) {
            diagnostics.error(
                {}, fmt::format("layer '{}': the spatial mapping names array dimension number {}, but core '{}' has {}",
                                request.nest.name, flow.dimension + 1, request.core.name, seen.size()));
        } else if (seen[flow.dimension]) {
            diagnostics.error({},
                              fmt::format("layer '{}': the spatial mapping names array dimension {} twice",
                                          request.nest.name, request.core.array.dimensions[flow.dimension].name),
                              "list all of its loops in one entry");
        } else {
            seen[flow.dimension] = true;
        }
    }
    return diagnostics.failures() == before;
}

void infeasible(const Request& request, const cost::TooSmall& why, Diagnostics& diagnostics) {
    const hardware::Memory& memory = request.core.memories[why.memory];
    diagnostics.infeasible(
        {},
        fmt::format("layer '{}' does not fit core '{}': memory '{}' needs at least {:.0f} bits and has {:.0f}",
                    request.nest.name, request.core.name, memory.name, why.needed, why.available),
        "cut the layer into smaller tiles, or enlarge the memory");
}

/// The memory level that holds a loop.
std::size_t levelOf(const cost::Allocation& allocation, std::size_t op, std::size_t levels, std::size_t loop) {
    std::size_t level = 0;
    while (level + 1 < levels && loop >= allocation.cut[op][level + 1]) ++level;
    return level;
}

Mapping describe(const Request& request, const cost::Model& model, cost::Order order,
                 const cost::Allocation& allocation) {
    const cost::Machine& machine = model.machine();
    const cost::Detail detail = model.explain(order, allocation);
    Mapping mapping;
    mapping.energy = detail.score.energy;
    mapping.arrayEnergy = machine.unitEnergy * model.macs();
    mapping.memoryEnergy.assign(request.core.memories.size(), 0.0);
    for (std::size_t op = 0; op < machine.operands; ++op) {
        for (std::size_t m = 0; m < machine.levels[op]; ++m) {
            const cost::Machine::Level& level = machine.level[op][m];
            const std::array<double, 4>& accesses = detail.accesses[op][m];
            mapping.traffic.push_back({op, level.memory, accesses});
            mapping.memoryEnergy[level.memory] += (accesses[2] * level.readCost + accesses[0] * level.readCost) +
                                                  (accesses[3] * level.writeCost + accesses[1] * level.writeCost);
        }
    }
    mapping.idealCycles = detail.idealCycles;
    mapping.spatialCycles = detail.score.spatialCycles;
    mapping.stallCycles = detail.score.stall;
    mapping.onloadCycles = detail.score.onload;
    mapping.offloadCycles = detail.score.offload;
    mapping.latency0 = detail.score.latency0;
    mapping.latency1 = detail.score.latency1;
    mapping.latency = detail.score.latency2;
    mapping.spatial = model.spatial().chosen;
    for (std::size_t i = 0; i < order.size(); ++i) {
        MappedLoop loop{request.nest.dims[order[i].dim].name, order[i].factor, {}};
        for (std::size_t op = 0; op < machine.operands; ++op) {
            loop.memory.push_back(machine.level[op][levelOf(detail.merged, op, machine.levels[op], i)].memory);
        }
        mapping.loops.push_back(std::move(loop));
    }
    return mapping;
}

/// Elements that an operand has when its loops run over all of their range.
double wholeElements(const cost::Nest& nest, const cost::Operand& operand) {
    cost::Sizes sizes = cost::unitSizes();
    for (std::size_t dim = 0; dim < nest.dims.size(); ++dim) sizes[dim] = static_cast<double>(nest.dims[dim].size);
    return cost::elements(nest, operand, sizes);
}

}  // namespace

namespace {

/// The nest under the request's corrections, a model for each unrolling that is tried, and the orders that each allows.
struct Prepared {
    cost::Nest nest;
    std::optional<cost::Machine> machine;
    std::vector<std::unique_ptr<cost::Model>> models;
    std::vector<OrderSource> orders;

    const cost::Model& model(std::size_t candidate) const { return *models[candidate]; }
};

/// Empty with an error.
std::unique_ptr<Prepared> prepare(const Request& request, Diagnostics& diagnostics) {
    if (!checkSpatial(request, diagnostics)) return nullptr;
    auto prepared = std::make_unique<Prepared>();
    prepared->nest = request.nest;
    prepared->nest.corrections = request.options.corrections;
    const cost::Nest& nest = prepared->nest;
    prepared->machine = cost::machineOf(nest, request.core, diagnostics);
    if (!prepared->machine) return nullptr;
    for (const auto& flows : unrollings(request, *prepared->machine, diagnostics)) {
        const cost::SpatialPair spatial = cost::spatialOf(nest, request.core, *prepared->machine, flows);
        auto orders = OrderSource::make(nest, cost::temporalSizes(nest, spatial.fractional), request.temporal,
                                        request.options.lpfLimit, diagnostics);
        if (!orders) return nullptr;
        prepared->orders.push_back(std::move(*orders));
        prepared->models.push_back(std::make_unique<cost::Model>(nest, *prepared->machine, spatial));
    }
    return prepared;
}

Best zigzag(const Prepared& prepared, const Options& options) {
    Best best;
    for (std::size_t i = 0; i < prepared.models.size(); ++i)
        tryOrders(prepared.model(i), i, prepared.orders[i], options, best);
    return best;
}

/// What an exact search does not take.
bool checkExact(const Request& request, const Prepared& prepared, Diagnostics& diagnostics) {
    if (request.options.even) {
        diagnostics.error({}, "the exact mapper searches uneven cuts only",
                          "use --temporal uneven, or --mapper zigzag");
        return false;
    }
    const bool partly = !request.temporal.empty() &&
                        std::any_of(prepared.orders.begin(), prepared.orders.end(), [](const OrderSource& orders) {
                            return orders.constrained() && !orders.complete();
                        });
    if (!partly) return true;
    diagnostics.error({},
                      fmt::format("layer '{}': the exact mapper takes a temporal order that names every loop with its "
                                  "factors, or none",
                                  request.nest.name),
                      "complete or remove temporal_ordering, or use --mapper zigzag");
    return false;
}

/// The space of each unrolling, and what ZigZag's search finds in it, to start from.
exact::Outcome solve(const Request& request, const Prepared& prepared, exact::Aim aim) {
    std::vector<exact::Candidate> candidates;
    for (std::size_t i = 0; i < prepared.models.size(); ++i) {
        const cost::Model& model = prepared.model(i);
        exact::Candidate candidate{
            &model, loopFactors(cost::temporalSizes(prepared.nest, model.spatial().fractional), 64), {}};
        if (prepared.orders[i].complete()) candidate.order = prepared.orders[i].loops();
        candidates.push_back(std::move(candidate));
    }
    std::int64_t evaluations = 0;
    for (const Objective objective : {Objective::latency, Objective::energy, Objective::edp}) {
        if (!aim.front() && objective != aim.objective()) continue;
        Options options = request.options;
        options.objective = objective;
        const Best best = zigzag(prepared, options);
        evaluations += best.evaluations;
        cost::TooSmall why;
        if (!best.found) continue;
        aim.offer(
            {best.score, best.order, *prepared.model(best.candidate).allocate(best.order, false, why), best.candidate});
    }
    exact::Outcome outcome = exact::solve(candidates, std::move(aim), request.limits);
    outcome.evaluations += evaluations;
    return outcome;
}

/// All that an exact search found; empty with a message.
std::vector<Mapping> exactMappings(const Request& request, const Prepared& prepared, exact::Aim aim,
                                   Diagnostics& diagnostics) {
    if (!checkExact(request, prepared, diagnostics)) return {};
    const exact::Outcome outcome = solve(request, prepared, std::move(aim));
    if (outcome.tooLarge) {
        diagnostics.error(
            {},
            fmt::format("layer '{}' has more than {} sets of loop factors; the exact mapper takes no more",
                        request.nest.name, exact::kMostStates),
            "use --mapper zigzag");
        return {};
    }
    if (outcome.aim.empty()) infeasible(request, zigzag(prepared, request.options).shortage, diagnostics);
    std::vector<Mapping> result;
    for (const exact::Found& found : outcome.aim.found()) {
        result.push_back(describe(request, prepared.model(found.candidate), found.order, found.allocation));
        result.back().evaluations = outcome.evaluations;
        result.back().certificate = outcome.certificate;
    }
    return result;
}

}  // namespace

std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics) {
    const auto prepared = prepare(request, diagnostics);
    if (!prepared) return std::nullopt;
    if (request.options.engine == Engine::exact) {
        auto found = exactMappings(request, *prepared, exact::Aim(request.options.objective), diagnostics);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }
    const Best best = zigzag(*prepared, request.options);
    if (!best.found) {
        infeasible(request, best.shortage, diagnostics);
        return std::nullopt;
    }
    const cost::Model& model = prepared->model(best.candidate);
    cost::TooSmall why;
    Mapping mapping = describe(request, model, best.order, *model.allocate(best.order, request.options.even, why));
    mapping.evaluations = best.evaluations;
    return mapping;
}

std::vector<Mapping> front(const Request& request, Diagnostics& diagnostics) {
    const auto prepared = prepare(request, diagnostics);
    if (!prepared) return {};
    return exactMappings(request, *prepared, exact::Aim(request.options.objective, true), diagnostics);
}

std::optional<Shortage> shortage(const cost::Nest& nest, const hardware::Core& core) {
    std::optional<Shortage> worst;
    double ratio = 1;
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        double bits = 0;
        for (std::size_t op = 0; op < nest.operands.size(); ++op) {
            const cost::Operand& operand = nest.operands[op];
            if (!core.memories[i].serves(operand.role)) continue;
            const std::vector<hardware::MemoryIndex> levels = core.levels(operand.role);
            const double precision = op == 0 ? nest.finalBits : operand.bits;
            bits += (levels.back() == i ? wholeElements(nest, operand) : 1) * precision;
        }
        const double size = static_cast<double>(core.memories[i].size.value());
        if (bits <= size || (worst && bits / size <= ratio)) continue;
        ratio = bits / size;
        worst = Shortage{i, Bits(static_cast<std::int64_t>(bits)), core.memories[i].size};
    }
    return worst;
}

}  // namespace millrace::mapper
