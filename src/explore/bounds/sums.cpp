#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "explore/bounds/bounds.h"

/// What the bounds of an allocation are made of.
namespace millrace::bounds {

using hardware::CoreId;
using hardware::MemoryOperand;
using workload::LayerId;

/// Sums of floating-point numbers may come out a little above the truth.
static constexpr double kSafe = 1 - 1e-9;

static bool overlap(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
    return std::any_of(a.begin(), a.end(),
                       [&](std::size_t item) { return std::find(b.begin(), b.end(), item) != b.end(); });
}

/// Cycles of a job on all of its cores together.
static double alone(const Job& job) {
    double rate = 0;
    double steps = 0;
    for (std::size_t i = 0; i < job.cores.size(); ++i) {
        if (job.cycles[i] > 0) rate += 1 / job.cycles[i];
        steps += 1 / job.cyclesPerStep[i];
    }
    return std::max(rate > 0 ? 1 / rate : 0, steps > 0 ? job.steps / steps : 0);
}

double LayerBounds::chain(const Allocation& allocation, const std::vector<Job>& jobs) const {
    std::vector<double> times;
    for (const Job& job : jobs) times.push_back(alone(job));
    std::vector<bool> crosses;
    for (const Dependency& dependency : dependencies_) {
        bool apart = places_.any() && dependency.wait != Wait::all;
        if (apart) {
            const auto from = memories(allocation, dependency.producer, MemoryOperand::O);
            for (const MemoryOperand role : hardware::kMemoryOperands) {
                apart = apart && !overlap(from, memories(allocation, dependency.reader, role));
            }
        }
        crosses.push_back(apart);
    }
    return longestChain(dependencies_, times, crosses);
}

static Cycles wholeCycles(double cycles) { return Cycles(static_cast<std::int64_t>(std::ceil(cycles * kSafe))); }

Cycles LayerBounds::latency(const Allocation& allocation) const {
    const std::vector<Job> jobs = jobsOf(allocation);
    const std::vector<Ends> ends = endsOf(allocation);
    double most = chain(allocation, jobs);
    for (const Prices& prices : prices_) most = std::max(most, timeAt(jobs, prices));
    Cycles result = wholeCycles(most);
    for (const Cut& cut : cuts_) {
        result = std::max(result, Cycles(crossingCycles(cut, crossing(cut, moves_, ends))));
    }
    return result;
}

double LayerBounds::arrayEnergy(const Allocation& allocation) const {
    double sum = 0;
    for (std::size_t layer = 0; layer < facts_.size(); ++layer) {
        double least = 0;
        bool first = true;
        for (const CoreId core : coresOf(allocation, layer)) {
            const double energy = floor(facts_[layer], core).energy.array;
            least = first ? energy : std::min(least, energy);
            first = false;
        }
        sum += least * facts_[layer].operations;
    }
    return sum;
}

/// The least of each part by itself: parts of a layer may run on different cores.
double LayerBounds::coreMemoryEnergy(const Allocation& allocation) const {
    double sum = 0;
    for (std::size_t layer = 0; layer < facts_.size(); ++layer) {
        CoreFloor least;
        double withArray = 0;
        bool first = true;
        for (const CoreId core : coresOf(allocation, layer)) {
            const CoreFloor& energy = floor(facts_[layer], core).energy;
            const double both = energy.array + energy.innermost;
            if (first) least = energy;
            withArray = first ? both : std::min(withArray, both);
            first = false;
            least.array = std::min(least.array, energy.array);
            for (std::size_t op = 0; op < cost::kMaxOperands; ++op) {
                least.perElement[op] = std::min(least.perElement[op], energy.perElement[op]);
            }
        }
        sum += (withArray - least.array) * facts_[layer].operations;
        for (std::size_t op = 0; op < cost::kMaxOperands; ++op) {
            sum += least.perElement[op] * facts_[layer].elements[op];
        }
    }
    return sum;
}

double LayerBounds::transferEnergy(const std::vector<Ends>& ends, bool offchip) const {
    double sum = 0;
    for (std::size_t i = 0; i < moves_.size();) {
        double most = 0;
        bool touchesOffchip = false;
        const workload::TensorId tensor = moves_[i].tensor;
        for (; i < moves_.size() && moves_[i].tensor == tensor; ++i) {
            most = std::max(most, moveEnergy(moves_[i], ends[i], places_));
            touchesOffchip = touchesOffchip || !moves_[i].from.valid() || !moves_[i].to.valid();
        }
        if (touchesOffchip == offchip) sum += most;
    }
    return sum;
}

Picojoules LayerBounds::energy(const Allocation& allocation) const {
    const std::vector<Ends> ends = endsOf(allocation);
    const double sum = arrayEnergy(allocation) + coreMemoryEnergy(allocation) + transferEnergy(ends, false) +
                       transferEnergy(ends, true);
    return Picojoules(sum * kSafe);
}

std::string LayerBounds::nameOf(const Prices& prices) const {
    std::vector<CoreId> cores;
    for (std::size_t i = 0; i < prices.size(); ++i) {
        if (prices[i] > 1e-6) cores.push_back(cores_[i]);
    }
    if (cores.empty()) return "compute";
    std::string name = fmt::format("compute on core {} ({})", cores.front().index(), chip_.cores[cores.front()].name);
    if (cores.size() == 2) name += " and 1 other";
    if (cores.size() > 2) name += fmt::format(" and {} others", cores.size() - 1);
    return name;
}

static void order(std::vector<explore::BoundTerm>& terms) {
    std::erase_if(terms, [](const explore::BoundTerm& term) { return term.value <= 0; });
    std::stable_sort(terms.begin(), terms.end(),
                     [](const explore::BoundTerm& a, const explore::BoundTerm& b) { return a.value > b.value; });
}

void LayerBounds::addLatency(const Allocation& allocation, const std::vector<Ends>& ends,
                             explore::Bounds& bounds) const {
    const std::vector<Job> jobs = jobsOf(allocation);
    double most = 0;
    const Prices* best = nullptr;
    for (const Prices& prices : prices_) {
        const double time = timeAt(jobs, prices);
        if (best != nullptr && time <= most) continue;
        most = time;
        best = &prices;
    }
    bounds.compute = wholeCycles(most);
    const auto add = [&](std::string name, Cycles cycles) {
        bounds.latencyTerms.push_back({std::move(name), static_cast<double>(cycles.value())});
        bounds.latency = std::max(bounds.latency, cycles);
    };
    add(best == nullptr ? "compute" : nameOf(*best), bounds.compute);
    for (std::size_t i = 0; i < cuts_.size(); ++i) {
        const Cycles cycles(crossingCycles(cuts_[i], crossing(cuts_[i], moves_, ends)));
        if (i == 0) bounds.offchip = cycles;
        add(cuts_[i].name, cycles);
    }
    add("the longest chain of layers", wholeCycles(chain(allocation, jobs)));
    order(bounds.latencyTerms);
}

void LayerBounds::addEnergy(const Allocation& allocation, const std::vector<Ends>& ends,
                            explore::Bounds& bounds) const {
    bounds.energyTerms = {{"arrays", arrayEnergy(allocation)},
                          {"memories of cores", coreMemoryEnergy(allocation)},
                          {"transfers from and to off-chip", transferEnergy(ends, true)},
                          {"transfers between cores", transferEnergy(ends, false)}};
    for (explore::BoundTerm& term : bounds.energyTerms) {
        term.value *= kSafe;
        bounds.energy += Picojoules(term.value);
    }
    order(bounds.energyTerms);
}

void LayerBounds::addOffchip(const std::vector<Ends>& ends, explore::Bounds& bounds) const {
    if (cuts_.empty()) return;
    const Crossing all = crossing(cuts_.front(), moves_, ends);
    std::vector<Move> moves;
    std::vector<Ends> constant;
    for (std::size_t i = 0; i < moves_.size(); ++i) {
        if (workload_.tensors[moves_[i].tensor].origin != workload::TensorOrigin::constant) continue;
        moves.push_back(moves_[i]);
        constant.push_back(ends[i]);
    }
    const std::int64_t weights = crossing(cuts_.front(), moves, constant).out;
    bounds.offchipBits = Bits(all.in + all.out);
    bounds.offchipTerms = {{"weights", static_cast<double>(weights)},
                           {"inputs", static_cast<double>(all.out - weights)},
                           {"results", static_cast<double>(all.in)}};
    order(bounds.offchipTerms);
}

explore::Bounds LayerBounds::bounds(const Allocation& allocation) const {
    explore::Bounds bounds;
    const std::vector<Ends> ends = endsOf(allocation);
    addLatency(allocation, ends, bounds);
    addEnergy(allocation, ends, bounds);
    addOffchip(ends, bounds);
    return bounds;
}

explore::Bounds boundsOf(const workload::Workload& workload, const hardware::Chip& chip,
                         const mapping::Mapping* mapping) {
    return LayerBounds(workload, chip, mapping).bounds({});
}

}  // namespace millrace::bounds
