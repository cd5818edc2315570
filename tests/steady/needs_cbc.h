#pragma once
#include <gtest/gtest.h>

#include "explore/steady/process.h"

namespace millrace::test {

inline bool hasCbc() {
    Diagnostics diagnostics;
    return steady::run({"cbc", "-quit"}, 10, nullptr, diagnostics).has_value();
}

}  // namespace millrace::test

/// At the start of a test that solves: skips, visibly, when the solver is not installed.
#define MILLRACE_NEEDS_CBC()                                                                  \
    if (!millrace::test::hasCbc()) {                                                          \
        GTEST_SKIP() << "needs the program cbc (Debian's package coinor-cbc; scripts/setup)"; \
    }                                                                                         \
    static_assert(true)
