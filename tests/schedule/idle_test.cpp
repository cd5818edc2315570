#include "schedule/idle.h"

#include <gtest/gtest.h>

#include "idleoracle.h"
#include "random.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "shared.h"

namespace millrace::test {
namespace {

using namespace schedule;

using Sums = std::array<Cycles, kIdleCauses>;

Sums sumsOf(const Problem& problem, const Schedule& schedule) {
    Sums sums{};
    for (const CoreIdle& core : idleTimes(problem, schedule)) {
        for (std::size_t i = 0; i < kIdleCauses; ++i) sums[i] += core.sums[i];
    }
    return sums;
}

std::optional<std::pair<Problem, Schedule>> randomLegal(Rng& rng) {
    Problem problem = randomProblem(rng);
    Schedule schedule = serialSchedule(problem, rng);
    Diagnostics diagnostics;
    if (!verify(problem, schedule, diagnostics)) return std::nullopt;
    compact(problem, schedule, rng, rng.between(0, 40));
    if (rng.below(2) == 0) {
        tighten(problem, schedule);
        compact(problem, schedule, rng, 20);
    }
    return std::pair(std::move(problem), std::move(schedule));
}

/// Every idle cycle of a core, and only those, is in one part, whose cause is that of the oracle.
void expectAsTheOracle(const Problem& problem, const Schedule& schedule, CoreId core, const CoreIdle& found) {
    std::int64_t cycle = 0;
    Sums sums{};
    const auto expectBusyUntil = [&](std::int64_t end) {
        for (; cycle < end; ++cycle) ASSERT_FALSE(whyIdle(problem, schedule, core, cycle)) << cycle;
    };
    std::optional<IdlePart> last;
    for (const IdlePart& part : found.parts) {
        ASSERT_LT(part.span.start, part.span.end);
        ASSERT_GE(part.span.start.value(), cycle);
        expectBusyUntil(part.span.start.value());
        for (; cycle < part.span.end.value(); ++cycle) {
            auto why = whyIdle(problem, schedule, core, cycle);
            ASSERT_TRUE(why) << "core " << core.index() << ", cycle " << cycle << " is busy";
            why->span = part.span;
            ASSERT_EQ(*why, part) << "core " << core.index() << ", cycle " << cycle << ": " << text(part.cause)
                                  << " instead of " << text(why->cause);
        }
        const bool touches = last && last->span.end == part.span.start;
        if (last) last->span = part.span;
        ASSERT_FALSE(touches && last == part) << "cut without need at " << part.span.start.value();
        last = part;
        sums[static_cast<std::size_t>(part.cause)] += part.span.length();
    }
    expectBusyUntil(schedule.latency.value());
    ASSERT_EQ(sums, found.sums);
}

TEST(IdleOracle, AgreesInEveryCycle) {
    Rng rng(77);
    std::array<std::int64_t, kIdleCauses> seen{};
    for (std::int64_t cases = count(40000); cases > 0; --cases) {
        const auto legal = randomLegal(rng);
        if (!legal) continue;
        const auto& [problem, schedule] = *legal;
        const Table<CoreId, CoreIdle> idle = idleTimes(problem, schedule);
        ASSERT_EQ(idle.size(), problem.cores.size());
        for (const CoreId core : problem.cores.ids()) {
            expectAsTheOracle(problem, schedule, core, idle[core]);
            if (HasFatalFailure()) FAIL() << print(problem) << print(problem, schedule);
            for (std::size_t i = 0; i < kIdleCauses; ++i) seen[i] += idle[core].sums[i] > Cycles(0) ? 1 : 0;
        }
    }
    for (std::size_t i = 0; i < kIdleCauses; ++i) {
        std::printf("%s: %lld\n", text(static_cast<IdleCause>(i)), static_cast<long long>(seen[i]));
        EXPECT_GT(seen[i], 20) << text(static_cast<IdleCause>(i));
    }
}

TEST(Idle, WhatIsPlentifulIsNoCause) {
    Rng rng(78);
    for (std::int64_t cases = count(20000); cases > 0; --cases) {
        auto legal = randomLegal(rng);
        if (!legal) continue;
        auto& [problem, schedule] = *legal;
        const Sums given = sumsOf(problem, schedule);
        for (Link& link : problem.links) link.bandwidth *= 2;
        const Sums wide = sumsOf(problem, schedule);
        EXPECT_EQ(wide[static_cast<std::size_t>(IdleCause::link)], Cycles(0));
        for (Memory& memory : problem.memories) memory.capacity = Bits(100000);
        const Sums large = sumsOf(problem, schedule);
        EXPECT_EQ(large[static_cast<std::size_t>(IdleCause::space)], Cycles(0));
        Cycles before;
        Cycles after;
        for (std::size_t i = 0; i < kIdleCauses; ++i) {
            before += given[i];
            after += large[i];
        }
        EXPECT_EQ(before, after);
        for (const IdleCause cause : {IdleCause::input, IdleCause::predecessor, IdleCause::nothing}) {
            EXPECT_EQ(given[static_cast<std::size_t>(cause)], large[static_cast<std::size_t>(cause)]);
        }
    }
}

}  // namespace
}  // namespace millrace::test
