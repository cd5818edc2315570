#include "explore/steady/steady.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "schedule/verify.h"
#include "search/networks.h"
#include "search/searching.h"
#include "shared.h"
#include "steady/needs_cbc.h"

/// From a network to a prediction and the schedule that it became.
namespace millrace::explore {
namespace {

SearchOptions steadily(const test::SearchCase& given) {
    SearchOptions options;
    options.fused.common = given.options;
    options.fused.plan = given.rules;
    options.fused.policy = given.policy;
    options.evaluations = 6;
    options.method = "steady";
    return options;
}

std::optional<Result> run(const test::SearchCase& given, const SearchOptions& options, Diagnostics& diagnostics) {
    return exploreBest(given.workload, given.chip, given.file(), options, diagnostics);
}

double sum(const std::vector<SteadyPart>& parts) {
    return std::accumulate(parts.begin(), parts.end(), 0.0,
                           [](double cycles, const SteadyPart& part) { return cycles + part.cycles; });
}

TEST(Steady, AnswersAreVerifiedAndNeverBelowTheBound) {
    MILLRACE_NEEDS_CBC();
    Rng rng(21);
    const std::int64_t runs = test::count(2000);
    std::int64_t found = 0, refused = 0;
    double logs = 0;
    for (std::int64_t i = 0; i < runs; ++i) {
        SCOPED_TRACE("run " + std::to_string(i));
        const test::SearchCase given = test::randomSearchCase(rng, 6, 3);
        Diagnostics diagnostics;
        const auto result = run(given, steadily(given), diagnostics);
        if (!result) {
            ++refused;
            ASSERT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
            continue;
        }
        ASSERT_TRUE(result->verified);
        ASSERT_TRUE(schedule::verify(result->problem, result->schedule, diagnostics)) << diagnostics.text();
        if (!result->steady) continue;
        ++found;
        const SteadyRecord& record = *result->steady;
        const auto simulated = static_cast<double>(record.simulated.value());
        ASSERT_GE(record.prediction, static_cast<double>(result->bounds.latency.value()) * (1 - 1e-9));
        ASSERT_GE(record.safePrediction, record.prediction - 1e-6);
        ASSERT_GE(simulated, static_cast<double>(result->bounds.latency.value()));
        ASSERT_NEAR(sum(record.parts), simulated - record.prediction, 1e-6 * std::max(1.0, simulated));
        if (record.status == "optimal") {
            ASSERT_NEAR(*record.solverBound, record.objective, 1e-4 * std::max(1.0, record.objective));
        }
        logs += std::log(simulated / record.prediction);
    }
    std::printf("%lld found, %lld refused; scheduled / predicted, geometric mean: %.3f\n",
                static_cast<long long>(found), static_cast<long long>(refused),
                std::exp(logs / static_cast<double>(std::max<std::int64_t>(found, 1))));
    EXPECT_GT(4 * found, runs);
}

/// Two convolutions side by side on one core.
test::SearchCase pair(std::int64_t bits) {
    test::SearchCase given;
    test::ConvShape shape;
    shape.k = shape.c = 8;
    shape.oy = 16;
    shape.ox = 12;
    const auto input = test::addInput(given.workload, {shape.c, shape.iy(), shape.ix()});
    const auto middle = test::addConv(given.workload, "first", input, shape);
    const auto last = test::addConv(given.workload, "second", middle, shape);
    given.workload.tensors[last].isOutput = true;
    given.chip = test::smallChip(1, bits);
    given.rules.stacking = fusion::Stacking::byHand;
    given.rules.stacks = {{"0", "1"}};
    return given;
}

TEST(Steady, SaysWhatDoesNotFit) {
    MILLRACE_NEEDS_CBC();
    bool fitted = false;
    bool refused = false;
    for (std::int64_t bits = 1 << 20; bits > 256 && !refused; bits = bits * 7 / 8) {
        const test::SearchCase given = pair(bits);
        Diagnostics diagnostics;
        const auto result = run(given, steadily(given), diagnostics);
        if (result) {
            fitted = true;
            continue;
        }
        refused = true;
        ASSERT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
        const Diagnostic& message = diagnostics.all().front();
        EXPECT_NE(message.message.find(std::to_string(bits)), std::string::npos) << "the room: " << message.text();
        EXPECT_NE(message.message.find("core"), std::string::npos) << "the memory: " << message.text();
        EXPECT_NE(message.message.find("'first'"), std::string::npos) << message.text();
        EXPECT_NE(message.message.find("'second'"), std::string::npos) << message.text();
        EXPECT_NE(message.hint.find("--cut-after first"), std::string::npos) << message.text();
        // What the message advises helps.
        test::SearchCase apart = pair(bits);
        apart.rules.stacks = {{"0"}, {"1"}};
        Diagnostics none;
        EXPECT_TRUE(run(apart, steadily(apart), none)) << none.text();
    }
    EXPECT_TRUE(fitted);
    EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace millrace::explore
