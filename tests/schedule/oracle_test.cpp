#include "oracle.h"

#include <gtest/gtest.h>

#include "random.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "shared.h"

namespace millrace::test {
namespace {

using namespace schedule;

TEST(VerifyOracle, AgreesWithASimulationOfCyclesAndElements) {
    Rng rng(20240611);
    const std::int64_t cases = count(100000);
    std::int64_t good = 0;
    std::int64_t all = 0;
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
            mutate(problem, schedule, rng);
        }
    }
    std::printf("legal: %lld of %lld\n", static_cast<long long>(good), static_cast<long long>(all));
    EXPECT_GT(good * 5, all);
    EXPECT_LT(good * 5, all * 4);
}

}  // namespace
}  // namespace millrace::test
