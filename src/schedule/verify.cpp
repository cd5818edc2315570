#include "schedule/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schedule/names.h"
#include "schedule/parts.h"
#include "schedule/phases.h"

namespace millrace::schedule {

namespace {

class Phases {
public:
    Phases(const Candidate& candidate, Violations& violations)
        : candidate_(candidate),
          problem_(candidate.problem),
          schedule_(candidate.schedule),
          violations_(violations),
          ends_(candidate.problem, candidate.schedule, candidate.placed) {}

    void tasks() {
        for (const TaskId id : problem_.tasks.ids()) {
            if (!candidate_.placed[id.index()]) continue;
            const std::int64_t phase = problem_.groups[problem_.tasks[id].group].phase;
            waits(phase, schedule_.placements[id].span.start, [&] { return name(problem_, id); });
        }
    }

    void weights() {
        for (const TransferId id : schedule_.transfers.ids()) {
            if (!candidate_.transfer[id.index()]) continue;
            const Transfer& transfer = schedule_.transfers[id];
            const auto phase = ends_.waitsFor(transfer);
            if (phase) waits(*phase, transfer.span.start, [&] { return name(problem_, schedule_, id); });
        }
    }

private:
    template <class Who>
    void waits(std::int64_t phase, Cycles start, const Who& who) {
        const TaskId before = ends_.before(phase);
        if (!before.valid()) return;
        const Cycles end = schedule_.placements[before].span.end;
        if (start >= end) return;
        violations_.add(fmt::format("{} of phase {} starts at {}, before {} of an earlier phase ends at {}", who(),
                                    phase, start.value(), name(problem_, before), end.value()));
    }

    const Candidate& candidate_;
    const Problem& problem_;
    const Schedule& schedule_;
    Violations& violations_;
    PhaseEnds ends_;
};

bool same(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

}  // namespace

void verifyPhases(const Candidate& candidate, Violations& violations) {
    Phases phases(candidate, violations);
    phases.tasks();
    phases.weights();
}

void verifyFigures(const Candidate& candidate, Violations& violations) {
    if (!candidate.whole) return;
    const Schedule& schedule = candidate.schedule;
    Cycles latency;
    for (const Placement& placement : schedule.placements) latency = std::max(latency, placement.span.end);
    for (const Transfer& transfer : schedule.transfers) latency = std::max(latency, transfer.span.end);
    if (schedule.latency != latency) {
        violations.add(fmt::format("the latency is given as {} cycles, but the last task or transfer ends at {}",
                                   schedule.latency.value(), latency.value()));
    }
    const Energy sum = energy(candidate.problem, schedule);
    const auto part = [&](const char* what, Picojoules given, Picojoules found) {
        if (same(given.value(), found.value())) return;
        violations.add(fmt::format("the {} energy is given as {} pJ, but the problem's constants give {} pJ", what,
                                   given.value(), found.value()));
    };
    part("compute", schedule.energy.compute, sum.compute);
    part("memory", schedule.energy.memory, sum.memory);
    part("off-chip", schedule.energy.offchip, sum.offchip);
    part("spill", schedule.energy.spill, sum.spill);
    part("link", schedule.energy.links, sum.links);
}

bool verify(const Problem& problem, const Schedule& schedule, Diagnostics& diagnostics) {
    Violations violations(diagnostics);
    const Candidate candidate = verifyItems(problem, schedule, violations);
    verifyTransfers(candidate, violations);
    verifyResources(candidate, violations);
    verifyData(candidate, violations);
    verifyPhases(candidate, violations);
    verifyFigures(candidate, violations);
    return violations.finish("schedule");
}

}  // namespace millrace::schedule
