#include "schedule/idle.h"

#include <algorithm>
#include <tuple>

#include "schedule/arrivals.h"
#include "schedule/bars.h"
#include "schedule/phases.h"

namespace millrace::schedule {

namespace {

/// Goes back from the starts of tasks.
class Attribution {
public:
    Attribution(const Problem& problem, const Schedule& schedule)
        : problem_(problem),
          schedule_(schedule),
          arrivals_(problem, schedule),
          phases_(problem, schedule, std::vector<bool>(problem.tasks.size(), true)),
          bars_(problem, schedule, arrivals_) {}

    /// The parts of an idle time that ends with the start of a task, in order.
    void explain(Span idle, TaskId next, std::vector<IdlePart>& parts);

private:
    Arrival lastFor(TaskId id, Cycles from) const;
    Arrival lastFor(TransferId id, Cycles from) const;
    Arrival phaseEnd(std::int64_t phase) const;
    /// Parts are made from the last to the first.
    void add(Span span, IdlePart part);
    void waited(Span span, const std::vector<Bar>& bars, TransferId transfer);

    const Problem& problem_;
    const Schedule& schedule_;
    Arrivals arrivals_;
    PhaseEnds phases_;
    Bars bars_;
    TaskId next_;
    std::vector<IdlePart> back_;
};

Arrival Attribution::phaseEnd(std::int64_t phase) const {
    const TaskId before = phases_.before(phase);
    return before.valid() ? Arrival{schedule_.placements[before].span.end, before} : Arrival{};
}

Arrival Attribution::lastFor(TaskId id, Cycles from) const {
    const Task& task = problem_.tasks[id];
    const Placement& placement = schedule_.placements[id];
    const Option& option = task.options[placement.option];
    Arrival last{from};
    const auto consider = [&](const Arrival& other) {
        if (other.at > from && decides(other, last)) last = other;
    };
    consider(phaseEnd(problem_.groups[task.group].phase));
    consider(arrivals_.turn(id));
    for (std::size_t i = 0; i < task.reads.size(); ++i) {
        const Access& read = task.reads[i];
        consider(arrivals_.last(option.readMemories[i], read.tensor, read.box, from, placement.span.start));
    }
    return last;
}

Arrival Attribution::lastFor(TransferId id, Cycles from) const {
    const Transfer& transfer = schedule_.transfers[id];
    Arrival last = arrivals_.last(transfer.from, transfer.tensor, transfer.box, from, transfer.span.start);
    if (const auto phase = phases_.waitsFor(transfer)) {
        const Arrival end = phaseEnd(*phase);
        if (end.at > from && decides(end, last)) last = end;
    }
    return last;
}

void Attribution::add(Span span, IdlePart part) {
    if (span.end <= span.start) return;
    part.span = span;
    part.next = next_;
    back_.push_back(part);
}

void Attribution::waited(Span span, const std::vector<Bar>& bars, TransferId transfer) {
    Cycles at = span.end;
    for (auto bar = bars.rbegin(); bar != bars.rend(); ++bar) {
        add({bar->span.end, at}, {{}, IdleCause::order, {}, transfer});
        const IdleCause cause = bar->link.valid() ? IdleCause::link : IdleCause::space;
        add(bar->span, {{}, cause, {}, transfer, {}, bar->link, bar->memory});
        at = bar->span.start;
    }
    add({span.start, at}, {{}, IdleCause::order, {}, transfer});
}

void Attribution::explain(Span idle, TaskId next, std::vector<IdlePart>& parts) {
    next_ = next;
    back_.clear();
    Arrival last = lastFor(next, idle.start);
    Span wait{last.at, idle.end};
    if (wait.start < wait.end) waited(wait, bars_.ofTask(next, wait), {});
    TransferId waiting;
    while (last.at > idle.start && last.transfer.valid()) {
        waiting = last.transfer;
        const Cycles begun = std::max(idle.start, schedule_.transfers[waiting].span.start);
        add({begun, last.at}, {{}, IdleCause::input, {}, waiting});
        last = begun > idle.start ? lastFor(waiting, idle.start) : Arrival{idle.start};
        wait = {last.at, begun};
        if (wait.start < wait.end) waited(wait, bars_.ofTransfer(waiting, wait), waiting);
    }
    add({idle.start, last.at}, {{}, IdleCause::predecessor, {}, waiting, last.task});
    for (auto part = back_.rbegin(); part != back_.rend(); ++part) {
        const bool more = part != back_.rbegin() && [&] {
            IdlePart same = *part;
            same.span = parts.back().span;
            return same == parts.back();
        }();
        if (more) {
            parts.back().span.end = part->span.end;
        } else {
            parts.push_back(*part);
        }
    }
}

}  // namespace

const char* text(IdleCause cause) {
    switch (cause) {
        case IdleCause::input: return "input";
        case IdleCause::link: return "link";
        case IdleCause::space: return "space";
        case IdleCause::predecessor: return "predecessor";
        case IdleCause::order: return "order";
        case IdleCause::nothing: return "nothing";
    }
    return "unknown";
}

Table<CoreId, CoreIdle> idleTimes(const Problem& problem, const Schedule& schedule) {
    std::vector<TaskId> order = problem.tasks.ids();
    std::sort(order.begin(), order.end(), [&](TaskId a, TaskId b) {
        const Placement& x = schedule.placements[a];
        const Placement& y = schedule.placements[b];
        return std::tie(x.span, a) < std::tie(y.span, b);
    });
    Table<CoreId, CoreIdle> result(problem.cores.size());
    Table<CoreId, Cycles> free(problem.cores.size());
    Attribution attribution(problem, schedule);
    for (const TaskId id : order) {
        const Placement& placement = schedule.placements[id];
        Cycles& from = free[placement.core];
        if (from < placement.span.start) {
            attribution.explain({from, placement.span.start}, id, result[placement.core].parts);
        }
        from = std::max(from, placement.span.end);
    }
    for (const CoreId id : problem.cores.ids()) {
        CoreIdle& core = result[id];
        if (free[id] < schedule.latency) core.parts.push_back({{free[id], schedule.latency}, IdleCause::nothing});
        for (const IdlePart& part : core.parts) core.sums[static_cast<std::size_t>(part.cause)] += part.span.length();
    }
    return result;
}

}  // namespace millrace::schedule
