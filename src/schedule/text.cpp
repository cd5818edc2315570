#include "schedule/text.h"

#include <fmt/format.h>

#include "schedule/names.h"

namespace millrace::schedule {

namespace {

template <class IdType, class T>
std::string nameIn(const Table<IdType, T>& table, IdType id) {
    if (!id.valid()) return "-";
    return table.contains(id) ? table[id].name : fmt::format("#{}", id.index());
}

template <class IdType, class T>
std::string list(const Table<IdType, T>& table, const std::vector<IdType>& ids) {
    std::string result;
    for (const IdType id : ids) result += (result.empty() ? "" : ", ") + nameIn(table, id);
    return "(" + result + ")";
}

std::string accesses(const Problem& problem, const char* verb, const std::vector<Access>& accesses) {
    std::string result;
    for (const Access& access : accesses) {
        result += fmt::format("    {} {} {}\n", verb, nameIn(problem.tensors, access.tensor), text(access.box));
    }
    return result;
}

std::string tasks(const Problem& problem) {
    std::string result;
    for (const Task& task : problem.tasks) {
        result += fmt::format("task {} of {}\n", task.name, nameIn(problem.groups, task.group));
        result += accesses(problem, "reads", task.reads) + accesses(problem, "writes", task.writes);
        for (const Option& option : task.options) {
            result +=
                fmt::format("    option {}: {} cycles, {} pJ, reads {}, writes {}", nameIn(problem.cores, option.core),
                            option.duration.value(), option.energy.value(), list(problem.memories, option.readMemories),
                            list(problem.memories, option.writeMemories));
            for (const Scratch& scratch : option.scratch) {
                result +=
                    fmt::format(", {} bits of {}", scratch.bits.value(), nameIn(problem.memories, scratch.memory));
            }
            result += '\n';
        }
    }
    return result;
}

std::string resources(const Problem& problem) {
    static constexpr const char* kHub[] = {"", " out", " in"};
    std::string result;
    for (const Core& core : problem.cores) result += fmt::format("core {}\n", core.name);
    for (const Memory& memory : problem.memories) {
        result += fmt::format("memory {} {}: {} bits, words {}/{} bits at {}/{} pJ{}\n", memory.name,
                              list(problem.cores, memory.cores), memory.capacity.value(), memory.readWordBits,
                              memory.writeWordBits, memory.readEnergy, memory.writeEnergy,
                              memory.offchip ? ", off-chip" : "");
    }
    for (const Link& link : problem.links) {
        result += fmt::format("{} {} {}: {} bits a cycle, {} pJ a bit", link.bus ? "bus" : "link", link.name,
                              list(problem.cores, link.cores), link.bandwidth, link.energyPerBit);
        if (link.hub.valid()) {
            const auto way = static_cast<std::size_t>(link.hubTransfers);
            result += fmt::format(", hub {}{}", nameIn(problem.cores, link.hub), kHub[way < 3 ? way : 0]);
        }
        result += '\n';
    }
    return result;
}

}  // namespace

std::string print(const Problem& problem) {
    std::string result = resources(problem);
    for (const Tensor& tensor : problem.tensors) {
        result += fmt::format("{} {} {} of {} bits", tensor.kind == DataClass::weight ? "weight" : "activation",
                              tensor.name, text(wholeBox(tensor.shape)), tensor.bits);
        if (tensor.initial.valid()) result += ", from the start in " + nameIn(problem.memories, tensor.initial);
        if (tensor.final.valid()) result += ", in the end in " + nameIn(problem.memories, tensor.final);
        if (tensor.fromHost) result += ", from the host";
        if (tensor.writers != 1) result += fmt::format(", the sum of {} tasks", tensor.writers);
        result += '\n';
    }
    for (const Group& group : problem.groups) result += fmt::format("group {}: phase {}\n", group.name, group.phase);
    if (problem.weightsWaitForPhase) result += "weights wait for their phase\n";
    return result + tasks(problem);
}

std::string print(const Problem& problem, const Schedule& schedule) {
    std::string result;
    for (const TaskId id : schedule.placements.ids()) {
        const Placement& placement = schedule.placements[id];
        result += fmt::format("{} task {} on {}, option {}\n", text(placement.span), nameIn(problem.tasks, id),
                              nameIn(problem.cores, placement.core), placement.option);
    }
    for (const Buffer& buffer : schedule.buffers) {
        result += fmt::format("{} buffer {} {} in {}\n", text(buffer.span), nameIn(problem.tensors, buffer.tensor),
                              text(buffer.box), nameIn(problem.memories, buffer.memory));
    }
    for (const Transfer& transfer : schedule.transfers) {
        result += fmt::format("{} {} {} {} from {} to {} over {} at {} bits a cycle", text(transfer.span),
                              text(transfer.cause), nameIn(problem.tensors, transfer.tensor), text(transfer.box),
                              nameIn(problem.memories, transfer.from), nameIn(problem.memories, transfer.to),
                              list(problem.links, transfer.route), transfer.bandwidth);
        if (transfer.with.valid()) result += fmt::format(", with transfer {}", transfer.with.index());
        result += '\n';
    }
    if (schedule.interval) result += fmt::format("interval {} cycles\n", schedule.interval->value());
    const Energy& sum = schedule.energy;
    result += fmt::format("latency {} cycles\nenergy {} pJ: compute {}, memory {}, off-chip {}, spill {}, links {}\n",
                          schedule.latency.value(), sum.total().value(), sum.compute.value(), sum.memory.value(),
                          sum.offchip.value(), sum.spill.value(), sum.links.value());
    return result;
}

}  // namespace millrace::schedule
