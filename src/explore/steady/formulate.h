#pragma once
#include <optional>
#include <vector>

#include "explore/steady/problem.h"
#include "explore/steady/solver.h"

/// The steady state as a mixed-integer linear program; docs/steady.md names sets, variables and rows.
namespace millrace::steady {

struct Formulation {
    Model model;
    std::vector<std::vector<std::size_t>> options;  ///< x: variable of each option, by node
    /// Only with `slack`: what each memory lacks in each phase, by phase, then memory.
    std::vector<std::vector<std::size_t>> lacks;
};

/// Its least objective is the least `Evaluation::value` of all choices that fit and whose latency is at most `most`
/// (infinite: any). With `slack` memories may lack room, and the sum of what they lack is minimised instead.
Formulation formulate(const Problem& problem, double most, bool slack = false);

/// The options whose variables are 1.
Choice choiceOf(const Formulation& formulation, const std::vector<double>& values);

/// No latency is above this.
double horizon(const Problem& problem);

}  // namespace millrace::steady
