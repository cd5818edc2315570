#pragma once
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "schedule/violations.h"

/// The parts of `check` and `verify`, one for each kind of rule.
namespace millrace::schedule {

/// Every element of a tensor is initial, or written by as many tasks as the tensor has writers. Tensors and tasks are
/// sound.
void checkWrites(const Problem& problem, Violations& violations);

/// A schedule under test, with what of it makes sense: items that name something that does not exist, or a time or box
/// that cannot be, are reported once and then left out of the other rules.
struct Candidate {
    const Problem& problem;
    const Schedule& schedule;
    std::vector<bool> placed;    ///< by task
    std::vector<bool> buffer;    ///< by buffer
    std::vector<bool> transfer;  ///< by transfer
    bool whole = true;           ///< nothing was left out

    const Option& option(TaskId id) const { return problem.tasks[id].options[schedule.placements[id].option]; }
};

/// Ids, times, boxes, options.
Candidate verifyItems(const Problem& problem, const Schedule& schedule, Violations& violations);
/// Routes and durations of transfers, and what their causes say.
void verifyTransfers(const Candidate& candidate, Violations& violations);
/// Cores, links and memories over time.
void verifyResources(const Candidate& candidate, Violations& violations);
/// Nothing is used before it is there.
void verifyData(const Candidate& candidate, Violations& violations);
void verifyPhases(const Candidate& candidate, Violations& violations);
/// Latency and energy.
void verifyFigures(const Candidate& candidate, Violations& violations);

}  // namespace millrace::schedule
