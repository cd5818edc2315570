#include "explore/search/state.h"

#include <algorithm>
#include <cassert>

namespace millrace::search {

using schedule::BufferId;
using schedule::kForever;
using schedule::MemoryId;
using schedule::Span;
using schedule::TaskId;
using schedule::TensorId;
using schedule::Timeline;
using schedule::TransferId;

State::State(schedule::Problem problem, const platform::Platform& platform)
    : problem_(std::move(problem)), platform_(platform) {
    for (std::size_t i = 0; i < problem_.cores.size(); ++i) cores_.emplace_back(1);
    for (const schedule::Link& link : problem_.links) links_.emplace_back(link.bandwidth);
    for (const schedule::Memory& memory : problem_.memories) memories_.emplace_back(memory.capacity.value());
    for (const schedule::Tensor& tensor : problem_.tensors) {
        std::vector<Resident> residents;
        if (tensor.initial.valid()) residents.push_back({tensor.initial, tensor.whole(), Cycles(0), {}, Cycles(0)});
        residents_.add(std::move(residents));
    }
}

State::Mark State::mark() const {
    return {problem_.tasks.size(), schedule_.buffers.size(), schedule_.transfers.size(), changes_.size(),
            bookings_.size()};
}

void State::undo(const Mark& mark) {
    while (changes_.size() > mark.changes) {
        if (auto* old = std::get_if<OldEnd>(&changes_.back())) {
            schedule_.buffers[old->buffer].span.end = old->end;
        } else if (auto* added = std::get_if<Added>(&changes_.back())) {
            residents_[added->tensor].pop_back();
        } else {
            auto& residents = std::get<OldResidents>(changes_.back());
            residents_[residents.tensor] = std::move(residents.residents);
        }
        changes_.pop_back();
    }
    while (bookings_.size() > mark.bookings) {
        const Booking& booking = bookings_.back();
        booking.timeline->book(booking.span, -booking.amount);
        bookings_.pop_back();
    }
    problem_.tasks.resize(mark.tasks);
    schedule_.placements.resize(mark.tasks);
    schedule_.buffers.resize(mark.buffers);
    schedule_.transfers.resize(mark.transfers);
    arrivals_.resize(mark.transfers);
}

void State::book(Timeline& timeline, Span span, std::int64_t amount) {
    timeline.book(span, amount);
    bookings_.push_back({&timeline, span, amount});
}

std::int64_t State::freeForever(MemoryId memory) const {
    const Timeline& timeline = memories_[memory.index()];
    return timeline.capacity() - timeline.finally();
}

BufferId State::addBuffer(MemoryId memory, TensorId tensor, const Box& box, Cycles start) {
    const Span span{start, kForever};
    book(memories_[memory.index()], span, problem_.tensors[tensor].size(box).value());
    return schedule_.buffers.add({memory, tensor, box, span});
}

void State::close(BufferId id, Cycles end) {
    schedule::Buffer& buffer = schedule_.buffers[id];
    assert(buffer.span.end == kForever && end >= buffer.span.start);
    changes_.push_back(OldEnd{id, buffer.span.end});
    buffer.span.end = end;
    book(memories_[buffer.memory.index()], {end, kForever}, -problem_.tensors[buffer.tensor].size(buffer.box).value());
}

std::optional<TransferId> State::transfer(TensorId tensor, const Box& box, MemoryId source, MemoryId to, Cycles from,
                                          schedule::TransferCause cause) {
    const platform::Route* route = platform_.route(source, to);
    if (route == nullptr) return std::nullopt;
    const std::int64_t bits = problem_.tensors[tensor].size(box).value();
    const Cycles duration(ceilDiv(bits, route->bandwidth));
    demands_.clear();
    for (const schedule::LinkId link : route->links) demands_.push_back({&links_[link.index()], route->bandwidth});
    std::optional<Cycles> start = from;
    for (Cycles last(-1); start && *start != last;) {
        last = *start;
        start = schedule::earliest(demands_, *start, duration);
        if (start) start = memories_[to.index()].earliestForever(*start, bits);
    }
    if (!start) return std::nullopt;
    const Span span{*start, *start + duration};
    for (const schedule::LinkId link : route->links) book(links_[link.index()], span, route->bandwidth);
    arrivals_.add(addBuffer(to, tensor, box, span.start));
    return schedule_.transfers.add({tensor, box, source, to, route->links, route->bandwidth, span, cause});
}

std::optional<State::Ran> State::run(schedule::Task task, Cycles from) {
    const schedule::Option& option = task.options.front();
    Table<MemoryId, std::int64_t> scratch(problem_.memories.size(), 0);
    Table<MemoryId, std::int64_t> outputs(problem_.memories.size(), 0);
    for (const schedule::Scratch& room : option.scratch) scratch[room.memory] += room.bits.value();
    for (std::size_t i = 0; i < task.writes.size(); ++i) {
        outputs[option.writeMemories[i]] += problem_.tensors[task.writes[i].tensor].size(task.writes[i].box).value();
    }
    std::optional<Cycles> start = from;
    for (Cycles last(-1); start && *start != last;) {
        last = *start;
        start = cores_[option.core.index()].earliest(*start, option.duration, 1);
        for (const MemoryId id : problem_.memories.ids()) {
            if (!start || outputs[id] + scratch[id] == 0) continue;
            const Timeline& memory = memories_[id.index()];
            start = memory.earliest(*start, option.duration, outputs[id] + scratch[id]);
            if (start) start = memory.earliestForever(*start, outputs[id]);
        }
    }
    if (!start) return std::nullopt;
    Ran ran;
    ran.span = {*start, *start + option.duration};
    book(cores_[option.core.index()], ran.span, 1);
    for (const MemoryId id : problem_.memories.ids()) {
        if (scratch[id] > 0) book(memories_[id.index()], ran.span, scratch[id]);
    }
    for (std::size_t i = 0; i < task.writes.size(); ++i) {
        ran.outputs.push_back(
            addBuffer(option.writeMemories[i], task.writes[i].tensor, task.writes[i].box, ran.span.start));
    }
    schedule_.placements.add({option.core, 0, ran.span});
    ran.task = problem_.tasks.add(std::move(task));
    return ran;
}

void State::addResident(TensorId tensor, Resident resident) {
    changes_.push_back(Added{tensor});
    residents_[tensor].push_back(std::move(resident));
}

void State::setResidents(TensorId tensor, std::vector<Resident> residents) {
    changes_.push_back(OldResidents{tensor, std::move(residents_[tensor])});
    residents_[tensor] = std::move(residents);
}

schedule::Schedule State::finish() {
    Cycles latency;
    for (const schedule::Placement& placement : schedule_.placements) latency = std::max(latency, placement.span.end);
    for (const schedule::Transfer& transfer : schedule_.transfers) latency = std::max(latency, transfer.span.end);
    for (schedule::Buffer& buffer : schedule_.buffers) {
        if (buffer.span.end == kForever) buffer.span.end = std::max(latency, buffer.span.start);
    }
    schedule_.latency = latency;
    schedule_.energy = schedule::energy(problem_, schedule_);
    return std::move(schedule_);
}

}  // namespace millrace::search
