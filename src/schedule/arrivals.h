#pragma once
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "schedule/sums.h"

/// When data come to memories, and when room for them is taken: looked up by time. Of verified schedules.
namespace millrace::schedule {

/// Something that others wait for: the end of a task or a transfer. Neither: there from the start.
struct Arrival {
    Cycles at;
    TaskId task = {};
    TransferId transfer = {};
};
/// Later; at the same time tasks before transfers, smaller ids before larger ones.
bool decides(const Arrival& a, const Arrival& b);

class Arrivals {
public:
    Arrivals(const Problem& problem, const Schedule& schedule);

    /// What brought a part of the box into the memory last, over the times (from, to]; `{from}` if nothing did. Looks
    /// at what came there of the tensor from then on.
    Arrival last(MemoryId memory, TensorId tensor, const Box& box, Cycles from, Cycles to) const;
    /// What a task of a sum waits for: the task before it; `{0}` if there is none.
    Arrival turn(TaskId task) const;
    /// The buffers of a box that last over all of a write and open in (from, write.start]. Looks at all of the tensor
    /// that do.
    void buffers(MemoryId memory, TensorId tensor, const Box& box, Span write, Cycles from,
                 std::vector<BufferId>& found) const;

private:
    struct Write {
        MemoryId memory;
        TensorId tensor;
        Arrival arrival;
        const Box* box;
    };
    void collect();

    const Problem& problem_;
    const Schedule& schedule_;
    std::vector<Sum> sums_;
    std::vector<Arrival> turns_;     ///< by task
    std::vector<Write> writes_;      ///< by memory, tensor and time; of the same time what decides is the last
    std::vector<BufferId> buffers_;  ///< by memory, tensor and start
};

}  // namespace millrace::schedule
