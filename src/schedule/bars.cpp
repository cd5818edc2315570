#include "schedule/bars.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace millrace::schedule {

Bars::Bars(const Problem& problem, const Schedule& schedule, const Arrivals& arrivals)
    : problem_(problem), schedule_(schedule), arrivals_(arrivals), own_(schedule), links_(problem.links.size()) {
    for (const TransferId id : schedule.transfers.ids()) {
        const Transfer& transfer = schedule.transfers[id];
        if (follows(schedule, id)) followers_.push_back({transfer.with, id});
        for (const LinkId link : own_[id]) links_[link.index()].add(transfer.span, transfer.bandwidth);
    }
    std::sort(followers_.begin(), followers_.end());
    for (Course& course : links_) course.settle();
    fillMemories();
}

void Bars::fillMemories() {
    std::vector<std::int64_t> always(problem_.memories.size(), 0);
    for (const Tensor& tensor : problem_.tensors) {
        if (!tensor.initial.valid() || problem_.memories[tensor.initial].offchip) continue;
        always[tensor.initial.index()] += tensor.size(tensor.whole()).value();
    }
    for (const std::int64_t bits : always) memories_.push_back(Course(bits));
    for (const Buffer& buffer : schedule_.buffers) {
        memories_[buffer.memory.index()].add(buffer.span, problem_.tensors[buffer.tensor].size(buffer.box).value());
    }
    for (const TaskId id : problem_.tasks.ids()) {
        const Placement& placement = schedule_.placements[id];
        for (const Scratch& scratch : problem_.tasks[id].options[placement.option].scratch) {
            memories_[scratch.memory.index()].add(placement.span, scratch.bits.value());
        }
    }
    for (Course& course : memories_) course.settle();
}

std::vector<TransferId> Bars::together(TransferId id) const {
    const TransferId leader = follows(schedule_, id) ? schedule_.transfers[id].with : id;
    std::vector<TransferId> result{leader};
    auto next = std::lower_bound(followers_.begin(), followers_.end(), std::pair(leader, TransferId(0)));
    for (; next != followers_.end() && next->first == leader; ++next) result.push_back(next->second);
    return result;
}

std::vector<Bars::Room> Bars::rooms(std::vector<BufferId> buffers) const {
    std::sort(buffers.begin(), buffers.end());
    buffers.erase(std::unique(buffers.begin(), buffers.end()), buffers.end());
    std::vector<Room> result;
    for (const BufferId id : buffers) {
        const Buffer& buffer = schedule_.buffers[id];
        result.push_back({buffer.memory, buffer.span.start, problem_.tensors[buffer.tensor].size(buffer.box).value()});
    }
    return result;
}

/// From the start of `within` to the last time in it at which a memory lacks what of the rooms is not open yet.
std::optional<Bar> Bars::byRoom(std::vector<Room> rooms, Span within) const {
    std::sort(rooms.begin(), rooms.end(),
              [](const Room& a, const Room& b) { return std::tie(a.memory, b.start) < std::tie(b.memory, a.start); });
    std::optional<Bar> result;
    std::int64_t needed = 0;
    for (std::size_t i = 0; i < rooms.size(); ++i) {
        const bool goesOn = i + 1 < rooms.size() && rooms[i + 1].memory == rooms[i].memory;
        needed += rooms[i].bits;
        const Cycles from = goesOn ? std::max(within.start, rooms[i + 1].start) : within.start;
        const Span span{result ? std::max(from, result->span.end) : from, std::min(within.end, rooms[i].start)};
        const MemoryId memory = rooms[i].memory;
        memories_[memory.index()].above(span, problem_.memories[memory].capacity.value() - needed, [&](Span full) {
            result = Bar{{within.start, full.end}, {}, memory};
            return false;
        });
        if (!goesOn) needed = 0;
    }
    return result;
}

/// In order of time, disjoint; where several links bar, the one whose bar begins first, then the smaller id.
std::vector<Bar> Bars::byLinks(const std::vector<TransferId>& together, Span within) const {
    const Transfer& leader = schedule_.transfers[together.front()];
    std::map<LinkId, std::int64_t> needed;
    for (const TransferId id : together) {
        for (const LinkId link : own_[id]) needed[link] += leader.bandwidth;
    }
    std::vector<Bar> all;
    for (const auto& [link, bandwidth] : needed) {
        const LinkId id = link;
        links_[id.index()].above(within, problem_.links[id].bandwidth - bandwidth, [&](Span taken) {
            const Cycles first = taken.start - leader.span.length() + Cycles(1);
            all.push_back({{std::max(within.start, first), taken.end}, id, {}});
            return true;
        });
    }
    std::sort(all.begin(), all.end(), [](const Bar& a, const Bar& b) {
        return std::tie(a.span.start, a.link, a.span.end) < std::tie(b.span.start, b.link, b.span.end);
    });
    std::vector<Bar> result;
    Cycles at = within.start;
    for (Bar& bar : all) {
        if (bar.span.end <= at) continue;
        bar.span.start = std::max(bar.span.start, at);
        at = bar.span.end;
        result.push_back(bar);
    }
    return result;
}

std::vector<Bar> Bars::ofTask(TaskId id, Span within) const {
    const Task& task = problem_.tasks[id];
    const Placement& placement = schedule_.placements[id];
    const Option& option = task.options[placement.option];
    std::vector<BufferId> buffers;
    for (std::size_t i = 0; i < task.writes.size(); ++i) {
        const Access& write = task.writes[i];
        arrivals_.buffers(option.writeMemories[i], write.tensor, write.box, placement.span, within.start, buffers);
    }
    std::vector<Room> needed = rooms(std::move(buffers));
    for (const Scratch& scratch : option.scratch) {
        needed.push_back({scratch.memory, placement.span.start, scratch.bits.value()});
    }
    std::vector<Bar> result;
    if (const auto bar = byRoom(std::move(needed), within)) result.push_back(*bar);
    return result;
}

std::vector<Bar> Bars::ofTransfer(TransferId id, Span within) const {
    const std::vector<TransferId> all = together(id);
    std::vector<Bar> bars = byLinks(all, within);
    std::vector<BufferId> buffers;
    for (const TransferId each : all) {
        const Transfer& transfer = schedule_.transfers[each];
        arrivals_.buffers(transfer.to, transfer.tensor, transfer.box, transfer.span, within.start, buffers);
    }
    const auto room = byRoom(rooms(std::move(buffers)), within);
    if (!room) return bars;
    std::vector<Bar> result;
    Cycles at = within.start;
    const auto fill = [&](Cycles until) {
        const Cycles end = std::min(until, room->span.end);
        if (at < end) result.push_back({{at, end}, {}, room->memory});
    };
    for (const Bar& bar : bars) {
        fill(bar.span.start);
        result.push_back(bar);
        at = bar.span.end;
    }
    fill(within.end);
    return result;
}

}  // namespace millrace::schedule
