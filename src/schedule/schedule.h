#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schedule/problem.h"
#include "support/units.h"

/// The answer to a `Problem`: when and where each task runs, which buffers hold what, and what the links carry.
namespace millrace::schedule {

using BufferId = Id<struct BufferTag>;
using TransferId = Id<struct TransferTag>;

/// [start, end) in cycles.
struct Span {
    Cycles start;
    Cycles end;
    Cycles length() const { return end - start; }
    auto operator<=>(const Span&) const = default;
};

struct Placement {
    CoreId core;
    std::size_t option = 0;  ///< into `Task::options`
    Span span;
};

/// Room for a box of a tensor in a memory. It holds nothing at first; a task that writes into it or a transfer that
/// arrives makes bytes valid from its end on, until the buffer ends. Initial tensors have no buffer: they are where
/// they are, whole, from 0 on.
struct Buffer {
    MemoryId memory;
    TensorId tensor;
    Box box;
    Span span;
};

/// Why a transfer happens; decides the part of the energy that it counts in.
enum class TransferCause : std::uint8_t {
    input,    ///< an activation that was off-chip from the start, coming in
    weight,   ///< a weight coming in
    forward,  ///< between on-chip memories
    spill,    ///< a result that does not fit where it was made, going off-chip to be read again
    reload,   ///< a spilled result coming back in
    output,   ///< a result of the network, going out
};

/// One box on its way from memory to memory. All links of the route are occupied over the whole span by `bandwidth`.
/// Route: links in order from a core of the source memory to a core of the destination; empty if a core owns both
/// memories.
struct Transfer {
    TensorId tensor;
    Box box;
    MemoryId from;
    MemoryId to;
    std::vector<LinkId> route;
    std::int64_t bandwidth = 0;  ///< bits a cycle; span * bandwidth >= bits
    Span span;
    TransferCause cause = TransferCause::forward;
};

/// Energy by where it goes, in pJ. The total is the sum.
struct Energy {
    Picojoules compute;  ///< tasks: arrays and the memories inside of cores
    Picojoules memory;   ///< transfers that are no spill or reload: reading and writing on-chip memories
    Picojoules offchip;  ///< transfers that are no spill or reload: reading and writing off-chip memory
    Picojoules spill;    ///< transfers of cause spill or reload: reading and writing memories of both kinds
    Picojoules links;    ///< all transfers: bits * energy per bit of each link of the route
    Picojoules total() const { return compute + memory + offchip + spill + links; }
};

struct Schedule {
    Table<TaskId, Placement> placements;  ///< one per task
    Table<BufferId, Buffer> buffers;
    Table<TransferId, Transfer> transfers;
    /// Set: the schedule repeats with this interval; all resources are folded modulo it, dependencies hold within one
    /// iteration.
    std::optional<Cycles> interval;
    /// Latest end of a task or transfer.
    Cycles latency;
    Energy energy;
};

/// The energy of a schedule from the constants of the problem: the definition that `verify` holds a schedule's own
/// figures against.
Energy energy(const Problem& problem, const Schedule& schedule);

}  // namespace millrace::schedule
