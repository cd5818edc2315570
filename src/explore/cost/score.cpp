#include <algorithm>
#include <cmath>

#include "explore/cost/latency.h"
#include "explore/cost/model.h"

namespace millrace::cost {
namespace {

using hardware::Direction;

/// Whole cycles of what was computed with a little noise.
double roundUp(double cycles) { return std::ceil(cycles * (1 - 0x1p-45)); }

/// Time budgets of an evaluation: which buffers are double, what stalls, what loads.
class Timing {
public:
    Timing(const Machine& machine, const Cuts& cuts) : machine_(machine), cuts_(cuts) {}

    /// Decides which buffers are double, and returns the stall.
    std::int64_t run() {
        if (machine_.corrections.has(Correction::buffering)) return leastStall();
        doubleBuffers();
        return stall();
    }

    /// zigzag.md 9.4: cycles of the first (last) transfer of each movement, after borrowing idle bandwidth.
    void loads(std::int64_t stall) {
        const bool computingOnly = machine_.corrections.has(Correction::loading);
        const std::int64_t computing = cuts_.total * machine_.cyclesPerOperation;
        const double idle = static_cast<double>(computing + (computingOnly ? 0 : stall));
        for (const Machine::Port& port : machine_.ports) loadPort(port, idle);
    }

    double onload() const {
        if (machine_.operands < 2) return 0;
        const Shares a = shares(1);
        if (machine_.operands == 2) return a.own;
        const Shares b = shares(2);
        const auto one = [](const Shares& x, const Shares& y) {
            return x.shared + std::max(y.shared + y.half + y.own, x.half + x.own);
        };
        return std::min(one(a, b), one(b, a));
    }

    double offload() const {
        double cycles = 0;
        for (std::size_t m = 0; m + 1 < machine_.levels[0]; ++m) {
            cycles = cycles + std::max(load_[0][m][kTh].cycles, load_[0][m + 1][kFl].cycles);
        }
        return cycles;
    }

    const auto& flags() const { return flag_; }

    /// What the stall and the loads follow from.
    void note(Detail& detail) const {
        for (std::size_t op = 0; op < machine_.operands; ++op) {
            for (std::size_t m = 0; m < machine_.levels[op]; ++m) {
                detail.tileBits[op][m + 1] = cuts_.entry[op][m + 1]->bits;
                detail.residentBits[op][m + 1] = effective(op, m);
                for (std::size_t d = 0; d < 4; ++d) detail.loadCycles[op][m][d] = load_[op][m][d].cycles;
            }
        }
        for (std::size_t i = 0; i < machine_.ports.size(); ++i) notePort(i, detail);
    }

private:
    struct Entry {
        double cycles;
        bool shared;
    };
    /// Loading of one input, by what it shares its ports with.
    struct Shares {
        double own = 0;
        double half = 0;
        double shared = 0;
    };
    /// What a memory may double buffer.
    struct Choice {
        const Machine::Node* node = nullptr;
        std::array<std::uint8_t, kMaxSets> sets{};
        std::size_t count = 0;
        std::size_t at = 0;
    };

    /// Bits of the tile that are in use: what streams through is not kept.
    double effective(std::size_t op, std::size_t m) const {
        return std::floor(cuts_.entry[op][m + 1]->bits / static_cast<double>(cuts_.streamed[op][m + 1]));
    }

    void apply(const Machine::Node& node, unsigned set) {
        for (std::size_t k = 0; k < node.count; ++k) flag_[node.operand[k]][node.level[k] + 1] = (set >> k & 1) != 0;
    }

    /// Of all ways to double buffer as much as the memories hold, the first with the least stall.
    std::int64_t leastStall() {
        std::array<Choice, kMaxOperands * kMaxLevels> choices;
        std::size_t n = 0;
        for (std::size_t op = 0; op < machine_.operands; ++op) flag_[op][0] = false;
        for (const Machine::Node& node : machine_.nodes) {
            std::array<double, kMaxOperands> use{};
            for (std::size_t k = 0; k < node.count; ++k) use[k] = effective(node.operand[k], node.level[k]);
            Choice& choice = choices[n];
            choice.node = &node;
            choice.at = 0;
            choice.count = largestSets(use.data(), node.count, node.size, choice.sets);
            apply(node, choice.sets[0]);
            if (choice.count > 1) ++n;
        }
        std::int64_t least = stall();
        auto best = flag_;
        std::size_t i = 0;
        while (i < n && least > 0) {
            Choice& choice = choices[i];
            choice.at = (choice.at + 1) % choice.count;
            apply(*choice.node, choice.sets[choice.at]);
            i = choice.at == 0 ? i + 1 : 0;
            if (choice.at == 0) continue;
            const std::int64_t cycles = stall();
            if (cycles >= least) continue;
            least = cycles;
            best = flag_;
        }
        flag_ = best;
        return least;
    }

    /// zigzag.md 9.1: a buffer is double if its memory has room for the part that is in use once more.
    void doubleBuffers() {
        std::array<std::array<double, kMaxLevels>, kMaxOperands> use;
        std::array<std::array<double*, kMaxLevels>, kMaxOperands> sum;
        std::array<double, kMaxOperands * kMaxLevels> sums;
        for (std::size_t i = 0; i < machine_.nodes.size(); ++i) {
            const Machine::Node& node = machine_.nodes[i];
            sums[i] = 0;
            for (std::size_t k = 0; k < node.count; ++k) {
                const std::size_t op = node.operand[k];
                const std::size_t m = node.level[k];
                use[op][m] = effective(op, m) / node.size;
                sums[i] = sums[i] + use[op][m];
                sum[op][m] = &sums[i];
            }
        }
        for (std::size_t op = 0; op < machine_.operands; ++op) {
            flag_[op][0] = false;
            for (std::size_t m = 0; m < machine_.levels[op]; ++m) {
                double& total = *sum[op][m];
                flag_[op][m + 1] = total <= 0.5;
                if (flag_[op][m + 1] || use[op][m] > 1 - total) continue;
                flag_[op][m + 1] = true;
                total += use[op][m];
            }
        }
    }

    /// zigzag.md 9.2 and 9.3.
    std::int64_t stall() const {
        std::int64_t worst = 0;
        for (const Machine::Port& port : machine_.ports) {
            std::array<Activity, kMaxLinksOfPort> activities;
            std::size_t n = 0;
            for (const Machine::Link& link : port.links) n += activityOf(link, activities[n]) ? 1 : 0;
            if (n > 0) worst = std::max(worst, portStall(activities.data(), n));
        }
        return worst;
    }

    /// False if nothing moves over the link.
    bool activityOf(const Machine::Link& link, Activity& activity) const {
        const std::size_t op = link.operand;
        const std::size_t a = cutOf(link);
        const std::int64_t real = cuts_.entry[op][a]->cycles[static_cast<std::size_t>(link.direction)];
        if (real < 0) return false;
        const std::int64_t allowed = flag_[op][a] ? cuts_.period[op][a] : cuts_.window[op][a];
        const bool readBack = op == 0 && (link.direction == Direction::tl || link.direction == Direction::fh);
        const std::int64_t cycles = machine_.cyclesPerOperation;
        activity = {real, cycles * allowed, cycles * cuts_.period[op][a], cuts_.count[op][a],
                    readBack ? cuts_.entry[op][a]->outside : 1};
        return true;
    }

    void notePort(std::size_t index, Detail& detail) const {
        std::array<Activity, kMaxLinksOfPort> activities;
        PortDetail port{index, {}, 0, 0};
        for (const Machine::Link& link : machine_.ports[index].links) {
            const std::size_t n = port.movements.size();
            if (!activityOf(link, activities[n])) continue;
            const double bits = detail.transferBits[link.operand][link.level][static_cast<std::size_t>(link.direction)];
            port.movements.push_back({link, bits, activities[n], flag_[link.operand][cutOf(link)]});
        }
        if (port.movements.empty()) return;
        port.available = busyCycles(activities.data(), port.movements.size());
        port.stall = portStall(activities.data(), port.movements.size());
        detail.ports.push_back(std::move(port));
    }

    void loadPort(const Machine::Port& port, double idle) {
        std::array<Load, kMaxLinksOfPort> once;
        std::array<Entry*, kMaxLinksOfPort> target;
        std::size_t n = 0;
        double average = 0;
        const bool borrow = machine_.corrections.has(Correction::borrowing);
        for (const Machine::Link& link : port.links) {
            const std::size_t op = link.operand;
            if (op == 0 && (link.direction == Direction::tl || link.direction == Direction::fh)) continue;
            const std::size_t a = cutOf(link);
            const CutEntry& entry = *cuts_.entry[op][a];
            const double cycles = static_cast<double>(entry.cycles[static_cast<std::size_t>(link.direction)]);
            Entry& into = load_[op][link.level][static_cast<std::size_t>(link.direction)];
            into = {cycles, port.shared};
            if (cuts_.count[op][a] == 1) {
                const double least = cuts_.entry[op][1]->lowestBits / port.bandwidth;
                once[n] = borrow ? Load{entry.duration[static_cast<std::size_t>(link.direction)], least}
                                 : Load{cycles, std::ceil(least)};
                target[n++] = &into;
            } else {
                average += std::ceil((a == link.level ? entry.averageLow : entry.averageHigh) /
                                     static_cast<double>(machine_.cyclesPerOperation));
            }
        }
        if (n == 0) return;
        const double surplus = std::max(0.0, (port.bandwidth - average) / port.bandwidth * idle);
        borrow ? sink(once.data(), n, surplus) : balance(once.data(), n, surplus);
        for (std::size_t i = 0; i < n; ++i) target[i]->cycles = borrow ? roundUp(once[i].cycles) : once[i].cycles;
    }

    Shares shares(std::size_t op) const {
        Shares result;
        for (std::size_t m = 0; m + 1 < machine_.levels[op]; ++m) {
            const Entry& fill = load_[op][m][kFh];
            const Entry& read = load_[op][m + 1][kTl];
            const double cycles = std::max(fill.cycles, read.cycles);
            if (fill.shared && read.shared) {
                result.shared += cycles;
            } else if (!fill.shared && !read.shared) {
                result.own += cycles;
            } else {
                result.half = machine_.corrections.has(Correction::loading) ? result.half + cycles : cycles;
            }
        }
        return result;
    }

    const Machine& machine_;
    const Cuts& cuts_;
    std::array<std::array<bool, kMaxLevels + 1>, kMaxOperands> flag_;
    std::array<std::array<std::array<Entry, 4>, kMaxLevels>, kMaxOperands> load_;
};

double memoryEnergy(const Machine& machine, const Cuts& cuts) {
    double energy = 0;
    for (std::size_t op = 0; op < machine.operands; ++op) {
        for (std::size_t m = 0; m < machine.levels[op]; ++m) {
            const std::array<double, 4>& low = cuts.entry[op][m]->energy;
            const std::array<double, 4>& high = cuts.entry[op][m + 1]->energy;
            energy += (high[kTh] + low[kTl]) + (high[kFh] + low[kFl]);
        }
    }
    return energy;
}

}  // namespace

Score score(const Machine& machine, const Cuts& cuts, const ArrayEnergy& array, double macs, Detail* detail) {
    Score result;
    const double memories = memoryEnergy(machine, cuts);
    const double stays = static_cast<double>(cuts.period[array.weights][0]);
    const double computing = array.constant + array.precharge / stays;
    result.energy = memories + computing;
    Timing timing(machine, cuts);
    const std::int64_t stall = timing.run();
    timing.loads(stall);
    result.spatialCycles = static_cast<double>(cuts.total * machine.cyclesPerOperation);
    result.stall = static_cast<double>(stall);
    result.onload = timing.onload();
    result.offload = timing.offload();
    result.latency0 = result.spatialCycles + result.stall;
    result.latency1 = result.latency0 + result.onload;
    result.latency2 = result.latency1 + result.offload;
    if (detail != nullptr) {
        detail->score = result;
        detail->memoryEnergy = memories;
        detail->arrayEnergy = computing;
        detail->idealCycles =
            std::ceil(macs / static_cast<double>(machine.units)) * static_cast<double>(machine.cyclesPerOperation);
        detail->doubleBuffer = timing.flags();
        timing.note(*detail);
    }
    return result;
}

}  // namespace millrace::cost
