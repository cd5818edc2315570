#include <fmt/format.h>

#include <algorithm>

#include "schedule/multicast.h"
#include "schedule/names.h"
#include "schedule/parts.h"
#include "schedule/usage.h"

namespace millrace::schedule {

namespace {

constexpr std::size_t kNamed = 4;

class Resources {
public:
    Resources(const Candidate& candidate, Violations& violations)
        : candidate_(candidate),
          problem_(candidate.problem),
          schedule_(candidate.schedule),
          violations_(violations),
          interval_(candidate.schedule.interval) {}

    void cores();
    void links();
    void memories();

private:
    template <class NameOf>
    void report(const std::string& who, const char* unit, const std::vector<Use>& uses, std::int64_t capacity,
                Wide always, const NameOf& nameOf);

    const Candidate& candidate_;
    const Problem& problem_;
    const Schedule& schedule_;
    Violations& violations_;
    std::optional<Cycles> interval_;
};

template <class NameOf>
void Resources::report(const std::string& who, const char* unit, const std::vector<Use>& uses, std::int64_t capacity,
                       Wide always, const NameOf& nameOf) {
    for (const Excess& excess : excesses(uses, capacity, always, interval_, violations_.room())) {
        std::string names;
        for (std::size_t i = 0; i < std::min(kNamed, excess.items.size()); ++i) {
            names += (i == 0 ? "" : ", ") + nameOf(excess.items[i]);
        }
        if (excess.items.size() > kNamed) names += fmt::format(" and {} more", excess.items.size() - kNamed);
        violations_.add(fmt::format("{} has {} {}, but {} are in use at {}{}, over it in {}: {}", who, capacity, unit,
                                    clamped(excess.peak), excess.peakAt.value(),
                                    interval_ ? fmt::format(" (modulo {})", interval_->value()) : std::string(),
                                    text(excess.span), names));
    }
}

void Resources::cores() {
    std::vector<std::vector<Use>> uses(problem_.cores.size());
    for (const TaskId id : problem_.tasks.ids()) {
        if (!candidate_.placed[id.index()]) continue;
        const Placement& placement = schedule_.placements[id];
        uses[placement.core.index()].push_back({placement.span, 1, id.index()});
    }
    for (const CoreId id : problem_.cores.ids()) {
        report(name(problem_, id), "task at a time", uses[id.index()], 1, 0, [&](std::size_t item) {
            const TaskId task(item);
            return name(problem_, task) + " " + text(schedule_.placements[task].span);
        });
    }
}

void Resources::links() {
    std::vector<std::vector<Use>> uses(problem_.links.size());
    const OwnLinks own(schedule_);
    for (const TransferId id : schedule_.transfers.ids()) {
        if (!candidate_.transfer[id.index()]) continue;
        const Transfer& transfer = schedule_.transfers[id];
        for (const LinkId link : own[id]) {
            uses[link.index()].push_back({transfer.span, transfer.bandwidth, id.index()});
        }
    }
    for (const LinkId id : problem_.links.ids()) {
        report(name(problem_, id), "bits a cycle", uses[id.index()], problem_.links[id].bandwidth, 0,
               [&](std::size_t item) {
                   const TransferId transfer(item);
                   return fmt::format("{} at {}", name(problem_, schedule_, transfer),
                                      schedule_.transfers[transfer].bandwidth);
               });
    }
}

void Resources::memories() {
    std::vector<std::vector<Use>> uses(problem_.memories.size());
    const std::size_t buffers = schedule_.buffers.size();
    for (const BufferId id : schedule_.buffers.ids()) {
        if (!candidate_.buffer[id.index()]) continue;
        const Buffer& buffer = schedule_.buffers[id];
        const std::int64_t bits = problem_.tensors[buffer.tensor].size(buffer.box).value();
        uses[buffer.memory.index()].push_back({buffer.span, bits, id.index()});
    }
    for (const TaskId id : problem_.tasks.ids()) {
        if (!candidate_.placed[id.index()]) continue;
        for (const Scratch& scratch : candidate_.option(id).scratch) {
            const Span span = schedule_.placements[id].span;
            uses[scratch.memory.index()].push_back({span, scratch.bits.value(), buffers + id.index()});
        }
    }
    Table<MemoryId, Wide> resident(problem_.memories.size(), 0);
    for (const Tensor& tensor : problem_.tensors) {
        if (!tensor.initial.valid() || problem_.memories[tensor.initial].offchip) continue;
        resident[tensor.initial] += tensor.size(tensor.whole()).value();
    }
    const auto nameOf = [&](std::size_t item) {
        if (item >= buffers) return "scratch room of " + name(problem_, TaskId(item - buffers));
        const BufferId id(item);
        const Buffer& buffer = schedule_.buffers[id];
        return fmt::format("{} of {} bits", name(problem_, schedule_, id),
                           problem_.tensors[buffer.tensor].size(buffer.box).value());
    };
    for (const MemoryId id : problem_.memories.ids()) {
        report(name(problem_, id), "bits", uses[id.index()], problem_.memories[id].capacity.value(), resident[id],
               nameOf);
    }
}

}  // namespace

void verifyResources(const Candidate& candidate, Violations& violations) {
    if (candidate.schedule.interval && *candidate.schedule.interval <= Cycles(0)) return;
    Resources resources(candidate, violations);
    resources.cores();
    resources.links();
    resources.memories();
}

}  // namespace millrace::schedule
