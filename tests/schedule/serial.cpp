#include <algorithm>
#include <deque>
#include <optional>

#include "random.h"

namespace millrace::test {

using namespace schedule;

namespace {

/// Builds the serial schedule: every result stays where it was made, and its readers fetch from there.
class Serial {
public:
    Serial(const Problem& problem, Rng& rng) : problem_(problem), rng_(rng) {}

    Schedule make() {
        std::vector<TaskId> order = problem_.tasks.ids();
        std::stable_sort(order.begin(), order.end(), [&](TaskId a, TaskId b) { return phase(a) < phase(b); });
        schedule_.placements.resize(order.size());
        // A phase never runs against the data here: layers come in order, and phases only grow or are 0.
        if (!std::is_sorted(order.begin(), order.end())) order = problem_.tasks.ids();
        for (const TaskId id : order) run(id);
        for (const TensorId id : problem_.tensors.ids()) {
            if (problem_.tensors[id].final.valid())
                fetch({id, problem_.tensors[id].whole()}, problem_.tensors[id].final);
        }
        reckon(problem_, schedule_);
        for (const BufferId id : lasting_) schedule_.buffers[id].span.end = schedule_.latency;
        return std::move(schedule_);
    }

private:
    struct Home {
        TensorId tensor;
        Box box;
        MemoryId memory;
        std::int64_t writes = 1;
    };

    std::int64_t phase(TaskId id) const { return problem_.groups[problem_.tasks[id].group].phase; }

    std::optional<std::vector<LinkId>> route(MemoryId from, MemoryId to) const {
        std::vector<std::optional<std::vector<LinkId>>> paths(problem_.cores.size());
        std::deque<CoreId> open;
        for (const CoreId core : problem_.memories[from].cores) {
            paths[core.index()] = std::vector<LinkId>{};
            open.push_back(core);
        }
        while (!open.empty()) {
            const CoreId at = open.front();
            open.pop_front();
            const std::vector<CoreId>& goal = problem_.memories[to].cores;
            if (std::count(goal.begin(), goal.end(), at) > 0) return paths[at.index()];
            for (const LinkId id : problem_.links.ids()) {
                for (const CoreId next : problem_.cores.ids()) {
                    if (paths[next.index()] || !problem_.links[id].connects(at, next)) continue;
                    paths[next.index()] = paths[at.index()];
                    paths[next.index()]->push_back(id);
                    open.push_back(next);
                }
            }
        }
        return std::nullopt;
    }

    TransferCause cause(TensorId id, MemoryId from, MemoryId to) const {
        const Tensor& tensor = problem_.tensors[id];
        if (tensor.kind == DataClass::weight) return TransferCause::weight;
        if (tensor.final.valid() && tensor.final == to) return TransferCause::output;
        if (problem_.memories[from].offchip)
            return tensor.initial.valid() ? TransferCause::input : TransferCause::reload;
        return problem_.memories[to].offchip ? TransferCause::spill : TransferCause::forward;
    }

    /// To `to`, and sometimes to other memories with the same words.
    void move(TensorId tensor, const Box& box, MemoryId from, MemoryId to) {
        std::vector<MemoryId> targets{to};
        while (rng_.below(3) == 0) targets.push_back(MemoryId(rng_.below(problem_.memories.size())));
        std::int64_t bandwidth = rng_.between(1, 6);
        std::vector<std::vector<LinkId>> ways;
        for (const MemoryId target : targets) {
            const auto way = route(from, target);
            if (!way) return;  // then the schedule is illegal, which is a case as well
            for (const LinkId link : *way) bandwidth = std::min(bandwidth, problem_.links[link].bandwidth);
            ways.push_back(*way);
        }
        const Cycles end = now_ + Cycles(ceilDiv(problem_.tensors[tensor].size(box).value(), bandwidth));
        TransferId leader;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            if (i > 0 && targets[i] == from) continue;
            const Span span{now_, end};
            lasting_.push_back(schedule_.buffers.add({targets[i], tensor, box, span}));
            const TransferCause why = cause(tensor, from, targets[i]);
            const TransferId id =
                schedule_.transfers.add({tensor, box, from, targets[i], ways[i], bandwidth, span, why, leader});
            if (i == 0) leader = id;
        }
        now_ = end;
    }

    void fetch(const Access& access, MemoryId to) {
        const Tensor& tensor = problem_.tensors[access.tensor];
        if (tensor.initial.valid()) {
            if (!(tensor.initial == to)) move(access.tensor, access.box, tensor.initial, to);
            return;
        }
        const std::vector<Home> homes = homes_;
        for (const Home& home : homes) {
            if (!(home.tensor == access.tensor) || home.memory == to || !overlaps(home.box, access.box)) continue;
            if (home.writes < tensor.writers) continue;
            move(access.tensor, intersect(home.box, access.box), home.memory, to);
        }
    }

    /// Where the sum that this write adds to is made, if it was begun.
    Home* sumOf(const Access& write) {
        for (Home& home : homes_) {
            if (home.tensor == write.tensor && home.box == write.box) return &home;
        }
        return nullptr;
    }

    std::size_t choose(const Task& task) {
        const std::size_t any = rng_.below(task.options.size());
        const Home* sum = sumOf(task.writes.front());
        for (std::size_t i = 0; sum != nullptr && i < task.options.size(); ++i) {
            const std::size_t option = (any + i) % task.options.size();
            if (task.options[option].writeMemories.front() == sum->memory) return option;
        }
        return any;
    }

    void run(TaskId id) {
        const Task& task = problem_.tasks[id];
        const std::size_t chosen = choose(task);
        const Option& option = task.options[chosen];
        const std::size_t before = lasting_.size();
        for (std::size_t i = 0; i < task.reads.size(); ++i) fetch(task.reads[i], option.readMemories[i]);
        const Span span{now_, now_ + option.duration};
        schedule_.placements[id] = {option.core, chosen, span};
        now_ = span.end;
        if (rng_.below(4) != 0) {  // what was fetched goes at once
            for (std::size_t i = before; i < lasting_.size(); ++i) schedule_.buffers[lasting_[i]].span.end = span.end;
            lasting_.resize(before);
        }
        for (std::size_t i = 0; i < task.writes.size(); ++i) {
            const Access& write = task.writes[i];
            if (Home* sum = sumOf(write); sum != nullptr && sum->memory == option.writeMemories[i]) {
                ++sum->writes;
                continue;
            }
            lasting_.push_back(schedule_.buffers.add({option.writeMemories[i], write.tensor, write.box, span}));
            homes_.push_back({write.tensor, write.box, option.writeMemories[i]});
        }
    }

    const Problem& problem_;
    Rng& rng_;
    Schedule schedule_;
    Cycles now_;
    std::vector<Home> homes_;
    std::vector<BufferId> lasting_;
};

}  // namespace

Schedule serialSchedule(const Problem& problem, Rng& rng) { return Serial(problem, rng).make(); }

void reckon(const Problem& problem, Schedule& schedule) {
    Cycles latency;
    for (const Placement& placement : schedule.placements) latency = std::max(latency, placement.span.end);
    for (const Transfer& transfer : schedule.transfers) latency = std::max(latency, transfer.span.end);
    schedule.latency = latency;
    schedule.energy = energy(problem, schedule);
}

}  // namespace millrace::test
