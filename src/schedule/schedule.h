#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "schedule/problem.h"
#include "support/units.h"

/// The answer to a `Problem`: when and where each task runs, which buffers hold what, and what the links carry.
namespace millrace::schedule {

using BufferId = Id<struct BufferTag>;
using TransferId = Id<struct TransferTag>;

/// Later than anything that is scheduled: the end of a span that is not known yet. `verify` takes no later time.
inline constexpr Cycles kForever{std::numeric_limits<std::int64_t>::max() / 4};

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

/// Room for a box of a tensor in a memory, on-chip or off-chip; it takes its bits of the capacity over its span. It
/// holds nothing at first. A task that writes or a transfer that arrives makes the written part valid from its own end
/// until the buffer ends, in each buffer that lasts over the whole of the write. Several buffers may hold the same box
/// (copies). Initial tensors have no buffer: they are where they are, whole, from 0 on for ever; on-chip they take
/// their size of the capacity for ever, off-chip they take none.
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
/// Route: links in order from any core of the source memory, hop by hop, to any core of the destination; empty only if
/// a core owns both memories (then only `bandwidth` limits the speed). A link that stands twice is occupied and paid
/// twice.
///
/// Multicast: a transfer with a leader (`with`) is carried by the leader's words, to another memory. Leader and
/// follower have the same tensor, box, source, bandwidth and span, and the leader has no leader itself. Their source is
/// read once. A link carries the words once, however many of their routes it is in (as often as it stands in the route
/// in which it stands most often): each transfer occupies and pays those of its links that its leader and the followers
/// before it do not (`OwnLinks`). Each transfer writes its destination, with the buffer, energy and route that this
/// takes.
struct Transfer {
    TensorId tensor;
    Box box;
    MemoryId from;
    MemoryId to;
    std::vector<LinkId> route;
    std::int64_t bandwidth = 0;  ///< bits a cycle; span * bandwidth >= bits
    Span span;
    TransferCause cause = TransferCause::forward;
    TransferId with = {};  ///< the leader; invalid: none
};

/// Energy by where it goes, in pJ. The total is the sum. In a multicast the leader's cause decides where the one
/// reading counts, and the cause of each follower where its writing does.
struct Energy {
    Picojoules compute;  ///< tasks: arrays and the memories inside of cores
    Picojoules memory;   ///< transfers that are no spill or reload: reading and writing on-chip memories
    Picojoules offchip;  ///< transfers that are no spill or reload: reading and writing off-chip memory
    Picojoules spill;    ///< transfers of cause spill or reload: reading and writing memories of both kinds
    Picojoules links;    ///< all transfers: bits * energy per bit of each link of the route (a multicast's links once)
    Picojoules total() const { return compute + memory + offchip + spill + links; }
};

struct Schedule {
    Table<TaskId, Placement> placements;  ///< one per task
    Table<BufferId, Buffer> buffers;
    Table<TransferId, Transfer> transfers;
    /// Set: the schedule repeats with this interval, for ever. Cores, links and buffers are folded modulo it (what
    /// lasts longer than the interval overlaps itself); on-chip initial tensors are held once. Dependencies, phases and
    /// the latency are those of one iteration.
    std::optional<Cycles> interval;
    /// Latest end of a task or transfer.
    Cycles latency;
    Energy energy;
};

/// The energy of a schedule from the constants of the problem: the definition that `verify` holds a schedule's own
/// figures against. All ids must be in range and every task placed.
Energy energy(const Problem& problem, const Schedule& schedule);
/// What transfers read from and write to off-chip memories; a multicast reads once. All ids must be in range.
Bits offchipTraffic(const Problem& problem, const Schedule& schedule);

}  // namespace millrace::schedule
