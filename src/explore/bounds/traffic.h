#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "explore/platform/platform.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// What must move between memories at least, wherever layers run. Proofs: docs/bounds.md.
namespace millrace::bounds {

/// Cores by layer; none: it may run on any that it is allowed on.
using Allocation = Table<workload::LayerId, std::vector<hardware::CoreId>>;

/// Elements of a tensor that a reader touches. They are written where `from` runs, and end where `to` runs.
struct Move {
    workload::TensorId tensor;
    workload::LayerId from;                                      ///< invalid: off-chip
    workload::LayerId to;                                        ///< invalid: off-chip
    hardware::MemoryOperand role = hardware::MemoryOperand::I1;  ///< of the reader's operand
    std::int64_t bits = 0;
};

/// Moves in the order of their tensors. Inputs that are read by several pieces count as nothing. Results of the
/// network, and what a host operator reads, go off-chip.
std::vector<Move> compulsoryMoves(const workload::Workload& workload);

/// The memories of a chip that schedules place data in, and what it costs at least to go from one to another.
class Places {
public:
    explicit Places(const hardware::Chip& chip);

    /// Does the chip have an off-chip memory at all? Without it nothing else may be asked.
    bool any() const { return any_; }
    std::size_t size() const { return problem_.memories.size(); }
    std::size_t offchip() const { return offchip_; }
    /// Invalid if the core has no such memory.
    schedule::MemoryId memory(hardware::CoreId core, hardware::MemoryOperand role) const;
    /// pJ for each bit: read, carried over the cheapest links, written. 0 within a memory.
    double energyPerBit(std::size_t from, std::size_t to) const { return cost_[from * size() + to]; }

private:
    void measure(const hardware::Chip& chip);

    schedule::Problem problem_;
    platform::Platform platform_;
    bool any_ = false;
    std::size_t offchip_ = 0;
    std::vector<double> cost_;
};

/// Where the ends of a move may lie: memories, in any order. `from` and `to` are the cores that its layers may run on.
struct Ends {
    std::vector<std::size_t> from;
    std::vector<std::size_t> to;
};

/// Least pJ of a move.
double moveEnergy(const Move& move, const Ends& ends, const Places& places);

/// A part of the chip, and the links over which data enter and leave it.
struct Cut {
    std::string name;
    std::vector<bool> inside;        ///< by memory
    std::int64_t inBandwidth = 0;    ///< bits a cycle over links that only carry data into the part
    std::int64_t outBandwidth = 0;   ///< out of it
    std::int64_t bothBandwidth = 0;  ///< either way
};

/// The off-chip memory first; then each compute core with those that share its memories, once.
std::vector<Cut> cutsOf(const hardware::Chip& chip, const Places& places);

/// Bits that must cross a cut: by tensor the most that one reader needs.
struct Crossing {
    std::int64_t in = 0;
    std::int64_t out = 0;
};
Crossing crossing(const Cut& cut, const std::vector<Move>& moves, const std::vector<Ends>& ends);

/// Cycles that the links of a cut take for them.
std::int64_t crossingCycles(const Cut& cut, const Crossing& bits);

}  // namespace millrace::bounds
