#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "explore/cost/latency.h"
#include "explore/cost/machine.h"
#include "explore/cost/nest.h"
#include "explore/cost/spatial.h"

/// The cost model: one order of the temporal loops of one nest on one core -> where the loops go, energy, latency.
/// Equal to ZigZag's model to the last digit (zigzag.md chapters 6.4 to 9). Pure, and without heap allocations.
///
/// `Model` holds what does not depend on the temporal loops and evaluates any order by walking it. `Tables`
/// (cost/tables.h) does the same much faster for all orders of one set of loops.
namespace millrace::cost {

/// A temporal loop; factors are whole, at least 1.
struct Loop {
    DimIndex dim = 0;
    std::int64_t factor = 1;
    bool operator==(const Loop&) const = default;
};
/// Innermost first. At most `kMaxLoops`; the product is at most `kMaxMacs`.
using Order = std::span<const Loop>;

/// Where the operands cut an order: memory level m of operand op holds the loops [cut[op][m], cut[op][m + 1]).
struct Allocation {
    std::array<std::array<std::uint8_t, kMaxLevels + 1>, kMaxOperands> cut{};
};

/// Why an order does not fit.
struct TooSmall {
    hardware::MemoryIndex memory = 0;
    double needed = 0;     ///< bits
    double available = 0;  ///< bits
};

/// What decides between mappings.
struct Score {
    double energy = 0;  ///< pJ
    double spatialCycles = 0;
    double stall = 0;
    double onload = 0;
    double offload = 0;
    double latency0 = 0;
    double latency1 = 0;
    double latency2 = 0;
};

/// One movement over a port, in the version with whole unrollings that the latency follows from (zigzag.md 9.2, 9.3).
struct Movement {
    Machine::Link link;
    double bits = 0;  ///< of one transfer, over the port of one instance of the memory
    Activity activity;
    bool doubleBuffered = true;  ///< the tile that it fills or empties; if not, it may use a part of the period only
};

/// What the model says about one port that something moves over.
struct PortDetail {
    std::size_t port = 0;  ///< into `Machine::ports`
    std::vector<Movement> movements;
    std::int64_t available = 0;  ///< cycles in which at least one movement is allowed, over the whole layer
    std::int64_t stall = 0;      ///< negative: slack
};

/// All that an evaluation knows.
struct Detail {
    Score score;
    double memoryEnergy = 0;
    double arrayEnergy = 0;
    double idealCycles = 0;
    /// Accesses by operand, level and direction.
    std::array<std::array<std::array<double, 4>, kMaxLevels>, kMaxOperands> accesses{};
    /// May the content of level m - 1 be replaced while it is in use? By operand and m; [0] is the array.
    std::array<std::array<bool, kMaxLevels + 1>, kMaxOperands> doubleBuffer{};
    /// By operand and arch level (from 1): bits of the tile below it, and those of it that must be there at a time.
    std::array<std::array<double, kMaxLevels + 1>, kMaxOperands> tileBits{};
    std::array<std::array<double, kMaxLevels + 1>, kMaxOperands> residentBits{};
    /// Bits of one transfer, by operand, level and direction; whole unrollings.
    std::array<std::array<std::array<double, 4>, kMaxLevels>, kMaxOperands> transferBits{};
    /// Cycles of the first (last) transfer, by operand, level and direction, after borrowing idle bandwidth.
    std::array<std::array<std::array<double, 4>, kMaxLevels>, kMaxOperands> loadCycles{};
    std::vector<PortDetail> ports;  ///< in the order of `Machine::ports`
    /// Elements of a tile below arch level a, by operand and a: fractional and whole version.
    std::array<std::array<double, kMaxLevels + 1>, kMaxOperands> elements{};
    std::array<std::array<double, kMaxLevels + 1>, kMaxOperands> wholeElements{};
    /// Cuts after reusing loops have moved down (zigzag.md 6.5).
    Allocation merged;
};

/// Numbers of one operand at one cut, i.e. between the arch levels a - 1 and a: the low side of memory level a and the
/// high side of memory level a - 1. All of them follow from the set of loops below the cut.
struct CutEntry {
    double bits = 0;        ///< of the tile below the cut (fractional version)
    double lowestBits = 0;  ///< the same in the whole version
    double averageLow = 0;  ///< bits a cycle, rounded down
    double averageHigh = 0;
    /// pJ by direction: tl and fl of memory level a, th and fh of memory level a - 1.
    std::array<double, 4> energy{};
    /// Cycles of one transfer by direction; -1: there is none.
    std::array<std::int64_t, 4> cycles{};
    /// The same before they are rounded up.
    std::array<double, 4> duration{};
    /// Read-backs that do not take place while the layer computes (`Activity::outside`).
    std::int64_t outside = 1;
};

/// By direction: what the energies and the cycles of a cut's entry stand for.
struct CutTraffic {
    std::array<double, 4> accesses{};
    std::array<double, 4> bits{};  ///< of one transfer; whole version
};

/// What the entry of a cut is made from.
struct CutFacts {
    double elements = 0;  ///< fractional
    double wholeElements = 0;
    std::int64_t period = 1;  ///< cycles from one replacement of the tile to the next
    bool partial = false;     ///< output: not complete below the cut (fractional, whole)
    bool wholePartial = false;
    bool back = false;  ///< output: comes back to be accumulated on (fractional, whole)
    bool wholeBack = false;
    /// Output: how often a tile is visited, the product of the reusing temporal loops above the cut.
    std::int64_t visits = 1;
};

/// Energy of the array, pJ.
struct ArrayEnergy {
    double constant = 0;  ///< whatever the order of the loops
    /// Of in-memory cells that hold several weights: to be divided by the cycles for which operand `weights` stays.
    double precharge = 0;
    std::size_t weights = 0;
};

class Model {
public:
    Model(const Nest& nest, Machine machine, SpatialPair spatial);

    const Nest& nest() const { return *nest_; }
    const Machine& machine() const { return machine_; }
    const SpatialPair& spatial() const { return spatial_; }

    /// Decides where the operands cut the order (zigzag.md 6.4), lowest memories first. Empty, and `why` filled in, if
    /// the order does not fit.
    std::optional<Allocation> allocate(Order order, bool even, TooSmall& why) const;
    /// Energy and latency of an allocated order.
    Score evaluate(Order order, const Allocation& allocation) const;
    Detail explain(Order order, const Allocation& allocation) const;
    Corrections corrections() const { return machine_.corrections; }

    /// Bits of one element of the output before its last accumulation, or after.
    double outputBits(bool partial) const;
    /// An irrelevant loop of the output is unrolled in arch levels a and above (of whatever factor).
    bool irrelevantAbove(std::size_t a) const { return irrelevantAbove_[a]; }
    /// The entry of operand `op` at cut `a`, and what its numbers stand for (`traffic` may be null).
    CutEntry entry(std::size_t op, std::size_t a, const CutFacts& facts, std::int64_t total, CutTraffic* traffic) const;
    double macs() const;
    const ArrayEnergy& arrayEnergy() const { return arrayEnergy_; }
    /// Elements of the whole output.
    double outputElements() const { return outputElements_; }

private:
    friend class Walk;

    const Nest* nest_;
    Machine machine_;
    SpatialPair spatial_;
    std::array<bool, kMaxLevels + 2> irrelevantAbove_{};
    double outputElements_ = 0;
    ArrayEnergy arrayEnergy_;
};

/// What scoring needs of one evaluated order: pointers to the entries, and the cuts' places in the order.
struct Cuts {
    std::array<std::array<const CutEntry*, kMaxLevels + 1>, kMaxOperands> entry;
    std::array<std::array<std::int64_t, kMaxLevels + 1>, kMaxOperands> period;
    std::array<std::array<std::int64_t, kMaxLevels + 1>, kMaxOperands> count;
    /// Period divided by the run of reusing loops just below the cut: the time in which a single buffer may be filled.
    std::array<std::array<std::int64_t, kMaxLevels + 1>, kMaxOperands> window;
    /// Product of the run of relevant loops just below the cut.
    std::array<std::array<std::int64_t, kMaxLevels + 1>, kMaxOperands> streamed;
    std::int64_t total = 1;
};

/// Energy, double buffering, stalls, loading (zigzag.md 8 and 9). `detail` may be null.
Score score(const Machine& machine, const Cuts& cuts, const ArrayEnergy& array, double macs, Detail* detail);

}  // namespace millrace::cost
