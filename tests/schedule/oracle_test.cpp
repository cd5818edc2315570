#include "oracle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "random.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "shared.h"

namespace millrace::test {
namespace {

using namespace schedule;

bool hasSums(const Problem& problem) {
    return std::any_of(problem.tensors.begin(), problem.tensors.end(), [](const Tensor& t) { return t.writers > 1; });
}

bool hasMulticasts(const Schedule& schedule) {
    return std::any_of(schedule.transfers.begin(), schedule.transfers.end(), [&](const Transfer& transfer) {
        return transfer.with.valid() && !transfer.route.empty() && !transfer.box.empty();
    });
}

TEST(VerifyOracle, AgreesWithASimulationOfCyclesAndElements) {
    Rng rng(20240611);
    const std::int64_t cases = count(100000);
    std::int64_t good = 0;
    std::int64_t all = 0;
    std::int64_t sums = 0;
    std::int64_t multicasts = 0;
    for (std::int64_t i = 0; i < cases; ++i) {
        Problem problem = randomProblem(rng);
        Diagnostics sound;
        ASSERT_TRUE(check(problem, sound)) << sound.text() << print(problem);
        Schedule schedule = serialSchedule(problem, rng);
        for (int round = 0; round < 4; ++round) {
            Diagnostics diagnostics;
            const bool expected = legal(problem, schedule);
            ASSERT_EQ(verify(problem, schedule, diagnostics), expected) << "case " << i << '\n'
                                                                        << diagnostics.text() << '\n'
                                                                        << print(problem) << print(problem, schedule);
            good += expected ? 1 : 0;
            ++all;
            sums += expected && hasSums(problem) ? 1 : 0;
            multicasts += expected && hasMulticasts(schedule) ? 1 : 0;
            mutate(problem, schedule, rng);
        }
    }
    std::printf("legal: %lld of %lld, with sums %lld, with multicasts %lld\n", static_cast<long long>(good),
                static_cast<long long>(all), static_cast<long long>(sums), static_cast<long long>(multicasts));
    EXPECT_GT(good * 5, all);
    EXPECT_LT(good * 5, all * 4);
    EXPECT_GT(sums * 20, all);
    EXPECT_GT(multicasts * 20, all);
}

}  // namespace
}  // namespace millrace::test
