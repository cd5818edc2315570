#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "schedule/boxindex.h"
#include "schedule/names.h"
#include "schedule/parts.h"
#include "schedule/sums.h"

namespace millrace::schedule {

namespace {

/// One access to the data of a tensor in a memory: by a task, by a transfer, or at the end of the schedule.
struct Action {
    enum class Who : std::uint8_t { task, transfer, sum, end };
    Who who;
    std::size_t index = 0;  ///< of a sum: its last task
    Box box;
    Span span;
};

/// All that happens to one tensor in one memory.
struct Place {
    std::vector<BufferId> buffers;
    std::vector<Action> writes;
    std::vector<Action> reads;
};

class Data {
public:
    Data(const Candidate& candidate, Violations& violations)
        : candidate_(candidate), problem_(candidate.problem), schedule_(candidate.schedule), violations_(violations) {}

    void run() {
        collect();
        for (const auto& [key, place] : places_) follow(key.first, key.second, place);
    }

private:
    using Key = std::pair<MemoryId, TensorId>;

    void collect();
    void collectTask(TaskId id);
    void collectSums();
    void follow(MemoryId memory, TensorId tensor, const Place& place);
    std::vector<Box> validity(MemoryId memory, TensorId tensor, const Place& place);
    void read(MemoryId memory, TensorId tensor, const Action& action, const BoxIndex& valid);
    std::string describe(const Action& action) const;
    std::string lacks(MemoryId memory, const Action& action, const Box& gap, const BoxIndex& valid) const;

    const Candidate& candidate_;
    const Problem& problem_;
    const Schedule& schedule_;
    Violations& violations_;
    std::map<Key, Place> places_;
};

void Data::collectTask(TaskId id) {
    const Task& task = problem_.tasks[id];
    const Option& option = candidate_.option(id);
    const Span span = schedule_.placements[id].span;
    for (std::size_t i = 0; i < task.reads.size(); ++i) {
        places_[{option.readMemories[i], task.reads[i].tensor}].reads.push_back(
            {Action::Who::task, id.index(), task.reads[i].box, span});
    }
    for (std::size_t i = 0; i < task.writes.size(); ++i) {
        if (problem_.tensors[task.writes[i].tensor].writers > 1) continue;
        places_[{option.writeMemories[i], task.writes[i].tensor}].writes.push_back(
            {Action::Who::task, id.index(), task.writes[i].box, span});
    }
}

/// Each sum is one write. Reports what cannot be added up in place.
void Data::collectSums() {
    for (Sum& sum : sums(problem_, schedule_, candidate_.placed)) {
        const auto what = [&] { return fmt::format("{} {}", name(problem_, sum.tensor), text(sum.box)); };
        const Addition* last = &sum.additions.front();
        for (const Addition& next : sum.additions) {
            if (next.memory != last->memory) {
                violations_.add(
                    fmt::format("{} adds to {} in {}, but {} adds to it in {}", name(problem_, last->task), what(),
                                name(problem_, last->memory), name(problem_, next.task), name(problem_, next.memory)),
                    "the tasks of a sum add to it in one memory");
            }
            if (&next != last && next.span.start < last->span.end) {
                violations_.add(
                    fmt::format("{} and {} add to {} at the same time, {} and {}", name(problem_, last->task),
                                name(problem_, next.task), what(), text(last->span), text(next.span)),
                    "the tasks of a sum run one after another");
            }
            last = &next;
        }
        places_[{last->memory, sum.tensor}].writes.push_back(
            {Action::Who::sum, last->task.index(), std::move(sum.box), sum.span});
    }
}

void Data::collect() {
    for (const TaskId id : problem_.tasks.ids()) {
        if (candidate_.placed[id.index()]) collectTask(id);
    }
    collectSums();
    for (const TransferId id : schedule_.transfers.ids()) {
        if (!candidate_.transfer[id.index()]) continue;
        const Transfer& transfer = schedule_.transfers[id];
        const Action action{Action::Who::transfer, id.index(), transfer.box, transfer.span};
        places_[{transfer.from, transfer.tensor}].reads.push_back(action);
        places_[{transfer.to, transfer.tensor}].writes.push_back(action);
    }
    for (const BufferId id : schedule_.buffers.ids()) {
        if (!candidate_.buffer[id.index()]) continue;
        const Buffer& buffer = schedule_.buffers[id];
        places_[{buffer.memory, buffer.tensor}].buffers.push_back(id);
    }
    const Span end{schedule_.latency, schedule_.latency};
    for (const TensorId id : problem_.tensors.ids()) {
        const Tensor& tensor = problem_.tensors[id];
        if (!tensor.final.valid()) continue;
        places_[{tensor.final, id}].reads.push_back({Action::Who::end, 0, tensor.whole(), end});
    }
}

void Data::follow(MemoryId memory, TensorId tensor, const Place& place) {
    const BoxIndex valid(validity(memory, tensor, place));
    if (problem_.tensors[tensor].initial == memory) return;
    for (const Action& action : place.reads) read(memory, tensor, action, valid);
}

/// Where and when data are valid: boxes with time as the last axis. Reports writes that have no buffer.
std::vector<Box> Data::validity(MemoryId memory, TensorId tensor, const Place& place) {
    std::vector<Box> rooms;
    for (const BufferId id : place.buffers) {
        rooms.push_back(extended(schedule_.buffers[id].box, schedule_.buffers[id].span));
    }
    const BoxIndex index(std::move(rooms));
    std::vector<Box> valid;
    for (const Action& action : place.writes) {
        std::vector<Box> covers;
        for (const std::size_t i : index.touching(extended(action.box, action.span))) {
            const Buffer& buffer = schedule_.buffers[place.buffers[i]];
            if (buffer.span.start > action.span.start || buffer.span.end < action.span.end) continue;
            if (!overlaps(buffer.box, action.box)) continue;
            covers.push_back(intersect(buffer.box, action.box));
            valid.push_back(extended(covers.back(), {action.span.end, buffer.span.end}));
        }
        std::vector<const Box*> pointers;
        for (const Box& cover : covers) pointers.push_back(&cover);
        if (const auto gap = uncovered(action.box, pointers)) {
            violations_.add(fmt::format("{} writes {} {} into {}, where no buffer holds {} over {}", describe(action),
                                        name(problem_, tensor), text(action.box), name(problem_, memory), text(*gap),
                                        text(action.span)),
                            "a write needs buffers for its box from its start to its end");
        }
    }
    return valid;
}

void Data::read(MemoryId memory, TensorId tensor, const Action& action, const BoxIndex& valid) {
    const bool instant = action.span.start == action.span.end;
    std::vector<Box> flat;
    std::vector<const Box*> covers;
    const Box needed = extended(action.box, action.span);
    const std::vector<std::size_t> near = valid.touching(needed);
    flat.reserve(near.size());
    for (const std::size_t i : near) {
        if (instant) {
            flat.push_back(valid[i]);
            flat.back().pop_back();
            covers.push_back(&flat.back());
        } else {
            covers.push_back(&valid[i]);
        }
    }
    const auto gap = uncovered(instant ? action.box : needed, covers);
    if (!gap) return;
    Box where = *gap;
    std::string when = fmt::format("at {}", action.span.start.value());
    if (!instant) {
        when = fmt::format("in {}", text(Span{Cycles(where.back().begin), Cycles(where.back().end)}));
        where.pop_back();
    }
    violations_.add(fmt::format("{} needs {} {} in {} over {}, but {} is not valid there {}{}", describe(action),
                                name(problem_, tensor), text(action.box), name(problem_, memory), text(action.span),
                                text(where), when, lacks(memory, action, where, valid)));
}

/// What is known of the missing part: when it comes or went.
std::string Data::lacks(MemoryId memory, const Action& action, const Box& gap, const BoxIndex& valid) const {
    const Box ever = extended(gap, {Cycles(0), kForever});
    std::optional<std::int64_t> comes;
    std::optional<std::int64_t> went;
    for (const std::size_t i : valid.touching(ever)) {
        Box box = valid[i];
        const Interval time = box.back();
        box.pop_back();
        if (!overlaps(box, gap)) continue;
        if (time.begin > action.span.start.value()) comes = std::min(comes.value_or(time.begin), time.begin);
        if (time.end < action.span.end.value()) went = std::max(went.value_or(time.end), time.end);
    }
    if (comes) return fmt::format("; it arrives at {}", *comes);
    if (went) return fmt::format("; its buffer ends at {}", *went);
    return fmt::format("; it never arrives in {}", name(problem_, memory));
}

std::string Data::describe(const Action& action) const {
    switch (action.who) {
        case Action::Who::task: return name(problem_, TaskId(action.index));
        case Action::Who::transfer: return name(problem_, schedule_, TransferId(action.index));
        case Action::Who::sum: return "the sum that ends with " + name(problem_, TaskId(action.index));
        case Action::Who::end: break;
    }
    return "the end of the schedule";
}

}  // namespace

void verifyData(const Candidate& candidate, Violations& violations) { Data(candidate, violations).run(); }

}  // namespace millrace::schedule
