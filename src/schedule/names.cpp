#include "schedule/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace millrace::schedule {

std::string text(const Box& box) {
    std::string result = "[";
    for (std::size_t i = 0; i < box.size(); ++i) {
        result += fmt::format("{}{}:{}", i == 0 ? "" : ", ", box[i].begin, box[i].end);
    }
    return result + "]";
}

std::string text(Span span) { return fmt::format("[{}, {})", span.start.value(), span.end.value()); }

const char* text(TransferCause cause) {
    switch (cause) {
        case TransferCause::input: return "input";
        case TransferCause::weight: return "weight";
        case TransferCause::forward: return "forward";
        case TransferCause::spill: return "spill";
        case TransferCause::reload: return "reload";
        case TransferCause::output: return "output";
    }
    return "unknown";
}

std::int64_t clamped(Wide amount) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return amount > most ? most : static_cast<std::int64_t>(amount);
}

std::string name(const Problem& problem, TaskId id) {
    return fmt::format("task '{}' ({})", problem.tasks[id].name, id.index());
}

std::string name(const Problem& problem, CoreId id) { return fmt::format("core '{}'", problem.cores[id].name); }

std::string name(const Problem& problem, LinkId id) { return fmt::format("link '{}'", problem.links[id].name); }

std::string name(const Problem& problem, MemoryId id) { return fmt::format("memory '{}'", problem.memories[id].name); }

std::string name(const Problem& problem, TensorId id) { return fmt::format("tensor '{}'", problem.tensors[id].name); }

std::string name(const Problem& problem, GroupId id) { return fmt::format("group '{}'", problem.groups[id].name); }

std::string name(const Problem& problem, const Schedule& schedule, TransferId id) {
    const Transfer& transfer = schedule.transfers[id];
    return fmt::format("transfer {} ({} of {} {}, '{}' to '{}', {})", id.index(), text(transfer.cause),
                       name(problem, transfer.tensor), text(transfer.box), problem.memories[transfer.from].name,
                       problem.memories[transfer.to].name, text(transfer.span));
}

std::string name(const Problem& problem, const Schedule& schedule, BufferId id) {
    const Buffer& buffer = schedule.buffers[id];
    return fmt::format("buffer {} ({} {} in '{}', {})", id.index(), name(problem, buffer.tensor), text(buffer.box),
                       problem.memories[buffer.memory].name, text(buffer.span));
}

}  // namespace millrace::schedule
