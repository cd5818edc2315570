#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "schedule/schedule.h"
#include "schedule/steps.h"
#include "support/units.h"

/// What is booked on a resource over time. For those who build schedules, try moves and take them back.
namespace millrace::schedule {

/// A step function: how much of a capacity is in use from each cycle on (bits of a memory, bits a cycle of a link, 0 or
/// 1 of a core). Whatever was booked is taken back by booking it again with the opposite amount: nothing of it stays,
/// so that an undo log of a user needs no help from here. Only steps are kept, 18 to 22 bytes each: bookings that meet
/// end to end cost nothing.
///
/// For n steps, finding a cycle, booking to and from it, and all questions about "from then on, always" touch a few
/// dozens of steps and summaries (n / 65536 more for the far past), fewest near the end. Searching for a gap passes by
/// runs of steps where everything fits or nothing, and those where no stretch below the highest level is long enough;
/// that leaves little of timelines of two levels (cores, links used as a whole), but a search for a short gap in a
/// crowded timeline of many levels may look at every step.
///
/// Questions keep summaries up to date on the side: one timeline is not for several threads at once, not even for
/// reading. The same calls give the same answers.
class Timeline {
public:
    explicit Timeline(std::int64_t capacity) : capacity_(capacity) {}

    std::int64_t capacity() const { return capacity_; }
    /// Adds `amount` over the span, even beyond the capacity; negative: gives back, as when a buffer that was booked
    /// without an end gets one. An empty span books nothing. An end at kForever or later is no end.
    void book(Span span, std::int64_t amount);
    /// Largest use over the span; 0 for an empty one.
    std::int64_t peak(Span span) const;
    /// Use in the long run, when everything with an end has ended.
    std::int64_t finally() const { return finally_; }
    /// First cycle not before `from` at which `amount` more is free for `duration` (kForever: from then on, always;
    /// 0: in that cycle). Gaps between bookings count. Nothing if there is none.
    std::optional<Cycles> earliest(Cycles from, Cycles duration, std::int64_t amount) const;
    /// First cycle not before `from` from which on `amount` more is always free.
    std::optional<Cycles> earliestForever(Cycles from, std::int64_t amount) const;

private:
    steps::Tree tree_;
    std::int64_t capacity_;
    std::int64_t finally_ = 0;
};

/// What is wanted of a timeline.
struct Demand {
    const Timeline* timeline;
    std::int64_t amount;
};
/// First cycle not before `from` at which all demands are free for `duration`, as in `Timeline::earliest`. Demands are
/// looked at one by one: two on the same timeline are not added up.
std::optional<Cycles> earliest(std::span<const Demand> demands, Cycles from, Cycles duration);

}  // namespace millrace::schedule
