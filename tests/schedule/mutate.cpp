#include <algorithm>

#include "random.h"

namespace millrace::test {

using namespace schedule;

static void nudge(Span& span, Rng& rng) {
    const Cycles by(rng.below(2) == 0 ? 1 : -1);
    const std::uint64_t which = rng.below(3);
    if (which != 0) span.start += by;
    if (which != 1) span.end += by;
}

template <class IdType, class T>
static T* any(Table<IdType, T>& table, Rng& rng) {
    return table.empty() ? nullptr : &table[IdType(rng.below(table.size()))];
}

static void mutateTransfer(const Problem& problem, std::size_t transfers, Transfer& transfer, Rng& rng) {
    const auto link = [&] { return LinkId(rng.below(problem.links.size())); };
    switch (rng.below(9)) {
        case 0: transfer.bandwidth += rng.between(-1, 1); break;
        case 1: transfer.box = randomPart(problem.tensors[transfer.tensor].whole(), rng); break;
        case 2:
            if (!transfer.route.empty()) transfer.route[rng.below(transfer.route.size())] = link();
            break;
        case 3: transfer.route.push_back(link()); break;
        case 4:
            if (!transfer.route.empty()) transfer.route.pop_back();
            break;
        case 5: transfer.cause = static_cast<TransferCause>(rng.below(6)); break;
        case 6: transfer.with = TransferId(); break;
        case 7: transfer.with = TransferId(rng.below(transfers)); break;
        default: nudge(transfer.span, rng);
    }
}

static void mutateFigures(Schedule& schedule, Rng& rng) {
    Energy& sum = schedule.energy;
    Picojoules* parts[] = {&sum.compute, &sum.memory, &sum.offchip, &sum.spill, &sum.links};
    const std::uint64_t which = rng.below(6);
    if (which == 5) {
        schedule.latency += Cycles(rng.between(-1, 1));
    } else {
        *parts[which] += Picojoules(1e-3);
    }
}

static void mutateProblem(Problem& problem, Rng& rng) {
    switch (rng.below(4)) {
        case 0: any(problem.memories, rng)->capacity = Bits(rng.between(1, 40)); break;
        case 1: any(problem.groups, rng)->phase = rng.between(0, 2); break;
        case 2: {
            Link& link = *any(problem.links, rng);
            link.bandwidth = rng.between(1, 6);
            break;
        }
        default: problem.weightsWaitForPhase = !problem.weightsWaitForPhase;
    }
}

static void mutateOption(const Task& task, Placement& placement, Rng& rng) {
    placement.option = rng.below(task.options.size());
    placement.core = task.options[placement.option].core;
    placement.span.end = placement.span.start + task.options[placement.option].duration;
}

void mutate(Problem& problem, Schedule& schedule, Rng& rng) {
    Buffer* buffer = any(schedule.buffers, rng);
    Transfer* transfer = any(schedule.transfers, rng);
    const TaskId task(rng.below(problem.tasks.size()));
    Placement* placement = &schedule.placements[task];
    switch (rng.below(10)) {
        case 0: nudge(placement->span, rng); break;
        case 1: nudge(buffer->span, rng); break;
        case 2: buffer->box = randomPart(problem.tensors[buffer->tensor].whole(), rng); break;
        case 3:
            if (transfer != nullptr) mutateTransfer(problem, schedule.transfers.size(), *transfer, rng);
            break;
        case 4: schedule.buffers.add(*buffer); break;
        case 5: mutateProblem(problem, rng); break;
        case 6: schedule.interval = Cycles(rng.between(1, schedule.latency.value() + 3)); break;
        case 7: mutateOption(problem.tasks[task], *placement, rng); break;
        case 8: {
            const Cycles by(rng.between(-1, 2));
            placement->span.start += by;
            placement->span.end += by;
            break;
        }
        default: buffer->span.end += Cycles(rng.between(-2, 4));
    }
    if (rng.below(8) == 0) {
        mutateFigures(schedule, rng);
    } else if (rng.below(4) != 0) {
        reckon(problem, schedule);
    }
}

}  // namespace millrace::test
