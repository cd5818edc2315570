#include "explore/mapper/mapper.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/cost/machine.h"
#include "explore/cost/model.h"
#include "explore/cost/parts.h"
#include "explore/cost/spatial.h"
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

Mapping report(const Request& request, const cost::Model& model, const Best& best) {
    const cost::Machine& machine = model.machine();
    cost::TooSmall why;
    const cost::Allocation allocation = model.allocate(best.order, request.options.even, why).value();
    const cost::Detail detail = model.explain(best.order, allocation);
    Mapping mapping;
    mapping.energy = detail.score.energy;
    mapping.arrayEnergy = detail.arrayEnergy;
    if (machine.imc) {
        mapping.arrayParts = cost::imcEnergy(*machine.imc, request.nest, model.spatial().chosen);
        (*mapping.arrayParts)[cost::ImcPart::cells] = detail.arrayEnergy - model.arrayEnergy().constant;
    }
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
    for (std::size_t i = 0; i < best.order.size(); ++i) {
        MappedLoop loop{request.nest.dims[best.order[i].dim].name, best.order[i].factor, {}};
        for (std::size_t op = 0; op < machine.operands; ++op) {
            loop.memory.push_back(machine.level[op][levelOf(detail.merged, op, machine.levels[op], i)].memory);
        }
        mapping.loops.push_back(std::move(loop));
    }
    mapping.evaluations = best.evaluations;
    return mapping;
}

/// Elements that an operand has when its loops run over all of their range.
double wholeElements(const cost::Nest& nest, const cost::Operand& operand) {
    cost::Sizes sizes = cost::unitSizes();
    for (std::size_t dim = 0; dim < nest.dims.size(); ++dim) sizes[dim] = static_cast<double>(nest.dims[dim].size);
    return cost::elements(nest, operand, sizes);
}

}  // namespace

std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics) {
    if (!checkSpatial(request, diagnostics)) return std::nullopt;
    const auto machine = cost::machineOf(request.nest, request.core, diagnostics);
    if (!machine) return std::nullopt;
    std::vector<cost::Model> models;
    Best best;
    for (const std::vector<hardware::Dataflow>& flows : unrollings(request, *machine)) {
        const cost::SpatialPair spatial = cost::spatialOf(request.nest, request.core, *machine, flows);
        const auto orders = OrderSource::make(request.nest, cost::temporalSizes(request.nest, spatial.fractional),
                                              request.temporal, request.options.lpfLimit, diagnostics);
        if (!orders) return std::nullopt;
        models.emplace_back(request.nest, *machine, spatial);
        tryOrders(models.back(), models.size() - 1, *orders, request.options, best);
    }
    if (!best.found) {
        infeasible(request, best.shortage, diagnostics);
        return std::nullopt;
    }
    return report(request, models[best.candidate], best);
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
