#include "idleoracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "oracle.h"

namespace millrace::test {

using namespace schedule;

namespace {

/// (end, what ended): tasks before transfers.
struct Event {
    std::int64_t at = 0;
    TaskId task = {};
    TransferId transfer = {};
};

bool before(const Event& a, const Event& b) {
    if (a.at != b.at) return a.at < b.at;
    if (a.task.valid() != b.task.valid()) return b.task.valid();
    if (a.task.valid()) return b.task < a.task;
    return b.transfer < a.transfer;
}

class Explainer {
public:
    Explainer(const Problem& problem, const Schedule& schedule) : problem_(problem), schedule_(schedule) {}

    std::optional<IdlePart> why(CoreId core, std::int64_t cycle) {
        std::optional<std::tuple<std::int64_t, std::int64_t, TaskId>> next;
        for (const TaskId id : problem_.tasks.ids()) {
            const Placement& placement = schedule_.placements[id];
            if (!(placement.core == core)) continue;
            const std::int64_t start = placement.span.start.value();
            const std::int64_t end = placement.span.end.value();
            if (start <= cycle && cycle < end) return std::nullopt;
            if (end <= cycle) from_ = std::max(from_, end);
            if (start > cycle) next = std::min(next.value_or(std::tuple(start, end, id)), std::tuple(start, end, id));
        }
        cycle_ = cycle;
        part_.span = {Cycles(cycle), Cycles(cycle + 1)};
        if (!next) return part_;
        part_.next = std::get<2>(*next);
        task(part_.next);
        return part_;
    }

private:
    using Rooms = std::set<BufferId>;

    void task(TaskId id) {
        const Placement& placement = schedule_.placements[id];
        const Option& option = problem_.tasks[id].options[placement.option];
        const Event last = latest(eventsOf(id), placement.span.start);
        if (cycle_ < last.at) return waits(last);
        Rooms rooms;
        for (std::size_t i = 0; i < problem_.tasks[id].writes.size(); ++i) {
            const Access& write = problem_.tasks[id].writes[i];
            addRooms(option.writeMemories[i], write.tensor, write.box, placement.span, rooms);
        }
        std::map<MemoryId, std::int64_t> scratch;
        for (const Scratch& each : option.scratch) scratch[each.memory] += each.bits.value();
        part_.cause = full(rooms, scratch, placement.span.start) ? IdleCause::space : IdleCause::order;
    }

    void waits(const Event& last) {
        if (last.task.valid()) {
            part_.cause = IdleCause::predecessor;
            part_.task = last.task;
            return;
        }
        part_.transfer = last.transfer;
        const Transfer& transfer = schedule_.transfers[last.transfer];
        part_.cause = IdleCause::input;
        if (cycle_ >= transfer.span.start.value()) return;
        const Event sooner = latest(eventsOf(last.transfer), transfer.span.start);
        if (cycle_ < sooner.at) return waits(sooner);
        const TransferId leader = transfer.with.valid() ? transfer.with : last.transfer;
        Rooms rooms;
        for (const Transfer& each : schedule_.transfers) {
            if (&each != &schedule_.transfers[leader] && !(each.with == leader)) continue;
            addRooms(each.to, each.tensor, each.box, each.span, rooms);
        }
        if (taken(leader, std::max(sooner.at, from_))) {
            part_.cause = IdleCause::link;
        } else {
            part_.cause = full(rooms, {}, transfer.span.start) ? IdleCause::space : IdleCause::order;
        }
    }

    static Event latest(const std::vector<Event>& events, Cycles until) {
        Event last;
        for (const Event& event : events) {
            if (event.at <= until.value() && before(last, event)) last = event;
        }
        return last;
    }

    bool meet(const Box& a, const Box& b) const {
        const std::vector<Element> all = elements(a);
        const std::vector<Element> others = elements(b);
        return std::any_of(all.begin(), all.end(), [&](const Element& element) {
            return std::find(others.begin(), others.end(), element) != others.end();
        });
    }

    /// Who writes this box of a sum, in order.
    std::vector<std::tuple<std::int64_t, std::int64_t, TaskId>> turns(TensorId tensor, const Box& box) const {
        std::vector<std::tuple<std::int64_t, std::int64_t, TaskId>> result;
        for (const TaskId id : problem_.tasks.ids()) {
            const Span span = schedule_.placements[id].span;
            for (const Access& write : problem_.tasks[id].writes) {
                if (!(write.tensor == tensor) || !meet(write.box, box)) continue;
                result.push_back({span.start.value(), span.end.value(), id});
            }
        }
        std::sort(result.begin(), result.end());
        return result;
    }

    void addArrivals(MemoryId memory, TensorId tensor, const Box& box, std::vector<Event>& events) const {
        for (const TaskId id : problem_.tasks.ids()) {
            const Task& task = problem_.tasks[id];
            const Placement& placement = schedule_.placements[id];
            for (std::size_t i = 0; i < task.writes.size(); ++i) {
                if (!(task.options[placement.option].writeMemories[i] == memory)) continue;
                if (!(task.writes[i].tensor == tensor) || !meet(task.writes[i].box, box)) continue;
                const bool last = problem_.tensors[tensor].writers == 1 ||
                                  std::get<2>(turns(tensor, task.writes[i].box).back()) == id;
                if (last) events.push_back({placement.span.end.value(), id, {}});
            }
        }
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            if (!(transfer.to == memory) || !(transfer.tensor == tensor) || !meet(transfer.box, box)) continue;
            events.push_back({transfer.span.end.value(), {}, id});
        }
    }

    void addPhases(std::int64_t phase, std::vector<Event>& events) const {
        for (const TaskId id : problem_.tasks.ids()) {
            if (problem_.groups[problem_.tasks[id].group].phase >= phase) continue;
            events.push_back({schedule_.placements[id].span.end.value(), id, {}});
        }
    }

    std::vector<Event> eventsOf(TaskId id) const {
        std::vector<Event> events;
        const Task& task = problem_.tasks[id];
        const Option& option = task.options[schedule_.placements[id].option];
        addPhases(problem_.groups[task.group].phase, events);
        for (std::size_t i = 0; i < task.reads.size(); ++i) {
            addArrivals(option.readMemories[i], task.reads[i].tensor, task.reads[i].box, events);
        }
        for (const Access& write : task.writes) {
            if (problem_.tensors[write.tensor].writers == 1) continue;
            const auto all = turns(write.tensor, write.box);
            for (std::size_t i = 1; i < all.size(); ++i) {
                if (std::get<2>(all[i]) == id) events.push_back({std::get<1>(all[i - 1]), std::get<2>(all[i - 1]), {}});
            }
        }
        return events;
    }

    std::vector<Event> eventsOf(TransferId id) const {
        std::vector<Event> events;
        const Transfer& transfer = schedule_.transfers[id];
        addArrivals(transfer.from, transfer.tensor, transfer.box, events);
        if (!problem_.weightsWaitForPhase || problem_.tensors[transfer.tensor].kind != DataClass::weight) return events;
        std::set<std::int64_t> phases;
        for (const Task& task : problem_.tasks) {
            for (const Access& read : task.reads) {
                if (read.tensor == transfer.tensor) phases.insert(problem_.groups[task.group].phase);
            }
        }
        if (!phases.empty()) addPhases(*phases.begin(), events);
        return events;
    }

    void addRooms(MemoryId memory, TensorId tensor, const Box& box, Span write, Rooms& rooms) const {
        for (const BufferId id : schedule_.buffers.ids()) {
            const Buffer& buffer = schedule_.buffers[id];
            const bool lasts = buffer.span.start <= write.start && buffer.span.end >= write.end;
            if (lasts && buffer.memory == memory && buffer.tensor == tensor && meet(buffer.box, box)) rooms.insert(id);
        }
    }

    std::int64_t held(MemoryId memory, std::int64_t time) const {
        std::int64_t bits = 0;
        for (const Tensor& tensor : problem_.tensors) {
            if (tensor.initial == memory && !problem_.memories[memory].offchip)
                bits += tensor.size(tensor.whole()).value();
        }
        for (const Buffer& buffer : schedule_.buffers) {
            if (!(buffer.memory == memory) || !during(buffer.span, time)) continue;
            bits += problem_.tensors[buffer.tensor].size(buffer.box).value();
        }
        for (const TaskId id : problem_.tasks.ids()) {
            const Placement& placement = schedule_.placements[id];
            for (const Scratch& scratch : problem_.tasks[id].options[placement.option].scratch) {
                if (scratch.memory == memory && during(placement.span, time)) bits += scratch.bits.value();
            }
        }
        return bits;
    }

    static bool during(Span span, std::int64_t time) { return span.start.value() <= time && time < span.end.value(); }

    /// Sets the memory that is full last.
    bool full(const Rooms& rooms, const std::map<MemoryId, std::int64_t>& scratch, Cycles start) {
        for (std::int64_t time = start.value() - 1; time >= cycle_; --time) {
            for (const MemoryId memory : problem_.memories.ids()) {
                std::int64_t missing = scratch.count(memory) > 0 ? scratch.at(memory) : 0;
                for (const BufferId id : rooms) {
                    const Buffer& buffer = schedule_.buffers[id];
                    if (!(buffer.memory == memory) || buffer.span.start.value() <= time) continue;
                    missing += problem_.tensors[buffer.tensor].size(buffer.box).value();
                }
                if (missing == 0 || held(memory, time) + missing <= problem_.memories[memory].capacity.value())
                    continue;
                part_.memory = memory;
                return true;
            }
        }
        return false;
    }

    std::int64_t timesCarried(TransferId leader, LinkId link) const {
        std::int64_t most = 0;
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            if (!(id == leader) && !(transfer.with == leader)) continue;
            most = std::max<std::int64_t>(most, std::count(transfer.route.begin(), transfer.route.end(), link));
        }
        return most;
    }

    std::int64_t carried(LinkId link, std::int64_t time) const {
        std::int64_t sum = 0;
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            if (transfer.with.valid() || !during(transfer.span, time)) continue;
            sum += timesCarried(id, link) * transfer.bandwidth;
        }
        return sum;
    }

    /// Sets the link that bars first of those that bar now.
    bool taken(TransferId leader, std::int64_t since) {
        const Transfer& transfer = schedule_.transfers[leader];
        const std::int64_t start = transfer.span.start.value();
        const std::int64_t reach = transfer.span.length().value() - 1;
        std::optional<std::int64_t> first;
        for (const LinkId link : problem_.links.ids()) {
            const std::int64_t needed = timesCarried(leader, link) * transfer.bandwidth;
            if (needed == 0) continue;
            const auto lacks = [&](std::int64_t time) {
                return carried(link, time) + needed > problem_.links[link].bandwidth;
            };
            for (std::int64_t time = since; time < start; ++time) {
                if (!lacks(time) || (time > since && lacks(time - 1))) continue;
                std::int64_t end = time;
                while (end < start && lacks(end)) ++end;
                const std::int64_t begin = std::max(since, time - reach);
                if (cycle_ < begin || cycle_ >= end || (first && *first <= begin)) continue;
                first = begin;
                part_.link = link;
            }
        }
        return first.has_value();
    }

    const Problem& problem_;
    const Schedule& schedule_;
    std::int64_t cycle_ = 0;
    std::int64_t from_ = 0;
    IdlePart part_;
};

}  // namespace

std::optional<IdlePart> whyIdle(const Problem& problem, const Schedule& schedule, CoreId core, std::int64_t cycle) {
    return Explainer(problem, schedule).why(core, cycle);
}

}  // namespace millrace::test
