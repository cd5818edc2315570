#include "explore/cost/spatial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "explore/cost/parts.h"
#include "explore/cost/setorder.h"

namespace millrace::cost {
namespace {

/// Array dimensions that a memory serves, in set order.
std::vector<std::size_t> servedInOrder(const hardware::Core& core, hardware::MemoryIndex memory) {
    const std::vector<std::size_t>& served = core.memories[memory].servedDimensions;
    std::vector<std::string> names;
    for (const std::size_t d : served) names.push_back(core.array.dimensions[d].name);
    std::vector<std::size_t> result;
    for (const std::size_t i : setOrder(SetKind::arrayDimension, names)) result.push_back(served[i]);
    return result;
}

/// Python's round(x, 3).
double roundToThousandths(double value) {
    const std::string text = fmt::format("{:.3f}", value);
    return std::strtod(text.c_str(), nullptr);
}

void append(std::vector<SpatialLoop>& loops, const SpatialLoop& added) {
    for (SpatialLoop& loop : loops) {
        if (loop.dim != added.dim) continue;
        loop.factor = loop.factor * added.factor;
        return;
    }
    loops.push_back(added);
}

using LoopsOfArray = std::vector<std::vector<SpatialLoop>>;  // by array dimension

/// Fractional factors of all unrollings, in mapping order.
std::vector<std::vector<SpatialLoop>> fractionalFactors(const Nest& nest,
                                                        const std::vector<hardware::Dataflow>& dataflows) {
    std::vector<std::int64_t> largest(nest.dims.size(), 0);
    for (const hardware::Dataflow& flow : dataflows) {
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            if (const auto dim = nest.dim(unrolling.loop)) largest[*dim] = std::max(largest[*dim], unrolling.factor);
        }
    }
    std::vector<bool> converted(nest.dims.size(), false);
    std::vector<double> earlier(nest.dims.size(), 1.0);
    std::vector<std::vector<SpatialLoop>> result;
    for (const hardware::Dataflow& flow : dataflows) {
        std::vector<SpatialLoop>& loops = result.emplace_back();
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            const auto dim = nest.dim(unrolling.loop);
            if (!dim) continue;
            double factor = static_cast<double>(unrolling.factor);
            if (unrolling.factor == largest[*dim] && !converted[*dim]) {
                const double size = static_cast<double>(nest.dims[*dim].size);
                factor = size / std::ceil(size / (factor * earlier[*dim])) / earlier[*dim];
                converted[*dim] = true;
            }
            earlier[*dim] *= factor;
            loops.push_back({*dim, factor});
        }
    }
    return result;
}

double wholeFactor(const Nest& nest, double factor) {
    // A quotient that should be whole may lie one rounding above it.
    if (nest.corrections.has(Correction::ragged)) return std::ceil(factor * (1 - 0x1p-40));
    return std::max(1.0, std::trunc(factor));
}

std::vector<std::vector<SpatialLoop>> layOut(const std::vector<std::vector<std::size_t>>& served,
                                             const Machine& machine, std::size_t op,
                                             const std::vector<hardware::Dataflow>& dataflows,
                                             const LoopsOfArray& loops) {
    std::vector<std::vector<SpatialLoop>> levels(machine.levels[op] + 1);
    std::vector<bool> used(loops.size(), false);
    for (std::size_t m = 0; m < machine.levels[op]; ++m) {
        for (const std::size_t d : served[machine.level[op][m].memory]) {
            if (used[d]) continue;
            used[d] = true;
            for (const SpatialLoop& loop : loops[d]) append(levels[m], loop);
        }
    }
    for (const hardware::Dataflow& flow : dataflows) {
        if (used[flow.dimension]) continue;
        for (const SpatialLoop& loop : loops[flow.dimension]) append(levels.back(), loop);
    }
    return levels;
}

std::int64_t productOf(const hardware::Dataflow& flow) {
    std::int64_t product = 1;
    for (const hardware::Unrolling& unrolling : flow.unrollings) product *= unrolling.factor;
    return product;
}

}  // namespace

bool isInnermost(const hardware::Core& core, hardware::MemoryIndex memory) {
    for (hardware::MemoryIndex lower = 0; lower < memory; ++lower) {
        for (const hardware::MemoryOperand operand : core.memories[memory].operands) {
            if (core.memories[lower].serves(operand)) return false;
        }
    }
    return true;
}

std::vector<std::vector<std::int64_t>> unrollLimits(const Nest& nest, const hardware::Core& core,
                                                    const Machine& machine) {
    std::vector<std::vector<std::int64_t>> limits;
    for (const hardware::ArrayDimension& dimension : core.array.dimensions) {
        std::vector<std::int64_t>& limit = limits.emplace_back();
        for (const Dim& dim : nest.dims) limit.push_back(std::min(dim.size, dimension.size));
    }
    for (const Machine::Node& node : machine.nodes) {
        const hardware::Memory& memory = core.memories[node.memory];
        for (std::size_t k = 0; k < node.count; ++k) {
            const Operand& operand = nest.operands[node.operand[k]];
            if (!isInnermost(core, node.memory) || operand.bits == 0) continue;
            const auto direction = node.operand[k] == 0 ? hardware::Direction::fl : hardware::Direction::tl;
            const double bandwidth =
                machine.level[node.operand[k]][node.level[k]].bandwidthMax[static_cast<std::size_t>(direction)];
            const std::int64_t words = static_cast<std::int64_t>(bandwidth) / operand.bits;
            for (const std::size_t d : memory.servedDimensions) {
                for (DimIndex dim = 0; dim < nest.dims.size(); ++dim) {
                    if ((operand.irrelevantMask >> dim & 1) != 0) continue;
                    limits[d][dim] = std::min(limits[d][dim], words);
                }
            }
        }
    }
    return limits;
}

/// Deletes loops, the first one in set order each time, until their product fits the array dimension.
static void fitArray(hardware::Dataflow& flow, std::int64_t size) {
    while (productOf(flow) > size) {
        std::vector<std::string> names;
        for (const hardware::Unrolling& unrolling : flow.unrollings) names.push_back(unrolling.loop);
        flow.unrollings.erase(flow.unrollings.begin() +
                              static_cast<std::ptrdiff_t>(setOrder(SetKind::loopDimension, names).front()));
    }
}

static std::int64_t totalOf(const std::vector<hardware::Dataflow>& flows, const std::string& loop) {
    std::int64_t product = 1;
    for (const hardware::Dataflow& flow : flows) {
        for (const hardware::Unrolling& unrolling : flow.unrollings) {
            if (unrolling.loop == loop) product = std::min(product, kMaxMacs / unrolling.factor) * unrolling.factor;
        }
    }
    return product;
}

/// Deletes a loop from array dimensions, the first one in set order each time, until its product fits the layer.
static void fitLayer(std::vector<hardware::Dataflow>& flows, const hardware::Core& core, const Dim& dim) {
    const auto isLoop = [&](const hardware::Unrolling& unrolling) { return unrolling.loop == dim.name; };
    std::vector<std::string> all;
    for (const hardware::Dataflow& flow : flows) all.push_back(core.array.dimensions[flow.dimension].name);
    while (totalOf(flows, dim.name) > dim.size) {
        // A set of those of the set of all: elements that collide may change places.
        std::vector<std::size_t> with;
        std::vector<std::string> names;
        for (const std::size_t i : setOrder(SetKind::arrayDimension, all)) {
            if (std::none_of(flows[i].unrollings.begin(), flows[i].unrollings.end(), isLoop)) continue;
            with.push_back(i);
            names.push_back(all[i]);
        }
        std::erase_if(flows[with[setOrder(SetKind::arrayDimension, names).front()]].unrollings, isLoop);
    }
}

/// A loop that is named twice keeps its first place and its last factor.
static void add(hardware::Dataflow& flow, const hardware::Unrolling& added) {
    for (hardware::Unrolling& unrolling : flow.unrollings) {
        if (unrolling.loop != added.loop) continue;
        unrolling.factor = added.factor;
        return;
    }
    flow.unrollings.push_back(added);
}

std::vector<hardware::Dataflow> cleanUp(const Nest& nest, const hardware::Core& core, const Machine& machine,
                                        const std::vector<hardware::Dataflow>& dataflows) {
    const auto limits = unrollLimits(nest, core, machine);
    std::vector<hardware::Dataflow> result;
    for (const hardware::Dataflow& given : dataflows) {
        if (given.dimension >= core.array.dimensions.size()) continue;
        hardware::Dataflow flow{given.dimension, {}};
        for (const hardware::Unrolling& unrolling : given.unrollings) {
            const auto dim = nest.dim(unrolling.loop);
            if (!dim) continue;
            const std::int64_t limit = std::max<std::int64_t>(1, limits[given.dimension][*dim]);
            add(flow, {unrolling.loop, std::clamp<std::int64_t>(unrolling.factor, 1, limit)});
        }
        fitArray(flow, core.array.dimensions[given.dimension].size);
        result.push_back(std::move(flow));
    }
    for (const Dim& dim : nest.dims) fitLayer(result, core, dim);
    return result;
}

SpatialPair spatialOf(const Nest& nest, const hardware::Core& core, const Machine& machine,
                      const std::vector<hardware::Dataflow>& dataflows) {
    const auto factors = fractionalFactors(nest, dataflows);
    LoopsOfArray fractional(core.array.dimensions.size());
    LoopsOfArray whole(core.array.dimensions.size());
    for (std::size_t i = 0; i < dataflows.size(); ++i) {
        for (const SpatialLoop& loop : factors[i]) {
            fractional[dataflows[i].dimension].push_back(loop);
            whole[dataflows[i].dimension].push_back({loop.dim, wholeFactor(nest, loop.factor)});
        }
    }
    std::vector<std::vector<std::vector<SpatialLoop>>> byOperand[2];
    std::vector<std::vector<std::size_t>> served;
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        const bool again = i > 0 && core.memories[i].servedDimensions == core.memories[i - 1].servedDimensions;
        served.push_back(again ? served.back() : servedInOrder(core, i));
    }
    for (std::size_t op = 0; op < nest.operands.size(); ++op) {
        byOperand[0].push_back(layOut(served, machine, op, dataflows, fractional));
        byOperand[1].push_back(layOut(served, machine, op, dataflows, whole));
    }
    return {countsOf(nest, byOperand[0]), countsOf(nest, byOperand[1]), dataflows};
}

Spatial countsOf(const Nest& nest, const std::vector<std::vector<std::vector<SpatialLoop>>>& levels) {
    Spatial spatial;
    for (std::size_t op = 0; op < levels.size(); ++op) {
        std::vector<Spatial::Level>& made = spatial.level[op];
        made.resize(levels[op].size());
        PartWalk walk(nest, nest.operands[op]);
        std::vector<Parts> parts(made.size());
        for (std::size_t a = 0; a < made.size(); ++a) {
            made[a].loops = levels[op][a];
            for (const SpatialLoop& loop : levels[op][a]) walk.add(loop.dim, loop.factor, parts[a]);
        }
        for (std::size_t a = 0; a < made.size(); ++a) {
            double all = 1;
            double relevant = 1;
            for (std::size_t b = a; b < made.size(); ++b) {
                all = all * parts[b].all;
                relevant = relevant * parts[b].relevant;
            }
            made[a].instances = std::nearbyint(roundToThousandths(all));
            made[a].unique = relevant;
        }
        for (std::size_t a = 0; a + 1 < made.size(); ++a)
            made[a].boost = std::nearbyint(made[a].unique / made[a + 1].unique);
    }
    return spatial;
}

std::vector<std::int64_t> temporalSizes(const Nest& nest, const Spatial& fractional) {
    std::vector<std::int64_t> sizes;
    for (const Dim& dim : nest.dims) sizes.push_back(dim.size);
    const std::size_t op = nest.operands.size() > 1 ? 1 : 0;
    for (const Spatial::Level& level : fractional.level[op]) {
        for (const SpatialLoop& loop : level.loops) {
            sizes[loop.dim] = static_cast<std::int64_t>(std::ceil(static_cast<double>(sizes[loop.dim]) / loop.factor));
        }
    }
    return sizes;
}

}  // namespace millrace::cost
