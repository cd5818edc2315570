#pragma once
#include <optional>

#include "explore/platform/result.h"
#include "explore/steady/build.h"
#include "explore/steady/solver.h"

/// Chooses cores and cuts of all layers of a plan at once, by a mixed-integer program over the steady states of its
/// stacks. docs/steady.md: what is counted, and what is not.
namespace millrace::steady {

struct Answer {
    fusion::Plan plan;  ///< the question's stacks, with the ways chosen
    Built built;
    Choice choice;
    Evaluation evaluation;            ///< its latency is the prediction
    Evaluation safe;                  ///< the same by `Overlap::span`
    Status status = Status::unknown;  ///< optimal: no choice is better; feasible: the limit came first
    std::optional<double> bound;      ///< of `Evaluation::value`
    std::size_t variables = 0;
    std::size_t rows = 0;
};

/// Nothing with an `infeasible` entry if the data of some phase fit in no way, with memory, room, need and the tensors
/// that make it up; or with errors of `solve` of solver.h. Interrupted: the best that is known, or nothing with an
/// `infeasible` entry.
std::optional<Answer> choose(const Question& question, const Limit& limit, Diagnostics& diagnostics);

/// Says what does not fit: in one phase by itself whatever is chosen, or else the least lack of all choices.
void explainLack(const Built& built, const workload::Workload& workload, const Choice& choice,
                 Diagnostics& diagnostics);

/// All but what follows from a schedule.
explore::SteadyRecord recordOf(const Answer& answer);

/// Holds the schedule against the prediction, on the core that is busiest in it.
void compare(const Answer& answer, const explore::Result& result, explore::SteadyRecord& record);

}  // namespace millrace::steady
