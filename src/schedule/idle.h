#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"

/// Why cores are idle: from a problem and a schedule alone, with no knowledge of how the schedule was found.
///
/// A core is idle from 0, or the end of a task, to the start of the next one (in order of start, end and id; a task of
/// no length ends idle time as well), and from the end of its last task to the latency. Of each idle cycle the cause is
/// found by going back from the start of the next task, `next`:
///
/// 1. What did it wait for? The last before its start of: what arrived of the data that it reads, in the memory where
/// it
///    reads it (a task or sum ended that wrote some of it, a transfer ended that brought some of it); the end of the
///    last task of a smaller phase; the end of the task before it in the same sum. At the same time tasks go before
///    transfers, then smaller ids before larger ones.
/// 2. After that all was there. In a cycle it could have begun in, the cause is `order`. It could not have begun if its
///    room was not free from then on until its start: `space`. Its room: its scratch, and the buffers of its results
///    that it needs and that were not open yet.
/// 3. If it waited for a task, the cause before is `predecessor`.
/// 4. If it waited for a transfer, the cause while that ran is `input`. Before, the transfer itself waited: for what
///    arrived last at its source of the data that it carries, or, as a weight, for the last task of a smaller phase. So
///    from there on the same as in 1 to 4, except that a transfer could not have begun either if one of its links would
///    not have had the bandwidth throughout its duration, as far as that lies before its start: `link`. This goes
///    before `space`, of links the one that bars first. A multicast begins as a whole: all its links and destinations
///    count.
///
/// What is there from the start arrives at 0. Times are those of one iteration, also if the schedule has an interval.
namespace millrace::schedule {

enum class IdleCause : std::uint8_t {
    input,        ///< data for the next task were on their way
    link,         ///< a transfer for it could not begin, since a link was taken
    space,        ///< it, or a transfer for it, could not begin, since a memory was full
    predecessor,  ///< what it reads, or an earlier phase, was not finished
    order,        ///< it, or a transfer for it, could have begun, and did not
    nothing,      ///< no more tasks on this core
};
inline constexpr std::size_t kIdleCauses = 6;

/// A part of an idle time. Ids that say nothing about the cause are invalid.
struct IdlePart {
    Span span;
    IdleCause cause = IdleCause::nothing;
    TaskId next = {};          ///< what the core was going to do; invalid: nothing
    TransferId transfer = {};  ///< input: what was on its way; else what had not begun yet; invalid: `next` itself
    TaskId task = {};          ///< predecessor: what was not finished
    LinkId link = {};          ///< link: the one that was taken
    MemoryId memory = {};      ///< space: the one that was full
    bool operator==(const IdlePart&) const = default;
};

struct CoreIdle {
    std::vector<IdlePart> parts;  ///< in order of time; together all of the core's idle time, each as long as possible
    std::array<Cycles, kIdleCauses> sums;  ///< by cause
};

/// "input", "link", ...
const char* text(IdleCause cause);

/// The problem has passed `check` and the schedule `verify`. O(n log n) for n tasks, transfers and buffers, and for
/// each core as much as happens in its idle time on the memories and links that its tasks wait for.
Table<CoreId, CoreIdle> idleTimes(const Problem& problem, const Schedule& schedule);

}  // namespace millrace::schedule
