#include "schedule/arrivals.h"

#include <algorithm>
#include <tuple>

namespace millrace::schedule {

bool decides(const Arrival& a, const Arrival& b) {
    // Invalid ids are the largest.
    return a.at != b.at ? a.at > b.at : std::tie(a.task, a.transfer) < std::tie(b.task, b.transfer);
}

Arrivals::Arrivals(const Problem& problem, const Schedule& schedule)
    : problem_(problem),
      schedule_(schedule),
      sums_(sums(problem, schedule, std::vector<bool>(problem.tasks.size(), true))),
      turns_(problem.tasks.size()) {
    collect();
    std::sort(writes_.begin(), writes_.end(), [](const Write& a, const Write& b) {
        const auto place = std::tie(a.memory, a.tensor) <=> std::tie(b.memory, b.tensor);
        return place != 0 ? place < 0 : decides(b.arrival, a.arrival);
    });
    buffers_ = schedule.buffers.ids();
    std::sort(buffers_.begin(), buffers_.end(), [&](BufferId a, BufferId b) {
        const Buffer& x = schedule_.buffers[a];
        const Buffer& y = schedule_.buffers[b];
        return std::tie(x.memory, x.tensor, x.span.start, a) < std::tie(y.memory, y.tensor, y.span.start, b);
    });
}

void Arrivals::collect() {
    for (const TaskId id : problem_.tasks.ids()) {
        const Task& task = problem_.tasks[id];
        const Placement& placement = schedule_.placements[id];
        for (std::size_t i = 0; i < task.writes.size(); ++i) {
            const Access& write = task.writes[i];
            if (problem_.tensors[write.tensor].writers > 1) continue;
            const MemoryId memory = task.options[placement.option].writeMemories[i];
            writes_.push_back({memory, write.tensor, {placement.span.end, id}, &write.box});
        }
    }
    for (const Sum& sum : sums_) {
        const Addition& last = sum.additions.back();
        writes_.push_back({last.memory, sum.tensor, {last.span.end, last.task}, &sum.box});
        for (std::size_t i = 1; i < sum.additions.size(); ++i) {
            const Arrival before{sum.additions[i - 1].span.end, sum.additions[i - 1].task};
            Arrival& turn = turns_[sum.additions[i].task.index()];
            if (decides(before, turn)) turn = before;
        }
    }
    for (const TransferId id : schedule_.transfers.ids()) {
        const Transfer& transfer = schedule_.transfers[id];
        writes_.push_back({transfer.to, transfer.tensor, {transfer.span.end, {}, id}, &transfer.box});
    }
}

Arrival Arrivals::last(MemoryId memory, TensorId tensor, const Box& box, Cycles from, Cycles to) const {
    auto write = std::partition_point(writes_.begin(), writes_.end(), [&](const Write& item) {
        return std::tie(item.memory, item.tensor, item.arrival.at) <= std::tie(memory, tensor, to);
    });
    while (write != writes_.begin()) {
        --write;
        if (write->memory != memory || write->tensor != tensor || write->arrival.at <= from) break;
        if (overlaps(*write->box, box)) return write->arrival;
    }
    return {from};
}

Arrival Arrivals::turn(TaskId task) const { return turns_[task.index()]; }

void Arrivals::buffers(MemoryId memory, TensorId tensor, const Box& box, Span write, Cycles from,
                       std::vector<BufferId>& found) const {
    auto next = std::partition_point(buffers_.begin(), buffers_.end(), [&](BufferId id) {
        const Buffer& buffer = schedule_.buffers[id];
        return std::tie(buffer.memory, buffer.tensor, buffer.span.start) <= std::tie(memory, tensor, write.start);
    });
    while (next != buffers_.begin()) {
        --next;
        const Buffer& buffer = schedule_.buffers[*next];
        if (buffer.memory != memory || buffer.tensor != tensor || buffer.span.start <= from) break;
        if (buffer.span.end >= write.end && overlaps(buffer.box, box)) found.push_back(*next);
    }
}

}  // namespace millrace::schedule
