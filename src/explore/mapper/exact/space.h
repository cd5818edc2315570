#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/cost/model.h"
#include "explore/cost/tables.h"

namespace millrace::mapper::exact {

/// What every cut of every operand adds, at every prefix state, to a set of sums from which energy and latency follow.
///
/// A mapping is a chain of prefix states from the empty one to the full one, one prime factor more at each step, and
/// for each operand a cut between neighbouring memory levels at one of these states (docs/mapper.md). Cut a of an
/// operand lies between the memory levels a - 1 and a; cut 0 of an input lies above the loops that reuse one word in
/// the array.
///
/// The sums are lower bounds of what the cost model says, and equal to it once all buffers are known to be double or
/// their windows to be whole:
///  - energy (pJ), exact;
///  - loads: on-loading plus off-loading in the combinations that zigzag.md 9.4 chooses from; a transfer that happens
///    only once counts with the least that borrowed bandwidth may leave of it;
///  - whole loads: the same, but on the outer port nothing is borrowed. What it lends is at most what the repeated
///    loads leave of its bandwidth: see `traffic`;
///  - for each port: work, the cycles of all transfers but the first of each movement, and single, the stall of
///    movements that do not fit their own period.
class Space {
public:
    struct Port {
        std::size_t machinePort = 0;
        std::size_t work = 0;  ///< measures
        std::size_t single = 0;
        std::size_t average = 0;  ///< measure of the bandwidth that repeated loads need; only with `anyOnce`
        /// What loads may borrow here depends on the stall: they may need more than the port has left in any case.
        bool scarce = false;
        bool shared = false;    ///< several movements: they also stall if they do not fit together
        bool busy = false;      ///< some movement may use it the whole time, whatever the mapping
        bool mayStall = false;  ///< even if all buffers are double
        double bandwidth = 0;
    };
    /// A movement of an operand over a port, at one of its cuts.
    struct Link {
        std::size_t port = 0;  ///< into `ports`
        std::size_t direction = 0;
    };

    /// Empty if there are more than `mostStates` prefix states, or the output slides.
    static std::optional<Space> make(const cost::Model& model, const std::vector<cost::Loop>& primes,
                                     std::size_t mostStates);

    const cost::Model& model() const { return *model_; }
    const cost::Machine& machine() const { return model_->machine(); }
    const cost::Tables& tables() const { return tables_; }
    std::size_t operands() const { return machine().operands; }
    std::size_t levels(std::size_t op) const { return machine().levels[op]; }
    std::size_t measures() const { return measures_; }
    static constexpr std::size_t kEnergy = 0;
    static constexpr std::size_t kLoads = 1;
    /// 1, or 4: two arrangements of two sums each, `loadOf(arrangement, sum)`.
    std::size_t loads() const { return loads_; }
    /// Measures, only with `anyOnce`: the first of the whole loads (as many as loads); cycles in which repeated loads
    /// keep the outer port busy; the work of that port. With what is left of its bandwidth r >= 0, latency is at least
    /// whole loads + (1 - r) x (cycles + stall).
    std::size_t wholeLoads() const { return wholeLoads_; }
    std::size_t traffic() const { return traffic_; }
    std::size_t outerWork() const { return ports_[trackedPort_[outerPort_]].work; }
    const std::vector<Port>& ports() const { return ports_; }
    /// Movements of cut a that ports in `ports()` carry.
    const std::vector<Link>& links(std::size_t op, std::size_t a) const { return links_[op][a]; }
    /// What the cut adds to the measures, if it lies at this state.
    const double* at(std::size_t op, std::size_t a, std::size_t state) const {
        return cut_[op][a].data() + state * measures_;
    }
    /// Bits that the tile below cut a (a >= 1) takes in memory level a - 1.
    double bits(std::size_t op, std::size_t a, std::size_t state, bool partial) const {
        return tables_.bits(op, a - 1, state, partial);
    }
    /// Is it a tile of partial sums, if the level below ends at this state? (The output's only.)
    bool partial(std::size_t op, std::size_t a, std::size_t state) const {
        return op == 0 && tables_.partial(a - 1, state);
    }
    /// Index into `Machine::nodes` of the memory below cut a (a >= 1).
    std::size_t node(std::size_t op, std::size_t a) const { return node_[op][a]; }
    /// Bits that operands whose outermost memory this is take there at least.
    double reserve(std::size_t node) const { return reserve_[node]; }
    /// Bits of a memory, and a little more: sums of fractions carry rounding. `fits` decides.
    double room(std::size_t node) const { return machine().nodes[node].size * (1 + 1e-12); }
    /// Does every memory hold its tiles, added up as ZigZag's allocation does?
    bool fits(cost::Order order, const cost::Allocation& allocation) const;
    /// May a cut of the operand lie above all loops, so that its data move once?
    bool once(std::size_t op) const { return once_[op]; }
    bool anyOnce() const { return once_[0] || once_[1] || once_[2]; }
    /// Several ports are scarce: a cycle of stall may save more than a cycle of loading.
    bool stallMayPay() const { return stallMayPay_; }
    /// Transfers of a movement that make the array wait if they are late: not the first, nor the first of each tile.
    std::int64_t stallingTransfers(std::size_t op, std::size_t a, std::size_t state, std::size_t direction) const;
    /// Cycles of the whole layer without stalls; and of a state's loops.
    std::int64_t cycles() const { return tables_.total() * machine().cyclesPerOperation; }
    std::int64_t period(std::size_t state) const { return tables_.period(state) * machine().cyclesPerOperation; }
    /// Orders of the primes times places of the cuts.
    double size() const;

private:
    Space(const cost::Model& model, cost::Tables tables) : model_(&model), tables_(std::move(tables)) {}

    void findNodes();
    void findOnce();
    void findPorts();
    void fill();
    void fillCut(std::size_t op, std::size_t a, std::size_t state, double* measure) const;
    void findBorrowing();
    double averageOf(const cost::CutEntry& entry, std::size_t direction) const;
    double load(std::size_t op, std::size_t a, std::size_t state, bool whole) const;
    double loadOver(std::size_t op, std::size_t a, std::size_t state, std::size_t level, std::size_t direction,
                    bool whole) const;
    std::size_t portOf(std::size_t op, std::size_t level, std::size_t direction) const;
    bool sharesInputs(std::size_t port) const;
    bool isHalf(std::size_t op, std::size_t a) const;
    void addLoad(std::size_t op, std::size_t a, double cycles, double* sums) const;
    void layMeasures();

    const cost::Model* model_;
    cost::Tables tables_;
    std::size_t measures_ = 0;
    std::size_t loads_ = 1;
    std::vector<Port> ports_;
    std::vector<std::size_t> trackedPort_;  ///< by machine port: index into `ports_`, or its size
    std::array<std::array<std::vector<Link>, cost::kMaxLevels + 1>, cost::kMaxOperands> links_;
    std::array<std::array<std::vector<double>, cost::kMaxLevels + 1>, cost::kMaxOperands> cut_;
    std::array<std::array<std::size_t, cost::kMaxLevels + 1>, cost::kMaxOperands> node_{};
    std::vector<double> reserve_;
    std::vector<double> mostBorrowed_;  ///< by machine port: cycles that once-only loads may lose
    std::size_t outerPort_ = 0;         ///< machine port that carries most of the once-only loads
    std::size_t wholeLoads_ = 0;
    std::size_t traffic_ = 0;
    std::array<bool, cost::kMaxOperands> once_{};
    bool stallMayPay_ = false;
};

}  // namespace millrace::mapper::exact
