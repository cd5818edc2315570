#include <algorithm>

#include "random.h"
#include "schedule/verify.h"

namespace millrace::test {

using namespace schedule;

static void follow(Schedule& schedule, MemoryId memory, TensorId tensor, const Box& box, Cycles from, Cycles to) {
    for (Buffer& buffer : schedule.buffers) {
        if (!(buffer.memory == memory) || !(buffer.tensor == tensor) || buffer.span.start != from) continue;
        if (overlaps(buffer.box, box)) buffer.span.start = to;
    }
}

static void moveTask(const Problem& problem, Schedule& schedule, TaskId id, Cycles to) {
    Placement& placement = schedule.placements[id];
    const Task& task = problem.tasks[id];
    for (std::size_t i = 0; i < task.writes.size(); ++i) {
        follow(schedule, task.options[placement.option].writeMemories[i], task.writes[i].tensor, task.writes[i].box,
               placement.span.start, to);
    }
    placement.span = {to, to + placement.span.length()};
}

static void moveTransfer(Schedule& schedule, TransferId id, Cycles to) {
    const TransferId leader = schedule.transfers[id].with.valid() ? schedule.transfers[id].with : id;
    for (const TransferId each : schedule.transfers.ids()) {
        Transfer& transfer = schedule.transfers[each];
        if (each != leader && transfer.with != leader) continue;
        follow(schedule, transfer.to, transfer.tensor, transfer.box, transfer.span.start, to);
        transfer.span = {to, to + transfer.span.length()};
    }
}

static bool isLegal(const Problem& problem, const Schedule& schedule) {
    Diagnostics diagnostics;
    return check(problem, diagnostics) && verify(problem, schedule, diagnostics);
}

static void shorten(Schedule& schedule, Rng& rng) {
    Buffer& buffer = schedule.buffers[BufferId(rng.below(schedule.buffers.size()))];
    buffer.span.end = Cycles(rng.between(buffer.span.start.value(), buffer.span.end.value()));
}

void tighten(Problem& problem, const Schedule& schedule) {
    for (Memory& memory : problem.memories) {
        Interval enough{0, memory.capacity.value()};  // too little, enough
        while (enough.end - enough.begin > 1) {
            memory.capacity = Bits((enough.begin + enough.end) / 2);
            (isLegal(problem, schedule) ? enough.end : enough.begin) = memory.capacity.value();
        }
        memory.capacity = Bits(enough.end);
    }
}

void compact(const Problem& problem, Schedule& schedule, Rng& rng, std::int64_t tries) {
    for (std::int64_t i = 0; i < tries; ++i) {
        Schedule moved = schedule;
        if (!schedule.buffers.empty() && rng.below(3) == 0) {
            shorten(moved, rng);
            if (isLegal(problem, moved)) schedule = std::move(moved);
            continue;
        }
        const std::size_t item = rng.below(problem.tasks.size() + schedule.transfers.size());
        const bool isTask = item < problem.tasks.size();
        const TaskId task(isTask ? item : 0);
        const TransferId transfer(isTask ? 0 : item - problem.tasks.size());
        const Cycles start = isTask ? schedule.placements[task].span.start : schedule.transfers[transfer].span.start;
        if (start == Cycles(0)) continue;
        const Cycles to(rng.below(2) == 0 ? start.value() - 1 : rng.between(0, start.value() - 1));
        if (isTask) {
            moveTask(problem, moved, task, to);
        } else {
            moveTransfer(moved, transfer, to);
        }
        reckon(problem, moved);
        for (Buffer& buffer : moved.buffers) {
            if (buffer.span.end == schedule.latency) buffer.span.end = moved.latency;
        }
        if (isLegal(problem, moved)) schedule = std::move(moved);
    }
}

}  // namespace millrace::test
