#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "explore/cost/imc.h"
#include "explore/cost/nest.h"
#include "explore/mapping/mapping.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Front door of the mapper: finds how a layer's loops are laid over a core's array and memories, as ZigZag's LOMA
/// does, to the last digit.
namespace millrace::mapper {

/// What is minimised. Ties: latency, then energy (and the other way round); the first mapping found wins the rest.
enum class Objective : std::uint8_t { latency, energy, edp };

struct Options {
    Objective objective = Objective::latency;
    /// Loop prime factors that are ordered; raised to the number of loops if that is larger.
    int lpfLimit = 6;
    /// Operands that share a memory cut the loops at the same places.
    bool even = false;
    /// Array dimensions without a given unrolling: how many of the best-scored unrollings are tried.
    int spatialCandidates = 3;
    /// Candidates may put several loops on one array dimension.
    bool mixedSpatial = false;
    auto operator<=>(const Options&) const = default;
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

struct Mapping {
    double energy = 0;       ///< pJ
    double arrayEnergy = 0;  ///< of it, the multiply-accumulate units
    /// Of it, the parts of an array that computes in memory.
    std::optional<cost::ImcBreakdown> arrayParts;
    std::vector<double> memoryEnergy;  ///< of it, each memory of the core
    std::vector<Traffic> traffic;      ///< operands in order, innermost memory first
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
};

/// The best mapping. Infeasible: no order of the loops fits the memories (the message names the memory that lacks
/// least, with the bits needed and there); the core has no memory for an operand, or no array. Errors: unrollings that
/// do not belong to the core; a temporal order that does not belong to the layer.
std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics);

/// "K 32 | C 32": array dimensions in their order.
std::string spatialText(const Mapping& mapping);
/// "FX 7, FY 7, OY 16": innermost first.
std::string temporalText(const Mapping& mapping);
/// A table like ZigZag's loop_ordering.txt: outermost first, a column for each operand with the memory's name.
std::string temporalTable(const Mapping& mapping, const cost::Nest& nest, const hardware::Core& core);

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
    std::optional<Mapping> map(const Request& request, Diagnostics& diagnostics);
    /// Different questions asked so far.
    std::size_t size() const;
    /// Mappings evaluated for all of them.
    std::int64_t evaluations() const;

private:
    struct Answer {
        std::optional<Mapping> mapping;
    };
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Answer>> answers_;
};

}  // namespace millrace::mapper
