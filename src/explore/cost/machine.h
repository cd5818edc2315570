#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/cost/imc.h"
#include "explore/cost/nest.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

namespace millrace::cost {

inline constexpr std::size_t kMaxLinksOfPort = 12;

/// Places in tables by direction.
inline constexpr std::size_t kTl = static_cast<std::size_t>(hardware::Direction::tl);
inline constexpr std::size_t kFl = static_cast<std::size_t>(hardware::Direction::fl);
inline constexpr std::size_t kTh = static_cast<std::size_t>(hardware::Direction::th);
inline constexpr std::size_t kFh = static_cast<std::size_t>(hardware::Direction::fh);
/// Does it move data to or from the level above?
inline constexpr bool isHigh(std::size_t direction) { return direction == kTh || direction == kFh; }

/// A core as one nest sees it: memories by operand and level, and which movements share a port. Operands are indices
/// into `Nest::operands`.
struct Machine {
    /// What a level of an operand costs.
    struct Level {
        hardware::MemoryIndex memory = 0;
        double size = 0;  ///< bits of one instance
        double readCost = 0;
        double writeCost = 0;
        /// Copies of a tile that the allocation must find room for: 2 where double buffering is forced, with
        /// Correction::buffering.
        double copies = 1;
        /// By direction; 0: no port carries it.
        std::array<double, 4> bandwidthMin{};
        std::array<double, 4> bandwidthMax{};
    };
    /// A memory with the operands that it holds, in file order.
    struct Node {
        hardware::MemoryIndex memory = 0;
        double size = 0;
        std::size_t count = 0;
        std::array<std::uint8_t, kMaxOperands> operand{};
        std::array<std::uint8_t, kMaxOperands> level{};
        std::array<bool, kMaxOperands> top{};
    };
    struct Link {
        std::uint8_t operand = 0;
        std::uint8_t level = 0;
        hardware::Direction direction = hardware::Direction::tl;
    };
    struct Port {
        hardware::MemoryIndex memory = 0;
        std::size_t index = 0;  ///< into `hardware::Memory::ports`
        double bandwidth = 0;
        bool shared = false;  ///< carries both I1 and I2
        std::vector<Link> links;
    };

    std::size_t operands = 0;
    std::array<std::size_t, kMaxOperands> levels{};  ///< memories of each operand
    std::array<std::array<Level, kMaxLevels>, kMaxOperands> level;
    std::vector<Node> nodes;  ///< in the order of the allocation
    std::vector<Port> ports;  ///< ports that carry nothing of this nest are left out
    double unitEnergy = 0;
    std::int64_t units = 1;
    Corrections corrections;  ///< the nest's
    /// Computes in memory; then `unitEnergy` says nothing.
    std::optional<ImcArray> imc;
    std::int64_t cyclesPerOperation = 1;
};

/// The cut that a movement crosses: the one below its level, or the one above.
inline std::size_t cutOf(const Machine::Link& link) {
    return std::size_t{link.level} + (isHigh(static_cast<std::size_t>(link.direction)) ? 1 : 0);
}

/// Errors: a core without an array or without a memory for an operand of the nest (infeasible), more memory levels than
/// the model takes.
std::optional<Machine> machineOf(const Nest& nest, const hardware::Core& core, Diagnostics& diagnostics);

}  // namespace millrace::cost
