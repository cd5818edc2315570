#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/box.h"
#include "support/diagnostics.h"
#include "support/ids.h"
#include "support/units.h"

/// The question that a schedule answers. It knows no loop nest and no solver: tasks read and write boxes of tensors,
/// cores run tasks, links carry boxes between memories. Exploration, BARVINN's units and dataflow pipelines all pose
/// their questions in this form.
namespace millrace::schedule {

using CoreId = Id<struct ScheduleCoreTag>;
using LinkId = Id<struct ScheduleLinkTag>;
using MemoryId = Id<struct ScheduleMemoryTag>;
using TensorId = Id<struct ScheduleTensorTag>;
using TaskId = Id<struct TaskTag>;
using GroupId = Id<struct GroupTag>;

/// A memory that a schedule places data in. Several cores may own it (shared memory).
struct Memory {
    std::string name;
    Bits capacity;
    std::vector<CoreId> cores;  ///< cores that reach it without a link
    /// Energy of moving a transfer in or out: ceil(bits / wordBits) * pJ for each word.
    std::int64_t readWordBits = 1;
    std::int64_t writeWordBits = 1;
    double readEnergy = 0;
    double writeEnergy = 0;
    bool offchip = false;
};

struct Core {
    std::string name;
};

/// A bus with a hub carries only what the hub sends (fromHub), receives (toHub) or either: the wire of an off-chip
/// port.
enum class HubTransfers : std::uint8_t { both, fromHub, toHub };

/// Transfers occupy a link by their bandwidth for their duration; the sum may not exceed `bandwidth` at any time.
struct Link {
    std::string name;
    bool bus = false;
    std::vector<CoreId> cores;  ///< (from, to), or all members of a bus (any direction)
    CoreId hub;                 ///< of a bus: invalid, or the member that is one end of each transfer
    HubTransfers hubTransfers = HubTransfers::both;
    std::int64_t bandwidth = 0;  ///< bits a cycle
    double energyPerBit = 0;
    bool connects(CoreId from, CoreId to) const;
};

enum class DataClass : std::uint8_t { weight, activation };

struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    int bits = 8;  ///< of one element
    DataClass kind = DataClass::activation;
    /// Memory that holds all of it from cycle 0 on; invalid if tasks write it.
    MemoryId initial;
    /// Memory that must hold all of it, valid, when the schedule ends; invalid if none.
    MemoryId final;
    /// Written off-chip by a host's task: comes onto the chip as an input does, not as a reloaded spill.
    bool fromHost = false;
    /// Every element is written by this many tasks; above 1 they add to it in place, one after another, in one memory
    /// (a layer that is cut along a loop it sums over). It is valid once the last of them has ended.
    std::int64_t writers = 1;
    Bits size(const Box& box) const;
    Box whole() const;
};

/// Has the box the rank of the shape, and are all of its sides, which may be empty, inside of it?
bool isInside(const Box& box, const std::vector<std::int64_t>& shape);

/// A box of a tensor that a task reads or writes.
struct Access {
    TensorId tensor;
    Box box;
};

/// Room that a task takes in a memory while it runs, beside the buffers of its data (partial sums, working registers).
struct Scratch {
    MemoryId memory;
    Bits bits;
};

/// A way of running a task: on this core, in this time, at this energy, with each access in the named memory of the
/// core.
struct Option {
    CoreId core;
    Cycles duration;
    Picojoules energy;
    std::vector<MemoryId> readMemories;   ///< one per read
    std::vector<MemoryId> writeMemories;  ///< one per write
    std::vector<Scratch> scratch = {};
};

/// The unit of work: a layer, or a tile of one.
struct Task {
    std::string name;
    GroupId group;
    std::vector<Access> reads;
    std::vector<Access> writes;  ///< every element of a tensor is written by `Tensor::writers` tasks
    std::vector<Option> options;
};

/// Tasks that belong together (a layer).
struct Group {
    std::string name;
    /// Groups with a smaller phase must have ended before a task of this group starts, and, if
    /// `Problem::weightsWaitForPhase`, before a transfer of a weight that only it reads starts. Equal phases run side
    /// by side.
    std::int64_t phase = 0;
};

struct Problem {
    Table<CoreId, Core> cores;
    Table<LinkId, Link> links;
    Table<MemoryId, Memory> memories;
    Table<TensorId, Tensor> tensors;
    Table<GroupId, Group> groups;
    Table<TaskId, Task> tasks;
    bool weightsWaitForPhase = false;
};

/// Is the question well formed?
/// - Memories: capacity and words of at least a bit, owned by cores that exist; on-chip initial tensors fit.
/// - Links: bandwidth of at least 1, two different cores (a bus: two or more), the hub one of them.
/// - Tensors: sizes of at least 1, at most 2^62 bits; every element is initial or written by exactly one task. With
///   `writers` above 1: the boxes that tasks write are equal or disjoint, and each is written by that many tasks.
/// - Tasks: a group, at least one option, boxes inside of their tensors (a box may be empty: nothing is needed).
/// - Options: one memory for each access, owned by the option's core, as scratch rooms are; a duration of at least 0.
/// - Energies are finite and not negative.
/// One message per violation (at most 100, then a count); true if none. Tasks are looked at once resources and tensors
/// are sound, and the writes once the tasks are.
bool check(const Problem& problem, Diagnostics& diagnostics);

}  // namespace millrace::schedule
