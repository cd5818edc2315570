#include "sample.h"

#include <gtest/gtest.h>

#include "schedule/verify.h"

namespace millrace {
namespace {

TEST(Sample, IsALegalSchedule) {
    for (const explore::Result& result : {test::smallSample(), test::largeSample(), test::singleTask()}) {
        Diagnostics diagnostics;
        EXPECT_TRUE(schedule::check(result.problem, diagnostics)) << diagnostics.text();
        EXPECT_TRUE(schedule::verify(result.problem, result.schedule, diagnostics)) << diagnostics.text();
    }
}

}  // namespace
}  // namespace millrace
