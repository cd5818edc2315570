#include "explore/mapper/mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "explore/cost/parts.h"
#include "explore/mapper/describe.h"
#include "explore/mapper/exact/exact.h"
#include "explore/mapper/prepare.h"
#include "explore/mapper/spatialsearch.h"
#include "explore/mapper/unrolling.h"

namespace millrace::mapper {
namespace {

void infeasible(const Request& request, const cost::TooSmall& why, Diagnostics& diagnostics) {
    const hardware::Memory& memory = request.core.memories[why.memory];
    diagnostics.infeasible(
        {},
        fmt::format("layer '{}' does not fit core '{}': memory '{}' needs at least {:.0f} bits and has {:.0f}",
                    request.nest.name, request.core.name, memory.name, why.needed, why.available),
        "cut the layer into smaller tiles, or enlarge the memory");
}

Alternative alternative(Mapping mapping) {
    return {mapping.energy, mapping.latency, std::move(mapping.spatial), std::move(mapping.loops)};
}

/// What an exact search does not take.
bool checkExact(const Request& request, const Prepared& prepared, Diagnostics& diagnostics) {
    if (request.options.even) {
        diagnostics.error({}, "exact searches (--mapper exact, --pareto) are for uneven cuts only",
                          "use --temporal uneven");
        return false;
    }
    for (std::size_t i = 0; i < prepared.size(); ++i) {
        if (!prepared.orders(i).constrained() || prepared.orders(i).complete()) continue;
        diagnostics.error(
            {},
            fmt::format("layer '{}': exact searches (--mapper exact, --pareto) take a temporal order that "
                        "names every loop with its factors, or none",
                        request.nest.name),
            "complete or remove temporal_ordering");
        return false;
    }
    if (!request.options.spatialSearch || request.temporal.empty()) return true;
    diagnostics.error({},
                      fmt::format("layer '{}': a given temporal order does not fit every unrolling that is searched",
                                  request.nest.name),
                      "remove temporal_ordering, or use --spatial file");
    return false;
}

/// What ZigZag's search finds, to start from; the runner-up of one mapping is the best of it that differs.
std::vector<Found> start(const Request& request, const Prepared& prepared, exact::Solver& solver) {
    std::vector<Found> known;
    for (const Objective objective : {Objective::latency, Objective::energy, Objective::edp}) {
        if (!solver.aim().front() && objective != solver.aim().objective()) continue;
        Options options = request.options;
        options.objective = objective;
        const Best best = prepared.zigzag(options);
        solver.count(best.evaluations);
        for (const Found& found : {best.first, best.second}) {
            if (!found.found) continue;
            known.push_back(found);
            cost::TooSmall why;
            solver.aim().offer({found.score, found.order,
                                *prepared.model(found.candidate).allocate(found.order, false, why), found.candidate});
        }
    }
    return known;
}

/// All that an exact search found; empty with a message.
std::vector<Mapping> exactMappings(const Request& request, Prepared& prepared, exact::Aim aim,
                                   Diagnostics& diagnostics) {
    if (!checkExact(request, prepared, diagnostics)) return {};
    exact::Solver solver(std::move(aim), request.limits);
    const std::vector<Found> known = start(request, prepared, solver);
    for (std::size_t i = 0; i < prepared.size(); ++i) {
        const OrderSource& orders = prepared.orders(i);
        const auto order = orders.complete() ? orders.loops() : std::vector<cost::Loop>();
        if (solver.search(prepared.model(i), prepared.primes(i), order, i)) continue;
        diagnostics.warning({}, fmt::format("layer '{}' has more than {} sets of loop factors, or an output that "
                                            "slides: its mapping is ZigZag's, without proof",
                                            request.nest.name, exact::Solver::kMostStates));
    }
    if (request.options.spatialSearch) searchSpatial(request, prepared, solver, diagnostics);
    solver.breakTie();
    if (solver.aim().empty()) infeasible(request, prepared.zigzag(request.options).shortage, diagnostics);
    std::vector<Mapping> result;
    for (const exact::Found& found : solver.aim().found()) {
        Mapping mapping = describe(request, prepared.model(found.candidate), found.order, found.allocation);
        mapping.evaluations = solver.evaluations();
        mapping.certificate = solver.certificate();
        for (const Found& other : known) {
            if (mapping.runnerUp || solver.aim().front()) break;
            if (other.score.energy == found.score.energy && other.score.latency2 == found.score.latency2) continue;
            mapping.runnerUp = alternative(prepared.describe(other));
        }
        result.push_back(std::move(mapping));
    }
    return result;
}

std::unique_ptr<Prepared> prepare(const Request& request, Diagnostics& diagnostics) {
    auto prepared = Prepared::make(request, diagnostics);
    if (!prepared) return nullptr;
    for (const auto& flows : unrollings(request, prepared->machine(), diagnostics)) {
        if (!prepared->add(flows, diagnostics)) return nullptr;
    }
    return prepared;
}

/// Elements that an operand has when its loops run over all of their range.
double wholeElements(const cost::Nest& nest, const cost::Operand& operand) {
    cost::Sizes sizes = cost::unitSizes();
    for (std::size_t dim = 0; dim < nest.dims.size(); ++dim) sizes[dim] = static_cast<double>(nest.dims[dim].size);
    return cost::elements(nest, operand, sizes);
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
    const Best best = prepared->zigzag(request.options);
    if (!best.first.found) {
        infeasible(request, best.shortage, diagnostics);
        return std::nullopt;
    }
    Mapping mapping = prepared->describe(best.first);
    mapping.evaluations = best.evaluations;
    if (best.second.found) mapping.runnerUp = alternative(prepared->describe(best.second));
    return mapping;
}

std::vector<Mapping> front(const Request& request, Diagnostics& diagnostics) {
    const auto prepared = prepare(request, diagnostics);
    if (!prepared) return {};
    return exactMappings(request, *prepared, exact::Aim(request.options.objective, exact::Aim::Kind::front),
                         diagnostics);
}

std::optional<Shortage> shortage(const cost::Nest& nest, const hardware::Core& core) {
    std::optional<Shortage> worst;
    double ratio = 1;
    std::array<hardware::MemoryIndex, cost::kMaxOperands> tops{};
    for (std::size_t op = 0; op < nest.operands.size(); ++op) {
        const std::vector<hardware::MemoryIndex> levels = core.levels(nest.operands[op].role);
        if (!levels.empty()) tops[op] = levels.back();
    }
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        double bits = 0;
        for (std::size_t op = 0; op < nest.operands.size(); ++op) {
            const cost::Operand& operand = nest.operands[op];
            if (!core.memories[i].serves(operand.role)) continue;
            const double precision = op == 0 ? nest.finalBits : operand.bits;
            bits += (tops[op] == i ? wholeElements(nest, operand) : 1) * precision;
        }
        const double size = static_cast<double>(core.memories[i].size.value());
        if (bits <= size || (worst && bits / size <= ratio)) continue;
        ratio = bits / size;
        worst = Shortage{i, Bits(static_cast<std::int64_t>(bits)), core.memories[i].size};
    }
    return worst;
}

}  // namespace millrace::mapper
