#include <algorithm>
#include <cmath>

#include "explore/cost/latency.h"
#include "explore/cost/model.h"

namespace millrace::cost {
namespace {

using hardware::Direction;

constexpr std::size_t kTl = static_cast<std::size_t>(Direction::tl);
constexpr std::size_t kFl = static_cast<std::size_t>(Direction::fl);
constexpr std::size_t kTh = static_cast<std::size_t>(Direction::th);
constexpr std::size_t kFh = static_cast<std::size_t>(Direction::fh);

/// Time budgets of an evaluation: which buffers are double, what stalls, what loads.
class Timing {
public:
    Timing(const Machine& machine, const Cuts& cuts) : machine_(machine), cuts_(cuts) {}

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
                const double effective =
                    std::floor(cuts_.entry[op][m + 1]->bits / static_cast<double>(cuts_.streamed[op][m + 1]));
                use[op][m] = effective / node.size;
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
            for (const Machine::Link& link : port.links) {
                const std::size_t op = link.operand;
                const std::size_t a = cutOf(link);
                const std::int64_t real = cuts_.entry[op][a]->cycles[static_cast<std::size_t>(link.direction)];
                if (real < 0) continue;
                const std::int64_t allowed = flag_[op][a] ? cuts_.period[op][a] : cuts_.window[op][a];
                const std::int64_t cycles = machine_.cyclesPerOperation;
                activities[n++] = {real, cycles * allowed, cycles * cuts_.period[op][a], cuts_.count[op][a]};
            }
            if (n > 0) worst = std::max(worst, portStall(activities.data(), n));
        }
        return worst;
    }

    /// zigzag.md 9.4: cycles of the first (last) transfer of each movement, after borrowing idle bandwidth.
    void loads(std::int64_t stall) {
        for (const Machine::Port& port : machine_.ports)
            loadPort(port, static_cast<double>(cuts_.total * machine_.cyclesPerOperation + stall));
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

private:
    struct Entry {
        double cycles = 0;
        bool shared = false;
    };
    /// Loading of one input, by what it shares its ports with.
    struct Shares {
        double own = 0;
        double half = 0;
        double shared = 0;
    };

    static std::size_t cutOf(const Machine::Link& link) {
        const bool high = link.direction == Direction::th || link.direction == Direction::fh;
        return std::size_t{link.level} + (high ? 1 : 0);
    }

    void loadPort(const Machine::Port& port, double computing) {
        std::array<Load, kMaxLinksOfPort> once;
        std::array<Entry*, kMaxLinksOfPort> target;
        std::size_t n = 0;
        double average = 0;
        for (const Machine::Link& link : port.links) {
            const std::size_t op = link.operand;
            if (op == 0 && (link.direction == Direction::tl || link.direction == Direction::fh)) continue;
            const std::size_t a = cutOf(link);
            const CutEntry& entry = *cuts_.entry[op][a];
            const double cycles = static_cast<double>(entry.cycles[static_cast<std::size_t>(link.direction)]);
            Entry& into = load_[op][link.level][static_cast<std::size_t>(link.direction)];
            into = {cycles, port.shared};
            if (cuts_.count[op][a] == 1) {
                once[n] = {cycles, std::ceil(cuts_.entry[op][1]->lowestBits / port.bandwidth)};
                target[n++] = &into;
            } else {
                average += std::ceil((a == link.level ? entry.averageLow : entry.averageHigh) /
                                     static_cast<double>(machine_.cyclesPerOperation));
            }
        }
        if (n == 0) return;
        balance(once.data(), n, std::max(0.0, (port.bandwidth - average) / port.bandwidth * computing));
        for (std::size_t i = 0; i < n; ++i) target[i]->cycles = once[i].cycles;
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
                result.half = cycles;
            }
        }
        return result;
    }

    const Machine& machine_;
    const Cuts& cuts_;
    std::array<std::array<bool, kMaxLevels + 1>, kMaxOperands> flag_;
    std::array<std::array<std::array<Entry, 4>, kMaxLevels>, kMaxOperands> load_{};
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
    timing.doubleBuffers();
    const std::int64_t stall = timing.stall();
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
    }
    return result;
}

}  // namespace millrace::cost
