#include "schedule/phases.h"

#include <algorithm>
#include <iterator>

namespace millrace::schedule {

PhaseEnds::PhaseEnds(const Problem& problem, const Schedule& schedule, const std::vector<bool>& placed)
    : readFrom_(problem.tensors.size()) {
    const auto later = [&](TaskId a, TaskId b) {
        if (!b.valid()) return true;
        const Cycles x = schedule.placements[a].span.end;
        const Cycles y = schedule.placements[b].span.end;
        return x != y ? x > y : a < b;
    };
    for (const TaskId id : problem.tasks.ids()) {
        const std::int64_t phase = problem.groups[problem.tasks[id].group].phase;
        if (placed[id.index()]) {
            TaskId& entry = last_[phase];
            if (later(id, entry)) entry = id;
        }
        if (!problem.weightsWaitForPhase) continue;
        for (const Access& read : problem.tasks[id].reads) {
            if (problem.tensors[read.tensor].kind != DataClass::weight) continue;
            auto& first = readFrom_[read.tensor];
            first = std::min(first.value_or(phase), phase);
        }
    }
    TaskId before;
    for (auto& [phase, task] : last_) {
        if (before.valid() && later(before, task)) task = before;
        before = task;
    }
}

TaskId PhaseEnds::before(std::int64_t phase) const {
    const auto next = last_.lower_bound(phase);
    return next == last_.begin() ? TaskId() : std::prev(next)->second;
}

std::optional<std::int64_t> PhaseEnds::waitsFor(const Transfer& transfer) const { return readFrom_[transfer.tensor]; }

}  // namespace millrace::schedule
