#pragma once
#include "explore/steady/problem.h"
#include "support/rng.h"

/// Small random steady states, and their meaning a second time.
namespace millrace::test {

/// One to five layers in one to three phases, one to three options each, on one to three cores, links and memories,
/// some of which are too small for some options.
steady::Problem randomProblem(Rng& rng);

/// The least latency and weighted traffic by the inequalities of docs/steady.md, iterated until nothing changes;
/// nothing if some memory lacks room. Written without a look at `evaluate`.
struct Meaning {
    bool fits = true;
    double latency = 0;
    double value = 0;
};
Meaning meaningOf(const steady::Problem& problem, const steady::Choice& choice);

/// Calls `visit(choice)` for every choice.
template <class Visit>
void eachChoice(const steady::Problem& problem, Visit&& visit) {
    steady::Choice choice(problem.nodes.size(), 0);
    for (;;) {
        visit(static_cast<const steady::Choice&>(choice));
        std::size_t n = 0;
        while (n < choice.size() && ++choice[n] == problem.nodes[n].options.size()) choice[n++] = 0;
        if (n == choice.size()) return;
    }
}

}  // namespace millrace::test
