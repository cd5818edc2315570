#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "explore/platform/platform.h"
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "schedule/timeline.h"

/// A schedule under construction, with an undo log: a search tries a move, looks at the outcome, and takes it back.
/// Nothing is copied.
namespace millrace::search {

/// A part of a tensor that lies in a memory, ready to be read or sent.
struct Resident {
    schedule::MemoryId memory;
    Box box;
    Cycles validFrom;
    /// The buffers that hold it, together; none for what lies off-chip from the start.
    std::vector<schedule::BufferId> buffers = {};
    /// A transfer that is booked already reads it until then.
    Cycles busyUntil = Cycles(0);
};

class State {
public:
    State(schedule::Problem problem, const platform::Platform& platform);

    const schedule::Problem& problem() const { return problem_; }
    const schedule::Schedule& schedule() const { return schedule_; }
    const platform::Platform& platform() const { return platform_; }
    /// For tensors and groups, which are added before tasks and never taken back.
    schedule::Problem& problem() { return problem_; }

    /// Where the log stands. `undo` takes back all that was done since; marks nest.
    struct Mark {
        std::size_t tasks = 0;
        std::size_t buffers = 0;
        std::size_t transfers = 0;
        std::size_t changes = 0;
        std::size_t bookings = 0;
    };
    Mark mark() const;
    void undo(const Mark& mark);

    /// Bits free in a memory once everything that is booked has ended, buffers without an end excepted.
    std::int64_t freeForever(schedule::MemoryId memory) const;

    /// Ends a buffer; its memory is free again from `end`.
    void close(schedule::BufferId buffer, Cycles end);

    /// Moves a box into a new buffer of `to`, at the earliest time at which route and memory allow. Source bytes must
    /// be valid from `from` on. Nothing if there is no route or never room.
    std::optional<schedule::TransferId> transfer(schedule::TensorId tensor, const Box& box, schedule::MemoryId source,
                                                 schedule::MemoryId to, Cycles from, schedule::TransferCause cause);
    /// The buffer that the last transfer filled.
    schedule::BufferId arrivalBuffer(schedule::TransferId transfer) const { return arrivals_[transfer]; }

    /// Runs a task with one option at the earliest time not before `from`, with its output buffers opened in
    /// `option.writeMemories`. Nothing if the memory never has room.
    struct Ran {
        schedule::TaskId task;
        schedule::Span span;
        std::vector<schedule::BufferId> outputs;
    };
    std::optional<Ran> run(schedule::Task task, Cycles from);

    const std::vector<Resident>& residents(schedule::TensorId tensor) const { return residents_[tensor]; }
    void addResident(schedule::TensorId tensor, Resident resident);
    void setResidents(schedule::TensorId tensor, std::vector<Resident> residents);

    /// Ends all buffers that have no end, sets latency and energy, and gives the schedule away.
    schedule::Schedule finish();

private:
    struct OldEnd {
        schedule::BufferId buffer;
        Cycles end;
    };
    struct OldResidents {
        schedule::TensorId tensor;
        std::vector<Resident> residents;
    };
    struct Added {
        schedule::TensorId tensor;
    };
    struct Booking {
        schedule::Timeline* timeline;
        schedule::Span span;
        std::int64_t amount;
    };
    using Change = std::variant<OldEnd, OldResidents, Added>;

    void book(schedule::Timeline& timeline, schedule::Span span, std::int64_t amount);
    schedule::BufferId addBuffer(schedule::MemoryId memory, schedule::TensorId tensor, const Box& box, Cycles start);

    schedule::Problem problem_;
    schedule::Schedule schedule_;
    const platform::Platform& platform_;
    std::vector<schedule::Timeline> cores_;
    std::vector<schedule::Timeline> links_;
    std::vector<schedule::Timeline> memories_;
    Table<schedule::TensorId, std::vector<Resident>> residents_;
    Table<schedule::TransferId, schedule::BufferId> arrivals_;
    std::vector<Change> changes_;
    std::vector<Booking> bookings_;
    std::vector<schedule::Demand> demands_;  ///< of a route, while a start is looked for
};

}  // namespace millrace::search
