#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schedule/names.h"
#include "schedule/parts.h"
#include "schedule/problem.h"
#include "schedule/violations.h"

namespace millrace::schedule {

namespace {

constexpr std::int64_t kMostBits = std::int64_t{1} << 62;

bool goodEnergy(double energy) { return std::isfinite(energy) && energy >= 0; }

class Checker {
public:
    Checker(const Problem& problem, Violations& violations) : problem_(problem), violations_(violations) {}

    void run() {
        for (const MemoryId id : problem_.memories.ids()) memory(id);
        for (const LinkId id : problem_.links.ids()) link(id);
        for (const TensorId id : problem_.tensors.ids()) tensor(id);
        if (violations_.count() > 0) return;  // what follows leans on sound memories and tensors
        residence();
        for (const TaskId id : problem_.tasks.ids()) task(id);
        if (violations_.count() > 0) return;
        checkWrites(problem_, violations_);
    }

private:
    void memory(MemoryId id);
    void link(LinkId id);
    void tensor(TensorId id);
    void residence();
    void task(TaskId id);
    bool access(TaskId id, const char* verb, const Access& access);
    void option(TaskId id, std::size_t index);
    void reached(TaskId id, std::size_t option, MemoryId memory, const char* use, std::optional<std::size_t> number);

    const Problem& problem_;
    Violations& violations_;
};

void Checker::memory(MemoryId id) {
    const Memory& memory = problem_.memories[id];
    const std::string who = name(problem_, id);
    if (memory.capacity <= Bits(0)) {
        violations_.add(fmt::format("{} has a capacity of {} bits", who, memory.capacity.value()),
                        "a capacity is at least 1 bit");
    }
    const auto goodWord = [](std::int64_t bits) { return bits > 0 && bits <= kMostBits; };
    if (!goodWord(memory.readWordBits) || !goodWord(memory.writeWordBits)) {
        violations_.add(fmt::format("{} reads words of {} and writes words of {} bits", who, memory.readWordBits,
                                    memory.writeWordBits),
                        "words have at least 1 bit and at most 2^62");
    }
    if (!goodEnergy(memory.readEnergy) || !goodEnergy(memory.writeEnergy)) {
        violations_.add(fmt::format("{} reads a word for {} pJ and writes one for {} pJ", who, memory.readEnergy,
                                    memory.writeEnergy),
                        "energies are finite and not negative");
    }
    if (memory.cores.empty()) violations_.add(who + " belongs to no core", "name a core that reaches it");
    for (const CoreId core : memory.cores) {
        if (!problem_.cores.contains(core)) violations_.add(who + " belongs to a core that does not exist");
    }
}

void Checker::link(LinkId id) {
    const Link& link = problem_.links[id];
    const std::string who = name(problem_, id);
    if (link.bandwidth <= 0) {
        violations_.add(fmt::format("{} has a bandwidth of {} bits a cycle", who, link.bandwidth),
                        "a bandwidth is at least 1 bit a cycle");
    }
    if (!goodEnergy(link.energyPerBit)) {
        violations_.add(fmt::format("{} takes {} pJ a bit", who, link.energyPerBit),
                        "energies are finite and not negative");
    }
    std::vector<CoreId> cores = link.cores;
    std::sort(cores.begin(), cores.end());
    const bool distinct = std::adjacent_find(cores.begin(), cores.end()) == cores.end();
    if (!distinct || cores.size() < 2 || (!link.bus && cores.size() != 2)) {
        violations_.add(fmt::format("{} joins {} cores{}", who, cores.size(), distinct ? "" : ", one of them twice"),
                        link.bus ? "a bus joins two or more different cores" : "a link goes from one core to another");
    }
    for (const CoreId core : cores) {
        if (!problem_.cores.contains(core)) violations_.add(who + " joins a core that does not exist");
    }
    if (link.hub.valid() && (!link.bus || !std::binary_search(cores.begin(), cores.end(), link.hub))) {
        violations_.add(who + (link.bus ? " has a hub that is not one of its cores" : " is no bus but has a hub"),
                        "the hub is a member of its bus");
    }
}

void Checker::tensor(TensorId id) {
    const Tensor& tensor = problem_.tensors[id];
    const std::string who = name(problem_, id);
    std::int64_t bits = tensor.bits;
    bool fits = true;
    bool positive = tensor.bits > 0;
    for (const std::int64_t size : tensor.shape) {
        positive = positive && size > 0;
        fits = fits && (!positive || !__builtin_mul_overflow(bits, size, &bits));
    }
    if (!positive) {
        violations_.add(fmt::format("{} has {} bits an element and the shape [{}]", who, tensor.bits,
                                    fmt::join(tensor.shape, ", ")),
                        "bits and sizes are at least 1");
    } else if (!fits || bits > kMostBits) {
        violations_.add(
            fmt::format("{} of the shape [{}] has more than 2^62 bits", who, fmt::join(tensor.shape, ", ")));
    }
    if (tensor.writers < 1) {
        violations_.add(fmt::format("{} has {} writers", who, tensor.writers),
                        "every element is written by at least one task");
    }
    if (tensor.initial.valid() && !problem_.memories.contains(tensor.initial)) {
        violations_.add(who + " starts in a memory that does not exist");
    }
    if (tensor.final.valid() && !problem_.memories.contains(tensor.final)) {
        violations_.add(who + " ends in a memory that does not exist");
    }
}

void Checker::residence() {
    Table<MemoryId, Wide> held(problem_.memories.size(), 0);
    for (const Tensor& tensor : problem_.tensors) {
        if (tensor.initial.valid()) held[tensor.initial] += tensor.size(tensor.whole()).value();
    }
    for (const MemoryId id : problem_.memories.ids()) {
        const Memory& memory = problem_.memories[id];
        if (memory.offchip || held[id] <= memory.capacity.value()) continue;
        violations_.add(fmt::format("{} holds {} bits of tensors from the start, but has {} bits", name(problem_, id),
                                    clamped(held[id]), memory.capacity.value()),
                        "start some of them off-chip, or enlarge the memory");
    }
}

bool Checker::access(TaskId id, const char* verb, const Access& access) {
    if (!problem_.tensors.contains(access.tensor)) {
        violations_.add(fmt::format("{} {} a tensor that does not exist", name(problem_, id), verb));
        return false;
    }
    const bool inside = isInside(access.box, problem_.tensors[access.tensor].shape);
    if (!inside) {
        violations_.add(fmt::format("{} {} {} of {}, which is {}", name(problem_, id), verb, text(access.box),
                                    name(problem_, access.tensor), text(problem_.tensors[access.tensor].whole())),
                        "a box lies inside of its tensor");
    }
    return inside;
}

void Checker::reached(TaskId id, std::size_t option, MemoryId memory, const char* use,
                      std::optional<std::size_t> number) {
    const auto what = [&] { return use + (number ? fmt::format(" {}", *number) : std::string()); };
    if (!problem_.memories.contains(memory)) {
        violations_.add(fmt::format("{}, option {}: the memory {} does not exist", name(problem_, id), option, what()));
        return;
    }
    const CoreId core = problem_.tasks[id].options[option].core;
    const std::vector<CoreId>& owners = problem_.memories[memory].cores;
    if (std::find(owners.begin(), owners.end(), core) != owners.end()) return;
    violations_.add(fmt::format("{}, option {}: {} {} does not belong to {}", name(problem_, id), option,
                                name(problem_, memory), what(), name(problem_, core)),
                    "a task uses memories of its own core");
}

void Checker::option(TaskId id, std::size_t index) {
    const Task& task = problem_.tasks[id];
    const Option& option = task.options[index];
    const auto who = [&] { return fmt::format("{}, option {}", name(problem_, id), index); };
    if (!problem_.cores.contains(option.core)) {
        violations_.add(who() + ": the core does not exist");
        return;
    }
    if (option.duration < Cycles(0) || option.duration > kForever) {
        violations_.add(fmt::format("{}: a duration of {} cycles", who(), option.duration.value()));
    }
    if (!goodEnergy(option.energy.value())) {
        violations_.add(fmt::format("{}: an energy of {} pJ", who(), option.energy.value()),
                        "energies are finite and not negative");
    }
    if (option.readMemories.size() != task.reads.size() || option.writeMemories.size() != task.writes.size()) {
        violations_.add(
            fmt::format("{}: {} memories for {} reads and {} memories for {} writes", who(), option.readMemories.size(),
                        task.reads.size(), option.writeMemories.size(), task.writes.size()),
            "one memory for each access");
    }
    for (std::size_t i = 0; i < option.readMemories.size(); ++i) {
        reached(id, index, option.readMemories[i], "of read", i);
    }
    for (std::size_t i = 0; i < option.writeMemories.size(); ++i) {
        reached(id, index, option.writeMemories[i], "of write", i);
    }
    for (const Scratch& scratch : option.scratch) {
        reached(id, index, scratch.memory, "of scratch room", {});
        if (scratch.bits < Bits(0)) {
            violations_.add(fmt::format("{}: scratch room of {} bits", who(), scratch.bits.value()));
        }
    }
}

void Checker::task(TaskId id) {
    const Task& task = problem_.tasks[id];
    if (!problem_.groups.contains(task.group)) {
        violations_.add(name(problem_, id) + " belongs to a group that does not exist");
    }
    for (const Access& read : task.reads) access(id, "reads", read);
    for (const Access& write : task.writes) access(id, "writes", write);
    if (task.options.empty()) violations_.add(name(problem_, id) + " has no option", "give it a core that can run it");
    for (std::size_t i = 0; i < task.options.size(); ++i) option(id, i);
}

}  // namespace

bool check(const Problem& problem, Diagnostics& diagnostics) {
    Violations violations(diagnostics);
    Checker(problem, violations).run();
    return violations.finish("problem");
}

}  // namespace millrace::schedule
