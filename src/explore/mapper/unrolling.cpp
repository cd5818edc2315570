#include "explore/mapper/unrolling.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "explore/cost/setorder.h"
#include "explore/cost/spatial.h"
#include "explore/mapper/unrollingoptions.h"

namespace millrace::mapper {
namespace {

using cost::DimIndex;
using hardware::Dataflow;
using hardware::Unrolling;

std::vector<std::int64_t> totals(const cost::Nest& nest, const std::vector<Dataflow>& dataflows) {
    std::vector<std::int64_t> total(nest.dims.size(), 1);
    for (const Dataflow& flow : dataflows) {
        for (const Unrolling& unrolling : flow.unrollings) {
            if (const auto dim = nest.dim(unrolling.loop)) total[*dim] *= unrolling.factor;
        }
    }
    return total;
}

void tooMany(const Request& request, const std::string& what, Diagnostics& diagnostics) {
    diagnostics.warning({},
                        fmt::format("layer '{}' on core '{}': {}; the unrollings that are tried may not be the "
                                    "best-scored ones",
                                    request.nest.name, request.core.name, what),
                        "give the spatial mapping of some array dimensions, or hints");
}

/// The template with options for the other array dimensions.
std::vector<Dataflow> complete(const cost::Nest& nest, std::vector<Dataflow> flows,
                               const std::vector<std::size_t>& missing,
                               const std::vector<std::vector<UnrollingOption>>& options,
                               const UnrollingChoice& choice) {
    for (std::size_t k = 0; k < missing.size(); ++k) {
        Dataflow& flow = flows.emplace_back(Dataflow{missing[k], {}});
        for (const auto& [dim, factor] : options[k][choice[k]].factors)
            flow.unrollings.push_back({nest.dims[dim].name, factor});
    }
    return flows;
}

std::vector<std::vector<Dataflow>> candidates(const Request& request, const cost::Machine& machine,
                                              Diagnostics& diagnostics) {
    const std::vector<Dataflow> given = cost::cleanUp(request.nest, request.core, machine, request.spatial);
    const auto limits = cost::unrollLimits(request.nest, request.core, machine);
    std::vector<std::size_t> missing;
    std::vector<std::vector<UnrollingOption>> options;
    for (std::size_t d = 0; d < limits.size(); ++d) {
        if (std::any_of(given.begin(), given.end(), [&](const Dataflow& flow) { return flow.dimension == d; }))
            continue;
        missing.push_back(d);
        options.push_back(unrollingOptions(request, d, limits[d]));
        if (options.back().size() >= kMaxUnrollingOptions)
            tooMany(request,
                    fmt::format("more than {} ways to unroll {}", kMaxUnrollingOptions,
                                request.core.array.dimensions[d].name),
                    diagnostics);
    }
    if (missing.empty()) return {given};
    const auto wanted = static_cast<std::size_t>(std::max(1, request.options.spatialCandidates));
    const auto choices = bestChoices(request.nest, totals(request.nest, given), options, wanted);
    if (!choices) tooMany(request, fmt::format("no end after {} steps", kMaxSteps), diagnostics);
    std::vector<std::vector<Dataflow>> result;
    if (choices) {
        for (const UnrollingChoice& choice : *choices)
            result.push_back(complete(request.nest, given, missing, options, choice));
    }
    if (result.empty()) result.push_back(given);
    return result;
}

/// Shrinks factors, the largest first, until their product is at most `room`. Equal factors all become what the last
/// of them has become: a fault of ZigZag (zigzag.md 5.3).
std::map<std::int64_t, std::int64_t> shrunk(const std::vector<std::int64_t>& factors, double room) {
    std::vector<std::int64_t> left = factors;
    while (true) {
        double product = 1;
        for (const std::int64_t factor : left) product *= static_cast<double>(factor);
        const auto largest = std::max_element(left.begin(), left.end());
        if (product <= room || largest == left.end() || *largest == 1) break;
        --*largest;
    }
    std::map<std::int64_t, std::int64_t> replaced;
    for (std::size_t i = 0; i < factors.size(); ++i) replaced[factors[i]] = left[i];
    return replaced;
}

/// Unrollings over the dimensions that a memory serves, of the loops that its operand depends on.
class Held {
public:
    Held(const Request& request, const cost::Machine::Node& node, const cost::Operand& operand,
         std::vector<Dataflow>& flows)
        : nest_(request.nest), operand_(operand) {
        const hardware::Core& core = request.core;
        const std::vector<std::size_t>& served = core.memories[node.memory].servedDimensions;
        std::vector<std::string> names;
        for (const std::size_t d : served) names.push_back(core.array.dimensions[d].name);
        for (const std::size_t i : cost::setOrder(cost::SetKind::arrayDimension, names)) {
            for (Dataflow& flow : flows) {
                if (flow.dimension == served[i]) flows_.push_back(&flow);
            }
        }
    }

    void limit(double room) {
        std::vector<std::string> loops;
        std::vector<std::int64_t> all;
        for (const Dataflow* flow : flows_) {
            for (const Unrolling& unrolling : flow->unrollings) {
                if (!isHeld(unrolling)) continue;
                loops.push_back(unrolling.loop);
                all.push_back(unrolling.factor);
            }
        }
        double product = 1;
        for (const std::int64_t factor : all) product *= static_cast<double>(factor);
        if (product <= room) return;
        std::vector<std::int64_t> factors;
        for (const std::size_t i : cost::setOrder(cost::SetKind::loopDimension, loops)) {
            for (const Dataflow* flow : flows_) {
                for (const Unrolling& unrolling : flow->unrollings) {
                    if (unrolling.loop == loops[i]) factors.push_back(unrolling.factor);
                }
            }
        }
        const auto replaced = shrunk(factors, room);
        for (Dataflow* flow : flows_) {
            for (Unrolling& unrolling : flow->unrollings) {
                if (isHeld(unrolling)) unrolling.factor = replaced.at(unrolling.factor);
            }
        }
    }

private:
    bool isHeld(const Unrolling& unrolling) const {
        return (operand_.irrelevantMask >> *nest_.dim(unrolling.loop) & 1) == 0;
    }

    const cost::Nest& nest_;
    const cost::Operand& operand_;
    std::vector<Dataflow*> flows_;
};

/// Shrinks unrollings until the data of an inner memory's operand fit what its instances hold (zigzag.md 5.3, end).
void limitCapacity(const Request& request, const cost::Machine& machine, std::vector<Dataflow>& flows) {
    for (const cost::Machine::Node& node : machine.nodes) {
        if (!cost::isInnermost(request.core, node.memory)) continue;
        for (std::size_t k = 0; k < node.count; ++k) {
            const cost::Operand& operand = request.nest.operands[node.operand[k]];
            if (operand.bits > 0) Held(request, node, operand, flows).limit(node.size / operand.bits);
        }
    }
}

}  // namespace

double unrollingScore(const cost::Nest& nest, const std::vector<Dataflow>& dataflows) {
    double units = 1;
    std::int64_t largest = 1;
    for (const std::int64_t total : totals(nest, dataflows)) {
        units *= static_cast<double>(total);
        largest = std::max(largest, total);
    }
    return units + (units / static_cast<double>(largest) - 1);
}

std::vector<std::vector<Dataflow>> unrollings(const Request& request, const cost::Machine& machine,
                                              Diagnostics& diagnostics) {
    std::vector<std::vector<Dataflow>> result = candidates(request, machine, diagnostics);
    for (std::vector<Dataflow>& flows : result) limitCapacity(request, machine, flows);
    return result;
}

}  // namespace millrace::mapper
