#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "schedule/names.h"
#include "schedule/parts.h"
#include "schedule/sums.h"
#include "schedule/validity.h"

namespace millrace::schedule {

namespace {

/// One access to the data of a tensor in a memory: by a task, by a transfer, or at the end of the schedule.
struct Action {
    enum class Who : std::uint8_t { task, transfer, sum, end };
    Who who;
    std::uint32_t access = 0;  ///< of a task: its reads, then its writes
    std::size_t index = 0;     ///< of the task, transfer, sum or tensor
};

/// All that happens to one tensor in one memory.
struct Place {
    MemoryId memory;
    TensorId tensor;
    std::vector<BufferId> buffers;
    std::vector<Action> writes;
    std::vector<Action> reads;
};

class Data {
public:
    Data(const Candidate& candidate, Violations& violations)
        : candidate_(candidate),
          problem_(candidate.problem),
          schedule_(candidate.schedule),
          violations_(violations),
          sums_(sums(candidate.problem, candidate.schedule, candidate.placed)),
          placesOf_(candidate.problem.tensors.size()) {
        for (const Tensor& tensor : problem_.tensors) wholes_.push_back(tensor.whole());
    }

    void run() {
        collect();
        std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
            return std::tie(a.memory, a.tensor) < std::tie(b.memory, b.tensor);
        });
        for (const Place& place : places_) follow(place);
    }

private:
    Place& place(MemoryId memory, TensorId tensor);
    BoxView box(const Action& action, const Place& place) const;
    Span span(const Action& action) const;
    void collect();
    void collectTask(TaskId id);
    void collectSum(std::size_t index);
    void follow(const Place& place);
    void write(const Place& place, const Action& action, Validity& valid);
    void read(const Place& place, const Action& action, Validity& valid);
    std::string describe(const Action& action) const;
    std::string lacks(MemoryId memory, Span needed, BoxView gap, Validity& valid);

    const Candidate& candidate_;
    const Problem& problem_;
    const Schedule& schedule_;
    Violations& violations_;
    std::vector<Sum> sums_;
    std::vector<Box> wholes_;  ///< by tensor
    std::vector<Place> places_;
    Table<TensorId, std::vector<std::pair<MemoryId, std::size_t>>> placesOf_;
    // Kept from one access to the next, to take memory once.
    GapFinder gaps_;
    std::vector<BoxView> covers_;
};

Place& Data::place(MemoryId memory, TensorId tensor) {
    auto& known = placesOf_[tensor];
    for (const auto& [where, at] : known) {
        if (where == memory) return places_[at];
    }
    known.push_back({memory, places_.size()});
    places_.push_back({memory, tensor, {}, {}, {}});
    return places_.back();
}

BoxView Data::box(const Action& action, const Place& place) const {
    switch (action.who) {
        case Action::Who::task: break;
        case Action::Who::transfer: return schedule_.transfers[TransferId(action.index)].box;
        case Action::Who::sum: return sums_[action.index].box;
        case Action::Who::end: return wholes_[place.tensor.index()];
    }
    const Task& task = problem_.tasks[TaskId(action.index)];
    const std::size_t reads = task.reads.size();
    return action.access < reads ? task.reads[action.access].box : task.writes[action.access - reads].box;
}

Span Data::span(const Action& action) const {
    switch (action.who) {
        case Action::Who::task: return schedule_.placements[TaskId(action.index)].span;
        case Action::Who::transfer: return schedule_.transfers[TransferId(action.index)].span;
        case Action::Who::sum: return sums_[action.index].span;
        case Action::Who::end: break;
    }
    return {schedule_.latency, schedule_.latency};
}

void Data::collectTask(TaskId id) {
    const Task& task = problem_.tasks[id];
    const Option& option = candidate_.option(id);
    std::uint32_t access = 0;
    for (std::size_t i = 0; i < task.reads.size(); ++i) {
        place(option.readMemories[i], task.reads[i].tensor).reads.push_back({Action::Who::task, access++, id.index()});
    }
    for (std::size_t i = 0; i < task.writes.size(); ++i, ++access) {
        if (problem_.tensors[task.writes[i].tensor].writers > 1) continue;
        place(option.writeMemories[i], task.writes[i].tensor).writes.push_back({Action::Who::task, access, id.index()});
    }
}

/// A sum is one write. Reports what cannot be added up in place.
void Data::collectSum(std::size_t index) {
    const Sum& sum = sums_[index];
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
            violations_.add(fmt::format("{} and {} add to {} at the same time, {} and {}", name(problem_, last->task),
                                        name(problem_, next.task), what(), text(last->span), text(next.span)),
                            "the tasks of a sum run one after another");
        }
        last = &next;
    }
    place(last->memory, sum.tensor).writes.push_back({Action::Who::sum, 0, index});
}

void Data::collect() {
    for (const TaskId id : problem_.tasks.ids()) {
        if (candidate_.placed[id.index()]) collectTask(id);
    }
    for (std::size_t i = 0; i < sums_.size(); ++i) collectSum(i);
    for (const TransferId id : schedule_.transfers.ids()) {
        if (!candidate_.transfer[id.index()]) continue;
        const Transfer& transfer = schedule_.transfers[id];
        const Action action{Action::Who::transfer, 0, id.index()};
        place(transfer.from, transfer.tensor).reads.push_back(action);
        place(transfer.to, transfer.tensor).writes.push_back(action);
    }
    for (const BufferId id : schedule_.buffers.ids()) {
        if (!candidate_.buffer[id.index()]) continue;
        const Buffer& buffer = schedule_.buffers[id];
        place(buffer.memory, buffer.tensor).buffers.push_back(id);
    }
    for (const TensorId id : problem_.tensors.ids()) {
        const MemoryId memory = problem_.tensors[id].final;
        if (memory.valid()) place(memory, id).reads.push_back({Action::Who::end, 0, id.index()});
    }
}

void Data::follow(const Place& place) {
    Boxes rooms(wholes_[place.tensor.index()].size() + 1);
    rooms.reserve(place.buffers.size());
    for (const BufferId id : place.buffers) rooms.add(schedule_.buffers[id].box, schedule_.buffers[id].span);
    Validity valid(std::move(rooms));
    for (const Action& action : place.writes) write(place, action, valid);
    if (problem_.tensors[place.tensor].initial == place.memory) return;
    valid.settle();
    for (const Action& action : place.reads) read(place, action, valid);
}

/// Reports a write that has no buffer.
void Data::write(const Place& place, const Action& action, Validity& valid) {
    const BoxView written = box(action, place);
    const Span time = span(action);
    covers_.clear();
    valid.write(written, time, covers_);
    const auto gap = gaps_.uncovered(written, covers_);
    if (!gap) return;
    violations_.add(fmt::format("{} writes {} {} into {}, where no buffer holds {} over {}", describe(action),
                                name(problem_, place.tensor), text(Box(written.begin(), written.end())),
                                name(problem_, place.memory), text(*gap), text(time)),
                    "a write needs buffers for its box from its start to its end");
}

void Data::read(const Place& place, const Action& action, Validity& valid) {
    const BoxView wanted = box(action, place);
    const Span time = span(action);
    const bool instant = time.start == time.end;
    const BoxView needed = valid.extended(wanted, time);
    covers_.clear();
    valid.meeting(needed, covers_);
    if (instant) {
        for (BoxView& cover : covers_) cover = cover.first(wanted.size());
    }
    const auto gap = gaps_.uncovered(instant ? wanted : needed, covers_);
    if (!gap) return;
    Box where = *gap;
    std::string when = fmt::format("at {}", time.start.value());
    if (!instant) {
        when = fmt::format("in {}", text(Span{Cycles(where.back().begin), Cycles(where.back().end)}));
        where.pop_back();
    }
    violations_.add(fmt::format("{} needs {} {} in {} over {}, but {} is not valid there {}{}", describe(action),
                                name(problem_, place.tensor), text(Box(wanted.begin(), wanted.end())),
                                name(problem_, place.memory), text(time), text(where), when,
                                lacks(place.memory, time, where, valid)));
}

/// What is known of the missing part: when it comes or went.
std::string Data::lacks(MemoryId memory, Span needed, BoxView gap, Validity& valid) {
    std::optional<std::int64_t> comes;
    std::optional<std::int64_t> went;
    covers_.clear();
    valid.meeting(valid.extended(gap, {Cycles(0), kForever}), covers_);
    for (const BoxView cover : covers_) {
        const Interval time = cover.back();
        if (time.begin > needed.start.value()) comes = std::min(comes.value_or(time.begin), time.begin);
        if (time.end < needed.end.value()) went = std::max(went.value_or(time.end), time.end);
    }
    if (comes) return fmt::format("; it arrives at {}", *comes);
    if (went) return fmt::format("; its buffer ends at {}", *went);
    return fmt::format("; it never arrives in {}", name(problem_, memory));
}

std::string Data::describe(const Action& action) const {
    switch (action.who) {
        case Action::Who::task: return name(problem_, TaskId(action.index));
        case Action::Who::transfer: return name(problem_, schedule_, TransferId(action.index));
        case Action::Who::sum:
            return "the sum that ends with " + name(problem_, sums_[action.index].additions.back().task);
        case Action::Who::end: break;
    }
    return "the end of the schedule";
}

}  // namespace

void verifyData(const Candidate& candidate, Violations& violations) { Data(candidate, violations).run(); }

}  // namespace millrace::schedule
