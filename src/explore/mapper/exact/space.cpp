#include "explore/mapper/exact/space.h"

#include <algorithm>
#include <cmath>

namespace millrace::mapper::exact {
namespace {

using cost::cutOf;
using cost::isHigh;
using cost::kFh;
using cost::kFl;
using cost::kTh;
using cost::kTl;

/// First transfers of partial sums do not load (zigzag.md 9.4).
bool isLoad(std::size_t op, std::size_t direction) { return op != 0 || (direction != kTl && direction != kFh); }

}  // namespace

std::optional<Space> Space::make(const cost::Model& model, const std::vector<cost::Loop>& primes,
                                 std::size_t mostStates) {
    auto tables = cost::Tables::makeRounded(model, primes, mostStates);
    if (!tables) return std::nullopt;
    Space space(model, std::move(*tables));
    space.findNodes();
    space.findOnce();
    space.findPorts();
    space.findBorrowing();
    space.layMeasures();
    space.fill();
    return space;
}

void Space::findNodes() {
    const std::size_t full = tables_.states() - 1;
    for (std::size_t i = 0; i < machine().nodes.size(); ++i) {
        const cost::Machine::Node& node = machine().nodes[i];
        double bits = 0;
        for (std::size_t k = 0; k < node.count; ++k) {
            node_[node.operand[k]][node.level[k] + 1] = i;
            const bool partial = node.operand[k] == 0 && tables_.partial(node.level[k], full);
            if (node.top[k]) bits += tables_.bits(node.operand[k], node.level[k], full, partial);
        }
        reserve_.push_back(bits);
    }
}

void Space::findOnce() {
    const std::size_t full = tables_.states() - 1;
    for (std::size_t op = 0; op < operands(); ++op) {
        for (std::size_t a = 1; a < levels(op); ++a) {
            const double needed = bits(op, a, full, partial(op, a, full)) + reserve_[node_[op][a]];
            once_[op] = once_[op] || needed <= machine().nodes[node_[op][a]].size;
        }
    }
}

std::size_t Space::portOf(std::size_t op, std::size_t level, std::size_t direction) const {
    std::size_t result = machine().ports.size();
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        for (const cost::Machine::Link& link : machine().ports[p].links) {
            if (link.operand == op && link.level == level && static_cast<std::size_t>(link.direction) == direction)
                result = p;
        }
    }
    return result;
}

bool Space::fits(cost::Order order, const cost::Allocation& allocation) const {
    std::vector<std::size_t> state{0};
    for (const cost::Loop& loop : order) {
        const auto kind = std::find(tables_.kinds().begin(), tables_.kinds().end(), loop) - tables_.kinds().begin();
        state.push_back(state.back() + tables_.stride(static_cast<std::size_t>(kind)));
    }
    for (const cost::Machine::Node& node : machine().nodes) {
        double sum = 0;
        for (std::size_t k = 0; k < node.count; ++k) {
            const std::size_t op = node.operand[k];
            const std::size_t m = node.level[k];
            const bool partialSums = partial(op, m + 1, state[allocation.cut[op][m]]);
            sum = sum + tables_.bits(op, m, state[allocation.cut[op][m + 1]], partialSums);
        }
        if (sum > node.size) return false;
    }
    return true;
}

void Space::findPorts() {
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        const cost::Machine::Port& given = machine().ports[p];
        Port port;
        port.machinePort = p;
        port.bandwidth = given.bandwidth;
        port.shared = given.links.size() > 1;
        port.busy = !port.shared;
        double work = 0;
        for (const cost::Machine::Link& link : given.links) {
            const auto direction = static_cast<std::size_t>(link.direction);
            const std::size_t a = cutOf(link);
            double most = 0;
            for (std::size_t state = 0; state < tables_.states(); ++state) {
                const auto real = static_cast<double>(tables_.entry(link.operand, a, state).cycles[direction]);
                const auto again = static_cast<double>(tables_.repeats(state) - 1);
                most = std::max(most, real * again);
                port.mayStall = port.mayStall || (again > 0 && real > static_cast<double>(period(state)));
            }
            work += most;
            port.busy = port.busy || (a == 0 && (link.operand != 0 || direction == kFl));
        }
        port.mayStall = port.mayStall || work > static_cast<double>(cycles());
        trackedPort_.push_back(ports_.size());
        if (!port.busy || port.mayStall || anyOnce()) {
            ports_.push_back(port);
        } else {
            trackedPort_.back() = static_cast<std::size_t>(-1);
        }
    }
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        if (trackedPort_[p] >= ports_.size()) continue;
        for (const cost::Machine::Link& link : machine().ports[p].links)
            links_[link.operand][cutOf(link)].push_back({trackedPort_[p], static_cast<std::size_t>(link.direction)});
    }
}

/// Bits a cycle that a movement needs on average.
double Space::averageOf(const cost::CutEntry& entry, std::size_t direction) const {
    const double average = isHigh(direction) ? entry.averageHigh : entry.averageLow;
    return std::ceil(average / static_cast<double>(machine().cyclesPerOperation));
}

/// How much once-only loads may lose to borrowed bandwidth (zigzag.md 9.4), and where that depends on the stall.
void Space::findBorrowing() {
    const std::size_t full = tables_.states() - 1;
    double mostLoaded = -1;
    std::size_t scarce = 0;
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        const cost::Machine::Port& given = machine().ports[p];
        double borrowed = 0;
        double loaded = 0;
        double average = 0;
        std::size_t loads = 0;
        for (const cost::Machine::Link& link : given.links) {
            const auto direction = static_cast<std::size_t>(link.direction);
            const std::size_t a = cutOf(link);
            if (!isLoad(link.operand, direction)) continue;
            double least = tables_.entry(link.operand, 1, 0).lowestBits;
            double need = 0;
            for (std::size_t state = 0; state < tables_.states(); ++state) {
                const cost::CutEntry& entry = tables_.entry(link.operand, a, state);
                need = std::max(need, averageOf(entry, direction));
                least = std::min(least, tables_.entry(link.operand, 1, state).lowestBits);
            }
            average += need;
            if (a == 0 || !once_[link.operand]) continue;
            const auto real = static_cast<double>(tables_.entry(link.operand, a, full).cycles[direction]);
            borrowed += std::max(0.0, real - std::ceil(least / given.bandwidth));
            loaded += real;
            ++loads;
        }
        mostBorrowed_.push_back(borrowed);
        const double lent = (given.bandwidth - average) / given.bandwidth * static_cast<double>(cycles());
        // The i-th load that is shortened takes i times its part (zigzag.md 9.4).
        const bool isScarce = loads > 0 && lent < borrowed * static_cast<double>(loads);
        scarce += isScarce ? 1 : 0;
        if (trackedPort_[p] < ports_.size()) ports_[trackedPort_[p]].scarce = isScarce;
        if (loaded > mostLoaded) outerPort_ = p;
        mostLoaded = std::max(mostLoaded, loaded);
    }
    stallMayPay_ = scarce > 1 && !model_->corrections().has(cost::Correction::loading);
}

/// Cycles of the first (last) transfers of a cut, at least.
double Space::loadOver(std::size_t op, std::size_t a, std::size_t state, std::size_t level, std::size_t direction,
                       bool whole) const {
    const std::size_t port = portOf(op, level, direction);
    if (port == machine().ports.size()) return 0;
    const auto cycles = static_cast<double>(tables_.entry(op, a, state).cycles[direction]);
    if (tables_.repeats(state) > 1) return cycles;
    if (!whole || port != outerPort_) return cycles - mostBorrowed_[port];
    const bool inBits = model_->corrections().has(cost::Correction::borrowing);
    return inBits ? tables_.entry(op, a, state).duration[direction] : cycles;
}

double Space::load(std::size_t op, std::size_t a, std::size_t state, bool whole) const {
    return std::max(loadOver(op, a, state, a - 1, op == 0 ? kTh : kFh, whole),
                    loadOver(op, a, state, a, op == 0 ? kFl : kTl, whole));
}

bool Space::sharesInputs(std::size_t port) const {
    return port < machine().ports.size() && machine().ports[port].shared;
}

bool Space::isHalf(std::size_t op, std::size_t a) const {
    return sharesInputs(portOf(op, a - 1, kFh)) != sharesInputs(portOf(op, a, kTl));
}

/// Adds the load of a cut to the sums that it counts in (zigzag.md 9.4). Arrangement 0 loads the first input and then
/// the second: the larger of sum 0 (all that is shared, and the second's own) and sum 1 (the first's); arrangement 1,
/// of sums 2 and 3, the other way round.
void Space::addLoad(std::size_t op, std::size_t a, double cycles, double* sums) const {
    if (op == 0 || operands() < 3 || loads_ == 1) {
        for (std::size_t i = 0; i < loads_; ++i) sums[i] += cycles;
        return;
    }
    const bool first = op == 1;
    const bool half = isHalf(op, a);
    if (!half && sharesInputs(portOf(op, a, kTl))) {
        sums[0] += cycles;
        sums[2] += cycles;
        sums[first ? 1 : 3] += cycles;
        return;
    }
    // Of half-shared ones only the outermost counts: it overwrites the others.
    const bool overwrites = half && !model_->corrections().has(cost::Correction::loading);
    for (std::size_t b = a + 1; overwrites && b < levels(op); ++b) {
        if (isHalf(op, b)) return;
    }
    sums[first ? 1 : 0] += cycles;
    sums[first ? 2 : 3] += cycles;
}

std::int64_t Space::stallingTransfers(std::size_t op, std::size_t a, std::size_t state, std::size_t direction) const {
    return tables_.repeats(state) - (isLoad(op, direction) ? 1 : tables_.entry(op, a, state).outside);
}

void Space::fillCut(std::size_t op, std::size_t a, std::size_t state, double* measure) const {
    const cost::CutEntry& entry = tables_.entry(op, a, state);
    for (const double energy : entry.energy) measure[kEnergy] += energy;
    const cost::ArrayEnergy& array = model_->arrayEnergy();
    if (a == 0 && op == array.weights) measure[kEnergy] += array.precharge / static_cast<double>(tables_.period(state));
    if (a > 0) {
        addLoad(op, a, load(op, a, state, false), measure + kLoads);
        if (anyOnce()) addLoad(op, a, load(op, a, state, true), measure + wholeLoads_);
    }
    const auto whole = static_cast<double>(period(state));
    const auto again = static_cast<double>(tables_.repeats(state) - 1);
    for (const Link& link : links_[op][a]) {
        const auto real = static_cast<double>(entry.cycles[link.direction]);
        const Port& port = ports_[link.port];
        if (real < 0) continue;
        const auto stalling = static_cast<double>(stallingTransfers(op, a, state, link.direction));
        measure[port.work] += real * stalling;
        measure[port.single] += std::max(0.0, (real - whole) * stalling);
        if (!anyOnce() || again == 0 || !isLoad(op, link.direction)) continue;
        const double average = averageOf(entry, link.direction);
        measure[port.average] += average;
        if (port.machinePort == outerPort_)
            measure[traffic_] += average / port.bandwidth * static_cast<double>(cycles());
    }
}

void Space::layMeasures() {
    bool apart = false;
    for (std::size_t op = 1; op < operands(); ++op) {
        for (std::size_t a = 1; a < levels(op); ++a)
            apart = apart || isHalf(op, a) || !sharesInputs(portOf(op, a, kTl));
    }
    loads_ = operands() == 3 && apart ? 4 : 1;
    measures_ = kLoads + loads_;
    if (anyOnce()) {
        wholeLoads_ = measures_;
        measures_ += loads_;
        traffic_ = measures_++;
    }
    for (Port& port : ports_) {
        port.work = measures_++;
        port.single = measures_++;
        if (anyOnce()) port.average = measures_++;
    }
}

void Space::fill() {
    for (std::size_t op = 0; op < operands(); ++op) {
        for (std::size_t a = 0; a < levels(op); ++a) {
            cut_[op][a].assign(tables_.states() * measures_, 0.0);
            for (std::size_t state = 0; state < tables_.states(); ++state)
                fillCut(op, a, state, cut_[op][a].data() + state * measures_);
        }
    }
}

double Space::size() const {
    double mappings = 1;
    double placed = 0;
    for (std::size_t kind = 0; kind < tables_.kinds().size(); ++kind) {
        for (std::size_t i = 1; i <= tables_.multiplicity(kind); ++i) {
            placed += 1;
            mappings = mappings * placed / static_cast<double>(i);
        }
    }
    for (std::size_t op = 0; op < operands(); ++op) {
        for (std::size_t i = 1; i < levels(op); ++i)
            mappings = mappings * (placed + static_cast<double>(i)) / static_cast<double>(i);
    }
    return std::nearbyint(mappings);
}

}  // namespace millrace::mapper::exact
