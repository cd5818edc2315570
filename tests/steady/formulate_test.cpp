#include "explore/steady/formulate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shared.h"
#include "steady/needs_cbc.h"
#include "steady/random_problem.h"

namespace millrace {
namespace {

using namespace steady;

TEST(Evaluate, IsTheLeastSolutionOfTheInequalities) {
    Rng rng(11);
    const std::int64_t count = test::count(20'000);
    for (std::int64_t i = 0; i < count; ++i) {
        const Problem problem = test::randomProblem(rng);
        Choice choice;
        for (const Node& node : problem.nodes) choice.push_back(rng.below(node.options.size()));
        const test::Meaning meaning = test::meaningOf(problem, choice);
        const Evaluation evaluation = evaluate(problem, choice);
        ASSERT_EQ(evaluation.excess == 0, meaning.fits) << "case " << i;
        ASSERT_NEAR(evaluation.latency, meaning.latency, 1e-9) << "case " << i;
        ASSERT_NEAR(evaluation.value, meaning.value, 1e-9) << "case " << i;
        ASSERT_LE(evaluation.latency, horizon(problem)) << "case " << i;
        ASSERT_GE(evaluate(problem, choice, Overlap::span).latency, evaluation.latency - 1e-9) << "case " << i;
    }
}

/// The solver's answer against all choices, weighed by the meaning above.
TEST(Formulate, IsTheBestOfAllChoices) {
    MILLRACE_NEEDS_CBC();
    Rng rng(12);
    const std::int64_t count = test::count(10'000);
    std::int64_t infeasible = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const Problem problem = test::randomProblem(rng);
        double best = kInfinite;
        test::eachChoice(problem, [&](const Choice& choice) {
            const test::Meaning meaning = test::meaningOf(problem, choice);
            if (meaning.fits) best = std::min(best, meaning.value);
        });
        // What sweeps find bounds the formulation from above, as in use.
        const Evaluation start = evaluate(problem, improve(problem, Choice(problem.nodes.size(), 0)));
        const Formulation formulation = formulate(problem, start.excess == 0 ? start.value : kInfinite);
        Diagnostics diagnostics;
        const auto solved = solve(formulation.model, {}, diagnostics);
        ASSERT_TRUE(solved) << "case " << i << ": " << diagnostics.text();
        if (best == kInfinite) {
            ++infeasible;
            ASSERT_EQ(solved->status, Status::infeasible) << "case " << i;
            continue;
        }
        ASSERT_EQ(solved->status, Status::optimal) << "case " << i;
        ASSERT_NEAR(solved->objective, best, 1e-4 * std::max(1.0, best)) << "case " << i;
        const test::Meaning meaning = test::meaningOf(problem, choiceOf(formulation, solved->values));
        ASSERT_TRUE(meaning.fits) << "case " << i;
        ASSERT_NEAR(meaning.value, best, 1e-4 * std::max(1.0, best)) << "case " << i;
    }
    EXPECT_GT(infeasible, count >= 50 ? 0 : -1);
    EXPECT_LT(infeasible, count);
}

TEST(Formulate, SlackIsTheLeastLack) {
    MILLRACE_NEEDS_CBC();
    Rng rng(13);
    const std::int64_t count = test::count(1000);
    for (std::int64_t i = 0; i < count; ++i) {
        Problem problem = test::randomProblem(rng);
        for (Memory& memory : problem.memories) memory.bits = 10;
        double least = kInfinite;
        test::eachChoice(problem, [&](const Choice& choice) {
            double lack = 0;
            for (std::size_t k = 0; k < problem.phases(); ++k) {
                for (std::size_t m = 0; m < problem.memories.size(); ++m)
                    lack += std::max(0.0, demand(problem, choice, k, m) / problem.memories[m].bits - 1);
            }
            least = std::min(least, lack);
        });
        const Formulation formulation = formulate(problem, kInfinite, true);
        Diagnostics diagnostics;
        const auto solved = solve(formulation.model, {}, diagnostics);
        ASSERT_TRUE(solved) << diagnostics.text();
        ASSERT_EQ(solved->status, Status::optimal) << "case " << i;
        ASSERT_NEAR(solved->objective, least, 1e-5 * std::max(1.0, least)) << "case " << i;
    }
}

}  // namespace
}  // namespace millrace
