#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "schedule/schedule.h"
#include "support/units.h"

/// What is booked on a resource over time. Bookings are taken back in reverse order by an undo log: a scheduler tries a
/// move and rolls it back; nothing is copied.
namespace millrace::schedule {

/// A step function: how much of a capacity is in use from each cycle on (bits of a memory, bits a cycle of a link, 0 or
/// 1 of a core). Finding a time is O(log n) for n steps, booking and taking back too, and both go once over the steps
/// that they touch or skip. The same calls give the same answers.
class Timeline {
public:
    explicit Timeline(std::int64_t capacity) : capacity_(capacity) {
        steps_[std::numeric_limits<std::int64_t>::min()] = 0;
    }

    std::int64_t capacity() const { return capacity_; }
    /// Adds `amount` over the span, even beyond the capacity; negative: gives back, as when a buffer that was booked
    /// without an end gets one. An empty span books nothing.
    void book(Span span, std::int64_t amount);
    /// Largest use over the span; 0 for an empty one.
    std::int64_t peak(Span span) const;
    /// First cycle not before `from` at which `amount` more is free for `duration` (kForever: from then on, always;
    /// 0: in that cycle). Gaps between bookings count. Nothing if there is none.
    std::optional<Cycles> earliest(Cycles from, Cycles duration, std::int64_t amount) const;

    /// Where the undo log stands. `rollback` takes back all that was booked since; checkpoints nest.
    using Checkpoint = std::size_t;
    Checkpoint checkpoint() const { return log_.size(); }
    void rollback(Checkpoint checkpoint);

private:
    struct Entry {
        Span span;
        std::int64_t amount;
    };
    using Steps = std::map<std::int64_t, std::int64_t>;

    Steps::iterator stepAt(std::int64_t time);
    void add(Span span, std::int64_t amount);

    std::int64_t capacity_;
    Steps steps_;
    std::vector<Entry> log_;
};

/// First cycle not before `from` at which `amount` is free on all of the timelines for `duration`.
std::optional<Cycles> earliest(const std::vector<const Timeline*>& timelines, Cycles from, Cycles duration,
                               std::int64_t amount);

}  // namespace millrace::schedule
