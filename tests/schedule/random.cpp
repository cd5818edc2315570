#include "random.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace millrace::test
