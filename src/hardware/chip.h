#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/ids.h"
#include "support/units.h"

/// What a chip is made of. Read from YAML by `hardware/read.h`; legality by `hardware/check.h`.
///
/// A chip is a set of cores that share links, buses and an off-chip memory. A core is an array of
/// multiply-accumulate units under a hierarchy of memories; its outermost on-chip memories are where the
/// scheduler keeps data. Sizes are in bits, bandwidths in bits a cycle, energies in pJ.
namespace millrace::hardware {

using CoreId = Id<struct CoreTag>;
using LinkId = Id<struct LinkTag>;
/// Index of a memory inside one core, innermost first as listed in the file.
using MemoryIndex = std::size_t;

/// The three roles that memories are made for. Layer operands are linked to them (default O->O, I->I1, W->I2).
enum class MemoryOperand : std::uint8_t { I1, I2, O };
inline constexpr std::array kMemoryOperands{MemoryOperand::I1, MemoryOperand::I2, MemoryOperand::O};
std::string_view name(MemoryOperand operand);

/// The four directions of movement through a memory level, seen from that level; the order is that of all tables.
/// tl: read out to the lower level; fl: written by the lower level; th: read out to the higher level; fh: written by
/// the higher one.
enum class Direction : std::uint8_t { tl, fl, th, fh };
inline constexpr std::array kDirections{Direction::tl, Direction::fl, Direction::th, Direction::fh};
std::string_view name(Direction direction);

enum class PortType : std::uint8_t { read, write, readWrite };

/// One use of a port: this operand moves in this direction.
struct PortUse {
    MemoryOperand operand = MemoryOperand::O;
    Direction direction = Direction::tl;
    auto operator<=>(const PortUse&) const = default;
};

struct Port {
    std::string name;
    PortType type = PortType::readWrite;
    /// A transfer is rounded up to whole words of `bandwidthMin` bits; at most `bandwidthMax` bits move in a cycle.
    std::int64_t bandwidthMin = 0;
    std::int64_t bandwidthMax = 0;
    std::vector<PortUse> uses;
    bool operator==(const Port&) const = default;
};

struct Memory {
    std::string name;
    /// Capacity of one instance.
    Bits size;
    /// pJ for each access of `bandwidthMax` bits.
    double readCost = 0;
    double writeCost = 0;
    double area = 0;
    std::int64_t latency = 1;
    /// In file order: ties of the loop allocation depend on it.
    std::vector<MemoryOperand> operands;
    std::vector<Port> ports;
    /// Array dimensions (indices into `OperationalArray::dimensions`) over which one instance is shared, in file order.
    /// None: one instance for each unit of the array.
    std::vector<std::size_t> servedDimensions;
    bool forceDoubleBuffering = false;

    bool serves(MemoryOperand operand) const;
    /// The port that carries this movement, or null. No other does in a core that was read from a file.
    const Port* port(MemoryOperand operand, Direction direction) const;
    /// Bits a cycle of the widest port that reads, or writes; at least 1.
    std::int64_t readWidth() const;
    std::int64_t writeWidth() const;
    bool operator==(const Memory&) const = default;
};

struct ArrayDimension {
    std::string name;  ///< "D1", "D2", ...
    std::int64_t size = 1;
    bool operator==(const ArrayDimension&) const = default;
};

/// In-memory computing: what the cell array needs beside its dimensions. Costs: explore/cost/imc.h.
struct InMemoryComputing {
    bool analog = false;
    std::int64_t activationBits = 8;
    std::int64_t weightBits = 8;
    std::int64_t bitSerialBits = 0;  ///< activation bits that enter in a cycle; 0: all
    std::int64_t adcResolution = 0;  ///< bits; 0 if digital
    bool operator==(const InMemoryComputing&) const = default;
};

struct OperationalArray {
    std::vector<ArrayDimension> dimensions;
    double unitEnergy = 0;  ///< pJ for each multiply-accumulate
    double unitArea = 0;
    std::optional<InMemoryComputing> inMemoryComputing;

    /// Product of the sizes. 0: no array (off-chip memory, or a core that is only a memory).
    std::int64_t units() const;
    bool operator==(const OperationalArray&) const = default;
};

/// Unrolling of a loop dimension over an array dimension.
struct Unrolling {
    std::string loop;  ///< "K", "C", "OX", ...
    std::int64_t factor = 1;
    bool operator==(const Unrolling&) const = default;
};

/// What an array dimension unrolls. Several entries: mixed.
struct Dataflow {
    std::size_t dimension = 0;  ///< index into `OperationalArray::dimensions`
    std::vector<Unrolling> unrollings;
    bool operator==(const Dataflow&) const = default;
};

/// Compute core, or the off-chip memory (an array of no units).
struct Core {
    std::string name;
    std::string file;  ///< where it was read from; for messages
    OperationalArray array;
    std::vector<Memory> memories;
    /// Empty: the mapping file or the mapper decides.
    std::vector<Dataflow> dataflows;
    /// Operator types that the core runs (ONNX names); empty: any.
    std::vector<std::string> operatorTypes;

    /// Memories that hold the operand, innermost first, in the order of ZigZag's graph (zigzag.md 3.3).
    std::vector<MemoryIndex> levels(MemoryOperand operand) const;
    /// All memories in that order (Kahn generations over the hierarchy).
    std::vector<MemoryIndex> memoryOrder() const;
    /// How many of this memory the core has: the product of the sizes of the array dimensions that one does not serve
    /// (at least 1). The core's capacity in it is so many times `Memory::size`.
    std::int64_t instances(MemoryIndex memory) const;
    /// The outermost memory of the operand, if it has one.
    std::optional<MemoryIndex> top(MemoryOperand operand) const;
    bool operator==(const Core&) const = default;
};

/// Which transfers of its hub a bus carries.
enum class HubTransfers : std::uint8_t { both, fromHub, toHub };

/// Carries data between cores. A point-to-point link goes from `from` to `to`; a bus connects all of `cores` and
/// carries one set of transfers in either direction. A bus with a hub carries only what the hub sends or receives: the
/// shared wire between an off-chip memory's port and all cores.
struct Link {
    std::string name;
    bool bus = false;
    /// Two entries (from, to) for a link; all members for a bus.
    std::vector<CoreId> cores;
    CoreId hub;  ///< of a bus: invalid, or the member that is one end of each transfer
    HubTransfers hubTransfers = HubTransfers::both;
    std::int64_t bandwidth = 0;  ///< bits a cycle
    double energyPerBit = 0;     ///< pJ (a peer's energy per busy cycle divided by the bandwidth)

    /// Can it carry data from one core to the other (another) core in one step?
    bool connects(CoreId from, CoreId to) const;
    bool operator==(const Link&) const = default;
};

struct Chip {
    std::string name;
    std::string file;
    Table<CoreId, Core> cores;
    /// A member of `cores`, or invalid for a chip that has none.
    CoreId offchip;
    Table<LinkId, Link> links;
    /// Groups of cores that share their outermost memories. A core is in one group at most.
    std::vector<std::vector<CoreId>> sharedMemories;

    bool isOffchip(CoreId core) const { return core == offchip; }
    /// Cores that compute: all but the off-chip one.
    std::vector<CoreId> computeCores() const;
    bool operator==(const Chip&) const = default;
};

}  // namespace millrace::hardware
