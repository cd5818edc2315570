#include "explore/mapper/exact/space.h"

#include <algorithm>
#include <cmath>

namespace millrace::mapper::exact {
namespace {

using hardware::Direction;

constexpr std::size_t kTl = static_cast<std::size_t>(Direction::tl);
constexpr std::size_t kFl = static_cast<std::size_t>(Direction::fl);
constexpr std::size_t kTh = static_cast<std::size_t>(Direction::th);
constexpr std::size_t kFh = static_cast<std::size_t>(Direction::fh);

bool isHigh(std::size_t direction) { return direction == kTh || direction == kFh; }

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
        std::size_t fitting = 0;
        for (std::size_t a = 1; a < levels(op); ++a) {
            if (bits(op, a, full, partial(op, a, full)) + reserve_[node_[op][a]] <= machine().nodes[node_[op][a]].size)
                ++fitting;
        }
        once_[op] = fitting > 0;
        twiceOnce_ = twiceOnce_ || fitting > 1;
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

void Space::findPorts() {
    const std::size_t full = tables_.states() - 1;
    const double total = static_cast<double>(tables_.total());
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        const cost::Machine::Port& given = machine().ports[p];
        Port port;
        port.machinePort = p;
        port.shared = given.links.size() > 1;
        port.bandwidth = given.bandwidth;
        port.busy = !port.shared;
        double work = 0;
        bool single = false;
        double borrowed = 0;
        for (const cost::Machine::Link& link : given.links) {
            const auto direction = static_cast<std::size_t>(link.direction);
            const std::size_t a = std::size_t{link.level} + (isHigh(direction) ? 1 : 0);
            double most = 0;
            for (std::size_t state = 0; state < tables_.states(); ++state) {
                const auto real = static_cast<double>(tables_.entry(link.operand, a, state).cycles[direction]);
                if (real < 0) continue;
                const auto again = static_cast<double>(tables_.repeats(state) - 1);
                most = std::max(most, real * again);
                single = single || (again > 0 && real > static_cast<double>(tables_.period(state)));
            }
            work += most;
            port.busy = port.busy || (a == 0 && (link.operand != 0 || direction == kFl));
            if (!isLoad(link.operand, direction)) continue;
            double bits = tables_.entry(link.operand, 1, 0).lowestBits;
            for (std::size_t state = 1; state < tables_.states(); ++state)
                bits = std::min(bits, tables_.entry(link.operand, 1, state).lowestBits);
            const double least = std::ceil(bits / given.bandwidth);
            const auto real = static_cast<double>(tables_.entry(link.operand, a, full).cycles[direction]);
            borrowed += std::max(0.0, real - least);
        }
        mostBorrowed_.push_back(borrowed);
        port.mayStall = single || work > total;
        trackedPort_.push_back(ports_.size());
        if (!port.busy || port.mayStall || anyOnce()) {
            ports_.push_back(port);
        } else {
            trackedPort_.back() = static_cast<std::size_t>(-1);
        }
    }
    for (std::size_t p = 0; p < machine().ports.size(); ++p) {
        if (trackedPort_[p] >= ports_.size()) continue;
        for (const cost::Machine::Link& link : machine().ports[p].links) {
            const auto direction = static_cast<std::size_t>(link.direction);
            links_[link.operand][link.level + (isHigh(direction) ? 1 : 0)].push_back({trackedPort_[p], direction});
        }
    }
}

/// Cycles of the first (last) transfer, at least.
double Space::load(std::size_t op, std::size_t a, std::size_t state, std::size_t level, std::size_t direction) const {
    const std::size_t port = portOf(op, level, direction);
    if (port == machine().ports.size()) return 0;
    const auto cycles = static_cast<double>(tables_.entry(op, a, state).cycles[direction]);
    return tables_.repeats(state) > 1 ? cycles : cycles - mostBorrowed_[port];
}

/// Which sums of loads a cut of an input counts in: those of the inputs' arrangements (zigzag.md 9.4).
void Space::addLoad(std::size_t op, std::size_t a, double cycles, double* measure) const {
    if (op == 0 || operands() < 3) {
        for (std::size_t i = 0; i < loads_; ++i) measure[kLoads + i] += cycles;
        return;
    }
    const std::size_t fill = portOf(op, a - 1, kFh);
    const std::size_t read = portOf(op, a, kTl);
    const bool fillShared = fill < machine().ports.size() && machine().ports[fill].shared;
    const bool readShared = read < machine().ports.size() && machine().ports[read].shared;
    // Arrangement 0 (first input, then second): max(shared + all of the second, all of the first); 1: the other way.
    const std::size_t input = op - 1;
    if (loads_ == 1 || (fillShared && readShared)) {
        measure[kLoads] += cycles;
        if (loads_ == 1) return;
        measure[kLoads + 2] += cycles;
        measure[kLoads + 1 + 2 * input] += cycles;
        return;
    }
    const bool half = fillShared != readShared;
    if (half) {
        // Only the outermost one of an input counts: later ones overwrite.
        for (std::size_t b = a + 1; b < levels(op); ++b) {
            const std::size_t laterFill = portOf(op, b - 1, kFh);
            const std::size_t laterRead = portOf(op, b, kTl);
            const bool x = laterFill < machine().ports.size() && machine().ports[laterFill].shared;
            const bool y = laterRead < machine().ports.size() && machine().ports[laterRead].shared;
            if (x != y) return;
        }
    }
    measure[kLoads + (input == 1 ? 0 : 1)] += cycles;
    measure[kLoads + (input == 0 ? 2 : 3)] += cycles;
}

void Space::fillCut(std::size_t op, std::size_t a, std::size_t state, double* measure) const {
    const cost::CutEntry& entry = tables_.entry(op, a, state);
    for (const double energy : entry.energy) measure[kEnergy] += energy;
    if (a > 0 && a < levels(op)) {
        const double high = load(op, a, state, a - 1, op == 0 ? kTh : kFh);
        const double low = load(op, a, state, a, op == 0 ? kFl : kTl);
        addLoad(op, a, std::max(high, low), measure);
    }
    const auto period = static_cast<double>(tables_.period(state));
    const auto again = static_cast<double>(tables_.repeats(state) - 1);
    for (const Link& link : links_[op][a]) {
        const auto real = static_cast<double>(entry.cycles[link.direction]);
        if (real < 0) continue;
        const Port& port = ports_[link.port];
        measure[port.work] += real * again;
        measure[port.single] += std::max(0.0, (real - period) * again);
        if (anyOnce() && again > 0 && isLoad(op, link.direction))
            measure[port.average] += isHigh(link.direction) ? entry.averageHigh : entry.averageLow;
    }
}

void Space::fill() {
    bool apart = false;
    for (std::size_t op = 1; op < operands(); ++op) {
        for (std::size_t a = 1; a < levels(op); ++a) {
            const std::size_t fill = portOf(op, a - 1, kFh);
            const std::size_t read = portOf(op, a, kTl);
            const bool x = fill < machine().ports.size() && machine().ports[fill].shared;
            const bool y = read < machine().ports.size() && machine().ports[read].shared;
            apart = apart || !(x && y);
        }
    }
    loads_ = operands() == 3 && apart ? 4 : 1;
    measures_ = kLoads + loads_;
    for (Port& port : ports_) {
        port.work = measures_++;
        port.single = measures_++;
        if (anyOnce()) port.average = measures_++;
    }
    for (std::size_t op = 0; op < operands(); ++op) {
        for (std::size_t a = 0; a < levels(op); ++a) {
            cut_[op][a].assign(tables_.states() * measures_, 0.0);
            for (std::size_t state = 0; state < tables_.states(); ++state)
                fillCut(op, a, state, cut_[op][a].data() + state * measures_);
        }
    }
}

double Space::size() const {
    double orders = 1;
    double placed = 0;
    for (std::size_t kind = 0; kind < tables_.kinds().size(); ++kind) {
        for (std::size_t i = 1; i <= tables_.multiplicity(kind); ++i) {
            placed += 1;
            orders = orders * placed / static_cast<double>(i);
        }
    }
    for (std::size_t op = 0; op < operands(); ++op) {
        for (std::size_t i = 1; i < levels(op); ++i)
            orders = orders * (placed + static_cast<double>(i)) / static_cast<double>(i);
    }
    return std::nearbyint(orders);
}

}  // namespace millrace::mapper::exact
