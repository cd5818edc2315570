#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Mapping files: which layer may run on which cores, how it is cut and how its loops are laid out, and what is fused.
/// ZigZag's and Stream's forms are one form here: any entry may have any of the fields, in a list of entries (ZigZag,
/// Stream 2025) or in a map with groups of fused layers (Stream 2026).
namespace millrace::mapping {

/// Loops over one array dimension. Several unrollings: mixed.
struct SpatialMapping {
    std::string arrayDimension;  ///< "D1", "D2", ...
    std::vector<hardware::Unrolling> unrollings;
    bool operator==(const SpatialMapping&) const = default;
};

/// Loops that may be laid over an array dimension when none are given.
struct SpatialHint {
    std::string arrayDimension;
    std::vector<std::string> loops;
    bool operator==(const SpatialHint&) const = default;
};

/// One loop of a temporal order. No size: "*", whatever is left of the loop.
struct TemporalLoop {
    std::string dim;
    std::optional<std::int64_t> size;
    bool operator==(const TemporalLoop&) const = default;
};

/// A cut of a layer along one loop.
struct Tiling {
    enum class Kind : std::uint8_t {
        parts,     ///< into `parts` parts
        all,       ///< into as many parts as the loop has iterations
        wildcard,  ///< "*": the search decides
    };
    std::string dim;  ///< as written; what it means in a layer: mapping/loops.h
    Kind kind = Kind::parts;
    std::int64_t parts = 1;
    /// Files of 2026: `dim` is "D6", the loop in this place of Stream's order.
    std::optional<std::size_t> place = std::nullopt;
    bool operator==(const Tiling&) const = default;
};

/// Which memory role an operand of the layer ("O", "W", "I") plays.
struct OperandLink {
    std::string layerOperand;
    hardware::MemoryOperand memoryOperand = hardware::MemoryOperand::O;
    bool operator==(const OperandLink&) const = default;
};

struct MappingEntry {
    /// A layer's name, an operator type, or "default".
    std::string name;
    /// Ids of cores; empty: any core that suits the layer. A fixed allocation: part i runs on the i-th core of the
    /// list.
    std::vector<std::int64_t> coreAllocation;
    bool allocationIsFixed = false;
    std::vector<SpatialMapping> spatial;
    std::vector<SpatialHint> spatialHint;
    /// Absent: O->O, I->I1, W->I2. Otherwise one link for each of the layer's operands; no two to one role.
    std::optional<std::vector<OperandLink>> memoryOperandLinks;
    std::vector<TemporalLoop> temporalOrdering;  ///< innermost first
    std::vector<Tiling> intraCoreTiling;         ///< cuts in time, on one core
    std::vector<Tiling> interCoreTiling;         ///< cuts over cores
    std::vector<std::string> layerDimensionNames;
    SourceLocation where;  ///< not compared

    bool operator==(const MappingEntry& other) const;
};

/// The size of a tile along a loop of a layer of a group: `tile` steps on each core.
struct GroupTiling {
    std::string layer;  ///< a layer's name, or an operator type
    Tiling loop;        ///< only `dim` and `place` count
    std::int64_t tile = 1;
    SourceLocation where;  ///< not compared

    bool operator==(const GroupTiling& other) const {
        return layer == other.layer && loop == other.loop && tile == other.tile;
    }
};

/// Layers that are fused (2026). Which ones exactly: fusion/groups.h.
struct FusedGroup {
    std::string name;
    std::vector<std::string> layers;  ///< names or operator types
    std::vector<GroupTiling> tilings;
    SourceLocation where;  ///< not compared

    bool operator==(const FusedGroup& other) const {
        return name == other.name && layers == other.layers && tilings == other.tilings;
    }
};

/// How a network is scheduled (ours): what exploration decided beside cuts and cores, in words of the command line.
/// What is absent is not said.
struct Schedule {
    std::optional<std::string> kind;  ///< "layer-by-layer" or "fused"
    /// The entries are the plan: each layer has one that names its cores, cuts are numbers along loops that the layer
    /// has, `fusedGroups` are all stacks in order of execution (none: each layer by itself), and nothing is cut beyond
    /// that (fusion/found.h).
    bool fixed = false;
    /// Of tiles: "depth-first", "breadth-first", "earliest-ready", or a file (fusion/orderfile.h), relative to this
    /// one.
    std::optional<std::string> order;
    std::optional<std::string> halo;        ///< "keep", "again" or "recompute"
    std::optional<std::int64_t> lookahead;  ///< tiles; 0 to `kMostLookahead`
    std::optional<bool> prefetch;
    std::optional<bool> fillGaps;
    std::optional<bool> multicast;
    std::optional<std::string> objective;  ///< "latency", "energy" or "edp"
    std::optional<std::int64_t> lpfLimit;  ///< 1 to `kMostLpfLimit`
    SourceLocation where;                  ///< not compared

    static constexpr std::int64_t kMostLookahead = 1000000;
    static constexpr std::int64_t kMostLpfLimit = 10;
    /// True if `order` names a file.
    bool orderIsFile() const;
    bool operator==(const Schedule& other) const;
};

struct Mapping {
    std::vector<MappingEntry> entries;    ///< in file order; names are unique
    std::vector<FusedGroup> fusedGroups;  ///< in file order; only files of 2026 have them
    std::optional<Schedule> schedule;     ///< only our files have it
    std::string file;

    bool isFixed() const { return schedule && schedule->fixed; }

    /// The entry for a layer: by its name, else by its type, else the one called "default". Null if there is none.
    const MappingEntry* find(std::string_view layerName, std::string_view layerType) const;
};

/// Reads a mapping file. Errors: what is not in the form, one for each mistake. A list without a `default` entry loads
/// with a warning (ZigZag demands one).
std::optional<Mapping> readMapping(const std::string& path, Diagnostics& diagnostics);
/// The same from text; `file` is for messages.
std::optional<Mapping> parseMapping(std::string_view text, const std::string& file, Diagnostics& diagnostics);

/// Does the mapping fit the chip? Errors: core ids that the chip does not have, or that are its off-chip core; array
/// dimensions that none of the entry's cores has (of a fixed schedule, whose entries repeat what a mapping said of
/// other cores too: that no core has). True if none.
bool check(const Mapping& mapping, const hardware::Chip& chip, Diagnostics& diagnostics);

/// The mapping as a file that reads back as the same entries.
std::string print(const Mapping& mapping);

}  // namespace millrace::mapping
