#include "random.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>

namespace millrace::test {

using namespace schedule;

Box randomPart(const Box& whole, Rng& rng) {
    Box box = whole;
    for (Interval& side : box) {
        side.begin = rng.between(side.begin, side.end - 1);
        side.end = rng.between(side.begin + 1, side.end);
    }
    return box;
}

static void addResources(Problem& problem, Rng& rng) {
    const std::int64_t cores = rng.between(2, 3);
    for (std::int64_t i = 0; i <= cores; ++i) problem.cores.add({fmt::format("c{}", i)});
    const CoreId port(0);
    const auto memory = [&](const std::string& name, std::vector<CoreId> owners, bool offchip) {
        const std::int64_t capacity = offchip ? 1000 : rng.between(8, 60);
        problem.memories.add(
            {name, Bits(capacity), std::move(owners), rng.between(1, 5), rng.between(1, 5), 1.5, 2.5, offchip});
    };
    memory("dram", {port}, true);
    const bool shared = rng.below(4) == 0;
    if (shared) memory("shared", {CoreId(1), CoreId(2)}, false);
    for (std::int64_t i = shared ? 3 : 1; i <= cores; ++i) {
        memory(fmt::format("m{}", i), {CoreId(static_cast<std::size_t>(i))}, false);
        if (rng.below(3) == 0) memory(fmt::format("n{}", i), {CoreId(static_cast<std::size_t>(i))}, false);
    }
    const auto link = [&](bool bus, std::vector<CoreId> ends, CoreId hub, HubTransfers transfers) {
        problem.links.add(
            {fmt::format("l{}", problem.links.size()), bus, std::move(ends), hub, transfers, rng.between(1, 6), 0.125});
    };
    std::vector<CoreId> all = problem.cores.ids();
    if (rng.below(2) == 0) {
        link(true, all, port, HubTransfers::fromHub);
        link(true, all, port, HubTransfers::toHub);
        link(true, {all.begin() + 1, all.end()}, {}, HubTransfers::both);
    } else if (rng.below(2) == 0) {
        link(true, all, rng.below(2) == 0 ? port : CoreId(), HubTransfers::both);
    } else {
        for (std::size_t i = 0; i + 1 < all.size(); ++i) {
            link(false, {all[i], all[i + 1]}, {}, HubTransfers::both);
            link(false, {all[i + 1], all[i]}, {}, HubTransfers::both);
        }
    }
}

static TensorId addTensor(Problem& problem, Rng& rng, DataClass kind, MemoryId initial) {
    std::vector<std::int64_t> shape;
    const std::int64_t rank = rng.between(0, 2);
    for (std::int64_t i = 0; i < rank; ++i) shape.push_back(rng.between(1, 3));
    const std::string name = fmt::format("t{}", problem.tensors.size());
    return problem.tensors.add({name, shape, static_cast<int>(rng.between(1, 3)), kind, initial, {}});
}

/// With `like`: on its core, and with its memories for results.
static Option randomOption(const Problem& problem, const Task& task, const Option* like, Rng& rng) {
    Option option;
    option.core = CoreId(static_cast<std::size_t>(rng.between(1, static_cast<std::int64_t>(problem.cores.size()) - 1)));
    if (like != nullptr) option.core = like->core;
    std::vector<MemoryId> own;
    for (const MemoryId id : problem.memories.ids()) {
        const std::vector<CoreId>& owners = problem.memories[id].cores;
        if (std::count(owners.begin(), owners.end(), option.core) > 0) own.push_back(id);
    }
    const auto any = [&] { return own[rng.below(own.size())]; };
    option.duration = Cycles(rng.between(0, 4));
    option.energy = Picojoules(static_cast<double>(rng.below(100)));
    for (std::size_t i = 0; i < task.reads.size(); ++i) option.readMemories.push_back(any());
    for (std::size_t i = 0; i < task.writes.size(); ++i) option.writeMemories.push_back(any());
    if (like != nullptr) option.writeMemories = like->writeMemories;
    if (rng.below(4) == 0) option.scratch.push_back({any(), Bits(rng.between(0, 6))});
    return option;
}

static void addTask(Problem& problem, Rng& rng, std::int64_t phase, TensorId result, const Box& part,
                    const Task* like) {
    const GroupId group = problem.groups.add({fmt::format("g{}", problem.groups.size()), phase});
    Task task{fmt::format("k{}", problem.tasks.size()), group, {}, {{result, part}}, {}};
    for (const TensorId id : problem.tensors.ids()) {
        if (id < result && rng.below(2) == 0) task.reads.push_back({id, randomPart(problem.tensors[id].whole(), rng)});
    }
    const std::uint64_t options = 1 + rng.below(2);
    for (std::uint64_t i = 0; i < options; ++i) {
        const Option* option =
            like != nullptr && rng.below(6) != 0 ? &like->options[i % like->options.size()] : nullptr;
        task.options.push_back(randomOption(problem, task, option, rng));
    }
    problem.tasks.add(std::move(task));
}

/// As many as the tensor has writers.
static void addTasks(Problem& problem, Rng& rng, std::int64_t phase, TensorId result, const Box& part) {
    addTask(problem, rng, phase, result, part, nullptr);
    const Task first = problem.tasks[TaskId(problem.tasks.size() - 1)];
    for (std::int64_t i = 1; i < problem.tensors[result].writers; ++i) {
        addTask(problem, rng, phase, result, part, &first);
    }
}

Problem randomProblem(Rng& rng) {
    Problem problem;
    addResources(problem, rng);
    const MemoryId dram(0);
    addTensor(problem, rng, DataClass::activation, dram);
    addTensor(problem, rng, DataClass::weight, rng.below(6) == 0 ? MemoryId(1) : dram);
    problem.memories[MemoryId(1)].capacity += Bits(27);  // a weight that starts there fits
    const std::int64_t layers = rng.between(1, 3);
    for (std::int64_t i = 0; i < layers; ++i) {
        if (rng.below(3) == 0) addTensor(problem, rng, DataClass::weight, dram);
        const TensorId result = addTensor(problem, rng, DataClass::activation, {});
        Tensor& tensor = problem.tensors[result];
        const std::uint64_t end = rng.below(3);
        if (end == 0) tensor.final = dram;
        if (end == 1 && rng.below(3) == 0) tensor.final = MemoryId(1);
        if (rng.below(4) == 0) tensor.writers = rng.between(2, 3);
        const Box whole = tensor.whole();
        const std::int64_t phase = rng.below(2) == 0 ? i : 0;
        if (!whole.empty() && whole[0].end > 1 && rng.below(2) == 0) {
            Box low = whole;
            Box high = whole;
            low[0].end = high[0].begin = rng.between(1, whole[0].end - 1);
            addTasks(problem, rng, phase, result, low);
            addTasks(problem, rng, phase, result, high);
        } else {
            addTasks(problem, rng, phase, result, whole);
        }
    }
    problem.weightsWaitForPhase = rng.below(2) == 0;
    return problem;
}

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
