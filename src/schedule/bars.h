#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "schedule/arrivals.h"
#include "schedule/course.h"
#include "schedule/multicast.h"
#include "schedule/problem.h"
#include "schedule/schedule.h"

/// Whether a task or transfer could have begun earlier, as far as links and memories go. Of verified schedules.
namespace millrace::schedule {

/// A link or memory that barred something over a span.
struct Bar {
    Span span;
    LinkId link = {};
    MemoryId memory = {};
};

/// What is in use of links and memories, and what of it bars tasks and transfers from beginning.
class Bars {
public:
    Bars(const Problem& problem, const Schedule& schedule, const Arrivals& arrivals);

    /// Times in `within`, which ends with the start of the task, at which it could not begin: disjoint, in order.
    std::vector<Bar> ofTask(TaskId id, Span within) const;
    /// The same for a transfer, with all that are carried together with it.
    std::vector<Bar> ofTransfer(TransferId id, Span within) const;

private:
    void fillMemories();
    /// Room in a memory from `start` on.
    struct Room {
        MemoryId memory;
        Cycles start;
        std::int64_t bits = 0;
    };

    std::vector<Bar> byLinks(const std::vector<TransferId>& together, Span within) const;
    std::optional<Bar> byRoom(std::vector<Room> rooms, Span within) const;
    std::vector<Room> rooms(std::vector<BufferId> buffers) const;
    std::vector<TransferId> together(TransferId id) const;

    const Problem& problem_;
    const Schedule& schedule_;
    const Arrivals& arrivals_;
    OwnLinks own_;
    std::vector<std::pair<TransferId, TransferId>> followers_;  ///< (leader, follower), sorted
    std::vector<Course> links_;
    std::vector<Course> memories_;
};

}  // namespace millrace::schedule
