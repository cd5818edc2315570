#include "explore/platform/peak.h"

#include <algorithm>

namespace millrace::explore {

using schedule::MemoryId;

namespace {

struct Change {
    std::int64_t at = 0;
    std::int64_t bits = 0;
};

using Changes = Table<MemoryId, std::vector<Change>>;

void book(std::vector<Change>& changes, const schedule::Span& span, Bits bits) {
    if (span.start >= span.end) return;
    changes.push_back({span.start.value(), bits.value()});
    changes.push_back({span.end.value(), -bits.value()});
}

/// What ends at a time makes room for what begins then.
Bits highest(std::vector<Change>& changes) {
    std::sort(changes.begin(), changes.end(),
              [](const Change& a, const Change& b) { return a.at != b.at ? a.at < b.at : a.bits < b.bits; });
    std::int64_t now = 0;
    std::int64_t most = 0;
    for (const Change& change : changes) most = std::max(most, now += change.bits);
    return Bits(most);
}

}  // namespace

Table<MemoryId, Bits> memoryPeaks(const schedule::Problem& problem, const schedule::Schedule& schedule) {
    Changes changes(problem.memories.size());
    for (const schedule::Tensor& tensor : problem.tensors) {
        if (tensor.initial.valid()) changes[tensor.initial].push_back({0, tensor.size(wholeBox(tensor.shape)).value()});
    }
    for (const schedule::Buffer& buffer : schedule.buffers)
        book(changes[buffer.memory], buffer.span, problem.tensors[buffer.tensor].size(buffer.box));
    for (const schedule::TaskId id : schedule.placements.ids()) {
        const schedule::Placement& placement = schedule.placements[id];
        for (const schedule::Scratch& scratch : problem.tasks[id].options[placement.option].scratch)
            book(changes[scratch.memory], placement.span, scratch.bits);
    }
    Table<MemoryId, Bits> peaks;
    for (const MemoryId id : problem.memories.ids())
        peaks.add(problem.memories[id].offchip ? Bits(0) : highest(changes[id]));
    return peaks;
}

Bits peakMemory(const schedule::Problem& problem, const schedule::Schedule& schedule) {
    Bits sum(0);
    for (const Bits peak : memoryPeaks(problem, schedule)) sum += peak;
    return sum;
}

}  // namespace millrace::explore
