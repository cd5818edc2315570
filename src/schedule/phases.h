#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"

/// Which tasks of earlier phases others wait for (`Group::phase`).
namespace millrace::schedule {

class PhaseEnds {
public:
    /// Without tasks that are not in `placed` (by task).
    PhaseEnds(const Problem& problem, const Schedule& schedule, const std::vector<bool>& placed);

    /// Of all tasks of smaller phases the one that ends last (the smallest id, if several do); invalid if none.
    TaskId before(std::int64_t phase) const;
    /// The smallest phase of the tasks that read the transfer's tensor, if the transfer has to wait for the phases
    /// before it (`Problem::weightsWaitForPhase`).
    std::optional<std::int64_t> waitsFor(const Transfer& transfer) const;

private:
    std::map<std::int64_t, TaskId> last_;  ///< by phase that has tasks: of this phase and smaller ones
    Table<TensorId, std::optional<std::int64_t>> readFrom_;  ///< of weights, if they wait
};

}  // namespace millrace::schedule
