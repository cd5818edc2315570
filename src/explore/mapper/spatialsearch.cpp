#include "explore/mapper/spatialsearch.h"

#include <algorithm>
#include <cmath>

#include "explore/cost/parts.h"
#include "explore/cost/spatial.h"

namespace millrace::mapper {
namespace {

using cost::DimIndex;
using hardware::Dataflow;
using hardware::Unrolling;
/// What an array dimension unrolls.
using Option = std::vector<Unrolling>;

std::int64_t ceilDivide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Factors up to `limit` that need fewer steps than any smaller one; descending, without 1.
std::vector<std::int64_t> usefulFactors(std::int64_t size, std::int64_t limit) {
    std::vector<std::int64_t> result;
    for (std::int64_t factor = std::min(size, limit); factor > 1; --factor) {
        factor = ceilDivide(size, ceilDivide(size, factor));
        if (factor > 1) result.push_back(factor);
    }
    return result;
}

class Options {
public:
    Options(const Request& request, const cost::Machine& machine)
        : request_(request), nest_(request.nest), limits_(cost::unrollLimits(nest_, request.core, machine)) {}

    std::vector<Option> of(std::size_t d) const {
        std::vector<Option> result;
        const std::int64_t room = request_.core.array.dimensions[d].size;
        const std::vector<DimIndex> loops = allowed(d);
        for (const DimIndex dim : loops) {
            for (const std::int64_t factor : factors(d, dim, room)) result.push_back({{nest_.dims[dim].name, factor}});
        }
        for (std::size_t i = 0; i < loops.size(); ++i) {
            for (std::size_t j = i + 1; j < loops.size(); ++j) addPairs(d, loops[i], loops[j], room, result);
        }
        result.push_back({});
        return result;
    }

private:
    std::vector<std::int64_t> factors(std::size_t d, DimIndex dim, std::int64_t room) const {
        return usefulFactors(nest_.dims[dim].size, std::min(limits_[d][dim], room));
    }

    std::vector<DimIndex> allowed(std::size_t d) const {
        std::vector<DimIndex> result;
        const mapping::SpatialHint* hint = nullptr;
        for (const mapping::SpatialHint& given : request_.spatialHint) {
            if (given.arrayDimension == request_.core.array.dimensions[d].name) hint = &given;
        }
        for (DimIndex dim = 0; dim < nest_.dims.size(); ++dim) {
            if (nest_.dims[dim].size == 1) continue;
            const auto named = [&](const std::string& loop) { return loop == nest_.dims[dim].name; };
            if (hint == nullptr || std::any_of(hint->loops.begin(), hint->loops.end(), named)) result.push_back(dim);
        }
        return result;
    }

    void addPairs(std::size_t d, DimIndex first, DimIndex second, std::int64_t room,
                  std::vector<Option>& result) const {
        for (const std::int64_t factor : factors(d, first, room)) {
            for (const std::int64_t other : factors(d, second, room / factor))
                result.push_back({{nest_.dims[first].name, factor}, {nest_.dims[second].name, other}});
        }
    }

    const Request& request_;
    const cost::Nest& nest_;
    std::vector<std::vector<std::int64_t>> limits_;
};

class Every {
public:
    using Visit = std::function<bool(const std::vector<Dataflow>&)>;

    Every(const Request& request, const cost::Machine& machine, const Visit& visit)
        : nest_(request.nest), visit_(visit) {
        const Options options(request, machine);
        for (std::size_t d = 0; d < request.core.array.dimensions.size(); ++d) options_.push_back(options.of(d));
        std::vector<Dataflow> flows;
        std::vector<std::int64_t> product(nest_.dims.size(), 1);
        extend(0, flows, product);
    }

private:
    /// False: the visitor has had enough.
    bool extend(std::size_t d, std::vector<Dataflow>& flows, std::vector<std::int64_t>& product) {
        if (d == options_.size()) return visit_(flows);
        for (const Option& option : options_[d]) {
            const std::vector<std::int64_t> before = product;
            bool fits = true;
            for (const Unrolling& unrolling : option) {
                const DimIndex dim = *nest_.dim(unrolling.loop);
                product[dim] *= unrolling.factor;
                fits = fits && product[dim] <= nest_.dims[dim].size;
            }
            if (fits) {
                flows.push_back({d, option});
                if (!extend(d + 1, flows, product)) return false;
                flows.pop_back();
            }
            product = before;
        }
        return true;
    }

    const cost::Nest& nest_;
    const Visit& visit_;
    std::vector<std::vector<Option>> options_;
};

/// Cycles of an unrolling, at least: loops over several array dimensions one after the other, as zigzag.md 5.4 has it.
double leastCycles(const cost::Nest& nest, const cost::Machine& machine, const std::vector<Dataflow>& flows) {
    double cycles = static_cast<double>(machine.cyclesPerOperation);
    for (const cost::Dim& dim : nest.dims) {
        std::int64_t units = 1;
        for (const Dataflow& flow : flows) {
            for (const Unrolling& unrolling : flow.unrollings) {
                if (unrolling.loop == dim.name) units *= unrolling.factor;
            }
        }
        cycles *= static_cast<double>(ceilDivide(dim.size, units));
    }
    return cycles;
}

}  // namespace

void forEveryUnrolling(const Request& request, const cost::Machine& machine,
                       const std::function<bool(const std::vector<Dataflow>&)>& visit) {
    Every(request, machine, visit);
}

LeastCost leastCost(const cost::Model& model) {
    const cost::Nest& nest = model.nest();
    const cost::Machine& machine = model.machine();
    const std::vector<std::int64_t> sizes = cost::temporalSizes(nest, model.spatial().fractional);
    std::int64_t total = 1;
    for (const std::int64_t size : sizes) total *= size;
    LeastCost least{model.arrayEnergy().constant, static_cast<double>(total * machine.cyclesPerOperation)};
    for (std::size_t op = 0; op < machine.operands; ++op) {
        std::int64_t reuse = 1;
        cost::Sizes all = cost::unitSizes();
        for (DimIndex dim = 0; dim < nest.dims.size(); ++dim) {
            all[dim] = static_cast<double>(sizes[dim]);
            if (op > 0 && (nest.operands[op].irrelevantMask >> dim & 1) != 0) reuse *= sizes[dim];
        }
        for (std::size_t a = 0; a < machine.levels[op]; ++a) {
            cost::CutFacts facts{1, 1, reuse};
            if (a > 0) {
                // Tiles are rounded to whole elements: with fractions they may be a little smaller than their share.
                for (const cost::SpatialLoop& loop : model.spatial().fractional.level[op][a - 1].loops)
                    all[loop.dim] *= std::floor(loop.factor);
                // A tile above all loops is visited once: complete, and not read back.
                facts = {std::floor(cost::elements(nest, nest.operands[op], all)), 1, total};
            }
            const cost::CutEntry entry = model.entry(op, a, facts, total, nullptr);
            for (std::size_t direction = 0; direction < 4; ++direction) {
                // One access less: the model rounds their number down after it has rounded words up.
                const bool read = direction == cost::kTl || direction == cost::kTh;
                const std::size_t level = cost::isHigh(direction) ? a - 1 : a;
                if (entry.energy[direction] <= 0) continue;
                const double access = read ? machine.level[op][level].readCost : machine.level[op][level].writeCost;
                least.energy += std::max(0.0, entry.energy[direction] - access);
            }
        }
    }
    return least;
}

void searchSpatial(const Request& request, Prepared& prepared, exact::Solver& solver, Diagnostics& diagnostics) {
    struct Choice {
        LeastCost least;
        double value = 0;
        std::vector<Dataflow> flows;
    };
    const cost::Nest& nest = prepared.nest();
    const double array = prepared.size() > 0 ? prepared.model(0).arrayEnergy().constant : 0;
    const double constant = request.core.array.inMemoryComputing ? 0 : array;
    std::vector<Choice> choices;
    std::size_t seen = 0;
    forEveryUnrolling(request, prepared.machine(), [&](const std::vector<Dataflow>& flows) {
        if (++seen % 256 == 0 && solver.timeIsUp()) {
            solver.giveUp(constant,
                          std::ceil(static_cast<double>(nest.macs) / static_cast<double>(prepared.machine().units)),
                          Certificate::End::stopped);
            return false;
        }
        if (solver.skip(constant, leastCycles(nest, prepared.machine(), flows)) || prepared.has(flows)) return true;
        const cost::Model model(nest, prepared.machine(),
                                cost::spatialOf(nest, request.core, prepared.machine(), flows));
        const LeastCost least = leastCost(model);
        if (!solver.skip(least.energy, least.latency))
            choices.push_back({least, solver.aim().value(least.energy, least.latency), flows});
        return true;
    });
    std::stable_sort(choices.begin(), choices.end(),
                     [](const Choice& a, const Choice& b) { return a.value < b.value; });
    for (const Choice& choice : choices) {
        if (solver.skip(choice.least.energy, choice.least.latency)) continue;
        if (solver.timeIsUp()) {
            solver.giveUp(choice.least.energy, choice.least.latency, Certificate::End::stopped);
            continue;
        }
        if (!prepared.add(choice.flows, diagnostics)) return;
        const std::size_t candidate = prepared.size() - 1;
        solver.search(prepared.model(candidate), prepared.primes(candidate), {}, candidate);
    }
}

}  // namespace millrace::mapper
