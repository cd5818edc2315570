#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "explore/cost/corrections.h"
#include "explore/cost/imc.h"
#include "explore/cost/nest.h"
#include "explore/mapping/mapping.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Front door of the mapper: finds how a layer's loops are laid over a core's array and memories, as ZigZag's LOMA
/// does, to the last digit; or provably best under the same model (docs/mapper.md).
namespace millrace::mapper {

/// What is minimised. Ties: latency, then energy (and the other way round); the first mapping found wins the rest.
enum class Objective : std::uint8_t { latency, energy, edp };
/// "latency", "energy" or "edp".
const char* name(Objective objective);

enum class Engine : std::uint8_t {
    zigzag,  ///< orders of at most `lpfLimit` factors, cuts by ZigZag's allocation
    exact,   ///< all orders of all prime factors, all uneven cuts that fit: nothing is better
};

struct Options {
    Engine engine = Engine::zigzag;
    Objective objective = Objective::latency;
    /// Loop prime factors that are ordered; raised to the number of loops if that is larger.
    int lpfLimit = 6;
    /// Operands that share a memory cut the loops at the same places.
    bool even = false;
    /// Array dimensions without a given unrolling: how many of the best-scored unrollings are tried.
    int spatialCandidates = 3;
    /// Candidates may put several loops on one array dimension.
    bool mixedSpatial = false;
    /// Exact only: besides the candidates, all unrollings of one or two loops over each array dimension
    /// (mapper/spatialsearch.h).
    bool spatialSearch = false;
    /// Faults of ZigZag's cost model that are corrected; replaces what the nest says. None: ZigZag to the last digit.
    cost::Corrections corrections = {};
    auto operator<=>(const Options&) const = default;
};

/// When an exact search gives up and returns the best so far with its gap.
struct Limits {
    std::optional<std::chrono::steady_clock::time_point> deadline;
    const std::atomic<bool>* stop = nullptr;  ///< e.g. set by Ctrl-C
    /// Partial mappings remembered for one spatial mapping; each takes about 600 bytes.
    std::size_t labels = 1'000'000;

    bool reached() const {
        return (stop != nullptr && stop->load(std::memory_order_relaxed)) ||
               (deadline && std::chrono::steady_clock::now() >= *deadline);
    }
};

/// What an exact search has proven about a mapping.
struct Certificate {
    /// Why the search ended.
    enum class End : std::uint8_t { exhausted, stopped, labels, states };
    End end = End::exhausted;
    /// Nothing in the space is better (but for rounding, 1e-12 of the value).
    bool optimal = false;
    /// For latency and energy: of all mappings with this value, none has less of the other.
    bool tieBroken = false;
    double value = 0;  ///< of the objective: cycles, pJ, or pJ x cycles
    double bound = 0;  ///< nothing in the space is below this
    /// Part of the value by which a better mapping could be better at most.
    double gap() const { return value > 0 ? (value - bound) / value : 0; }
    /// Mappings in the space: orders of the prime factors times places of the cuts, over all spatial mappings.
    double space = 0;
    std::int64_t states = 0;     ///< prefix states of the loops
    std::int64_t generated = 0;  ///< partial mappings looked at
    std::int64_t expanded = 0;   ///< of them, extended
    std::int64_t spatialMappings = 0;
    std::int64_t spatialPruned = 0;  ///< of them, excluded by their bound alone
};

struct Request {
    const cost::Nest& nest;
    const hardware::Core& core;
    /// Given unrollings, in their order; array dimensions without one are searched, all of them if this is empty.
    std::vector<hardware::Dataflow> spatial = {};
    /// Loops that a searched array dimension may take; without: any.
    std::vector<mapping::SpatialHint> spatialHint = {};
    /// Innermost first; a complete order is taken as it is, anything less constrains the positions it names.
    std::vector<mapping::TemporalLoop> temporal = {};
    Options options = {};
    /// Only an exact search heeds it.
    Limits limits = {};
};

/// One temporal loop of a mapping.
struct MappedLoop {
    std::string dim;
    std::int64_t size = 1;
    /// Where each operand of the nest keeps what this loop runs over (index into `Core::memories`), in operand order.
    std::vector<hardware::MemoryIndex> memory;
};

/// Traffic of one operand at one of its memories, in accesses of the full port width, all instances together.
struct Traffic {
    std::size_t operand = 0;  ///< into `Nest::operands`
    hardware::MemoryIndex memory = 0;
    std::array<double, 4> accesses{};  ///< in the order of `hardware::kDirections`
};

/// What one memory keeps of one operand. Shares are of one instance of the memory.
struct Tile {
    std::size_t operand = 0;  ///< into `Nest::operands`
    hardware::MemoryIndex memory = 0;
    double bits = 0;
    /// Of `bits`, what must be there at a time: less than the tile where its outer loops stream through it.
    double residentBits = 0;
    bool doubleBuffered = false;  ///< room for the resident bits once more: the next come in while these are in use
    /// Share of the memory that the resident bits of all operands take, double buffered ones twice.
    double filled = 0;
    double instances = 1;  ///< of the memory, in use
};

/// One movement over a port, seen from the memory that the port belongs to. Counts are those of one instance.
struct Movement {
    std::size_t operand = 0;  ///< into `Nest::operands`
    hardware::Direction direction = hardware::Direction::tl;
    /// The other end; empty: the array.
    std::optional<hardware::MemoryIndex> other;
    double bits = 0;           ///< of one transfer
    std::int64_t cycles = 0;   ///< that one transfer takes
    std::int64_t allowed = 0;  ///< cycles of each period that it may take without a stall; all, if double buffered
    std::int64_t period = 1;   ///< cycles from one transfer to the next
    std::int64_t count = 1;    ///< transfers
    std::int64_t outside = 1;  ///< of them, those that cannot stall: they count as on-loading or off-loading
    bool doubleBuffered = false;

    /// Cycles that all transfers take but those outside.
    std::int64_t needed() const { return cycles * (count - outside); }
    /// Cycles by which these overrun their windows; not below 0.
    std::int64_t overrun() const { return cycles > allowed ? (cycles - allowed) * (count - outside) : 0; }
};

/// Load on one port.
struct PortUse {
    hardware::MemoryIndex memory = 0;
    std::size_t port = 0;        ///< into `hardware::Memory::ports`
    std::int64_t needed = 0;     ///< sum of the movements' `needed()`
    std::int64_t available = 0;  ///< cycles in which they are allowed; those allowed to several count once
    /// What the port alone would make the array wait; negative: slack. All ports wait at the same time, so a layer
    /// stalls as long as its worst port says.
    std::int64_t stall = 0;
    std::vector<Movement> movements;
};

/// One step of the on-loading (inputs) or off-loading (output): the first, or last, transfer between two memories.
struct Load {
    std::size_t operand = 0;
    hardware::MemoryIndex from = 0;
    hardware::MemoryIndex to = 0;
    /// After borrowing bandwidth that is idle while the layer runs; as ZigZag counts it, even below 0.
    double cycles = 0;
};

/// Another mapping of the same layer.
struct Alternative {
    double energy = 0;   ///< pJ
    double latency = 0;  ///< cycles
    std::vector<hardware::Dataflow> spatial;
    std::vector<MappedLoop> loops;
};

struct Mapping {
    double energy = 0;       ///< pJ
    double arrayEnergy = 0;  ///< of it, the multiply-accumulate units
    /// Of it, the parts of an array that computes in memory.
    std::optional<cost::ImcBreakdown> arrayParts;
    std::vector<double> memoryEnergy;  ///< of it, each memory of the core
    std::vector<Traffic> traffic;      ///< operands in order, innermost memory first
    std::vector<Tile> tiles;           ///< one for each entry of `traffic`, in the same order
    std::vector<PortUse> ports;        ///< ports that something moves over, innermost memory first
    std::vector<Load> loads;           ///< inputs, then the output, each innermost first
    double idealCycles = 0;            ///< operations / units of the array
    double spatialCycles = 0;          ///< product of the temporal loops
    double stallCycles = 0;
    double onloadCycles = 0;
    double offloadCycles = 0;
    double latency0 = 0;                      ///< spatialCycles + stallCycles
    double latency1 = 0;                      ///< with on-loading
    double latency = 0;                       ///< with off-loading as well: the cost of the layer
    std::vector<hardware::Dataflow> spatial;  ///< what the array dimensions unroll (whole numbers, as chosen)
    std::vector<MappedLoop> loops;            ///< innermost first, after loops that reuse all data have moved down
    std::int64_t evaluations = 0;             ///< mappings evaluated for this answer
    std::optional<Certificate> certificate;   ///< of an exact search
    /// The best of the mappings that were tried whose energy or latency differs from this one's; empty if none does.
    std::optional<Alternative> runnerUp;

    /// The port that `stallCycles` come from: the first of the worst. Null if nothing stalls.
    const PortUse* decidingPort() const;
};

/// The best mapping. Infeasible: no order of the loops fits the memories (the message names the memory that lacks
/// least, with the bits needed and there); the core has no memory for an operand, or no array. Errors: unrollings that
/// do not belong to the core; a temporal order that does not belong to the layer; an exact search for even cuts, under
/// a temporal order that is not complete, or over more prefix states than it takes.
std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics);

/// All mappings that no other one beats in energy and in latency, by rising energy; the objective and the engine of the
/// request do not matter. The certificate of each says whether the front is complete. Errors as in `map`; then empty.
std::vector<Mapping> front(const Request& request, Diagnostics& diagnostics);

/// "K 32 | C 32": array dimensions in their order.
std::string spatialText(const std::vector<hardware::Dataflow>& spatial);
inline std::string spatialText(const Mapping& mapping) { return spatialText(mapping.spatial); }
/// "FX 7, FY 7, OY 16": innermost first.
std::string temporalText(const std::vector<MappedLoop>& loops);
inline std::string temporalText(const Mapping& mapping) { return temporalText(mapping.loops); }

/// What does not fit, and where.
struct Shortage {
    hardware::MemoryIndex memory = 0;
    Bits needed;
    Bits available;
};

/// Do the operands fit the outermost memories of the core at all? They must hold them whole, other operands that pass
/// through one element. Quick, and necessary: a nest that has a mapping has no shortage. The memory that lacks most,
/// relative to its size; empty if none does. Operands without a memory are not looked at.
std::optional<Shortage> shortage(const cost::Nest& nest, const hardware::Core& core);

/// Remembers answers by structure: equal sizes, relevancy, precisions, core contents, unrollings and options give the
/// same answer whatever the layer and the memories are called. Safe to use from several threads; answers do not depend
/// on who asks first.
class Cache {
public:
    /// What an answer depends on. Equal keys, equal answers (but for limits).
    static std::string key(const Request& request);

    std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics);
    std::vector<Mapping> front(const Request& request, Diagnostics& diagnostics);
    /// Different questions asked so far.
    std::size_t size() const;
    /// Mappings evaluated for all of them.
    std::int64_t evaluations() const;

private:
    struct Answer {
        std::mutex asking;  ///< who comes second waits for the first
        std::vector<Mapping> mappings;
    };
    Answer& answerTo(std::string question);

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Answer>> answers_;
};

}  // namespace millrace::mapper
