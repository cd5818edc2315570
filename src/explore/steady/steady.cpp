#include "explore/steady/steady.h"

#include <algorithm>

#include "explore/steady/formulate.h"

namespace millrace::steady {

using workload::LayerId;

namespace {

fusion::Plan planOf(const Question& question, const Built& built, const Choice& choice) {
    fusion::Plan plan = question.plan;
    for (std::size_t n = 0; n < choice.size(); ++n) {
        const LayerId id = built.layers[n];
        const std::size_t stack = plan.layers[id].stack;
        plan.layers[id] = built.ways[n][choice[n]].plan;
        plan.layers[id].stack = stack;
    }
    return plan;
}

/// As the plan has it, with weights that stay; and what sweeps make of that.
Choice startOf(const Built& built) {
    Choice choice;
    for (const Node& node : built.problem.nodes) {
        std::size_t best = 0;
        for (std::size_t i = 1; i < node.options.size(); ++i) {
            const auto& way = built.ways[choice.size()];
            const bool same = way[i].plan.cores == way[0].plan.cores;
            if (same && longest(node.options[i].work) < longest(node.options[best].work)) best = i;
        }
        choice.push_back(best);
    }
    return improve(built.problem, std::move(choice));
}

/// The choice of least lack, for the message; the start if the solver does not find one.
Choice leastLack(const Built& built, const Choice& start, const Limit& limit) {
    const Formulation elastic = formulate(built.problem, kInfinite, true);
    Diagnostics ignored;
    const auto solved = solve(elastic.model, limit, ignored);
    if (!solved || solved->values.empty()) return start;
    Choice choice = choiceOf(elastic, solved->values);
    return evaluate(built.problem, choice).excess < evaluate(built.problem, start).excess ? choice : start;
}

}  // namespace

std::optional<Answer> choose(const Question& question, const Limit& limit, Diagnostics& diagnostics) {
    auto built = build(question, diagnostics);
    if (!built) return std::nullopt;
    Answer answer;
    answer.built = std::move(*built);
    const Problem& problem = answer.built.problem;
    const Choice start = startOf(answer.built);
    const Evaluation known = evaluate(problem, start);
    const bool fits = known.excess == 0;
    const Formulation formulation = formulate(problem, fits ? known.value * (1 + 1e-9) + 1 : kInfinite);
    answer.variables = formulation.model.variables.size();
    answer.rows = formulation.model.rows.size();
    const auto solved = solve(formulation.model, limit, diagnostics);
    if (!solved) return std::nullopt;
    answer.status = solved->status;
    answer.bound = solved->bound;
    answer.choice = start;
    if (!solved->values.empty()) {
        const Choice found = choiceOf(formulation, solved->values);
        const Evaluation evaluation = evaluate(problem, found);
        if (!fits || evaluation.value <= known.value) answer.choice = found;
    } else if (!fits) {
        explainLack(answer.built, question.workload, leastLack(answer.built, start, limit), diagnostics);
        return std::nullopt;
    }
    answer.evaluation = evaluate(problem, answer.choice);
    answer.safe = evaluate(problem, answer.choice, Overlap::span);
    answer.plan = planOf(question, answer.built, answer.choice);
    return answer;
}

}  // namespace millrace::steady
