#include <gtest/gtest.h>

#include <algorithm>

#include "schedule/text.h"
#include "schedule/verify.h"
#include "small.h"

namespace millrace::test {
namespace {

using namespace schedule;

std::string said(const Problem& problem, const Schedule& schedule) {
    Diagnostics diagnostics;
    verify(problem, schedule, diagnostics);
    return diagnostics.text();
}

TEST(Rules, CopiesMayTakeTurns) {
    // Two half copies of the weights, and one that takes over from them while a task reads.
    Small s;
    s.problem.memories[s.leftMemory].capacity = Bits(200);
    s.schedule.buffers[s.weightBuffer].span.end = Cycles(12);
    s.schedule.buffers.add({s.leftMemory, s.weights, {{0, 3}}, {Cycles(8), Cycles(20)}});
    s.schedule.buffers.add({s.leftMemory, s.weights, {{3, 8}}, {Cycles(8), Cycles(20)}});
    EXPECT_NE(said(s.problem, s.schedule).find("[12, "), std::string::npos);
    s.schedule.transfers.add(
        {s.weights, {{0, 8}}, s.dram, s.leftMemory, {s.in}, 8, {Cycles(8), Cycles(12)}, TransferCause::weight});
    s.schedule.energy = energy(s.problem, s.schedule);
    EXPECT_EQ(said(s.problem, s.schedule), "");
}

TEST(Rules, PeriodicUseIsFolded) {
    Small s;
    s.problem.memories[s.rightMemory].capacity = Bits(1000);
    s.problem.memories[s.leftMemory].capacity = Bits(1000);
    s.schedule.interval = Cycles(18);  // link `in` is full in [0, 8) and [20, 24)
    EXPECT_NE(said(s.problem, s.schedule).find("link 'in' has 8 bits a cycle, but 16 are in use at 2 (modulo 18)"),
              std::string::npos)
        << said(s.problem, s.schedule);
    s.schedule.interval = Cycles(12);  // now at [0, 8) and [8, 12)
    EXPECT_EQ(said(s.problem, s.schedule), "");
    s.schedule.interval = Cycles(9);  // the left core works 10 cycles
    EXPECT_NE(said(s.problem, s.schedule).find("core 'left' has 1 task at a time, but 2 are in use"),
              std::string::npos);
    s.schedule.interval = Cycles(0);
    EXPECT_NE(said(s.problem, s.schedule).find("an interval of 0 cycles"), std::string::npos);
}

TEST(Rules, ATaskOfNoLengthTakesNoCoreButNeedsItsData) {
    Small s;
    const TensorId note = s.problem.tensors.add({"note", {1}, 8, DataClass::activation, {}, {}});
    const Option option{s.left, Cycles(0), Picojoules(0), {s.leftMemory}, {s.leftMemory}};
    s.problem.tasks.add({"mark", GroupId(0), {{s.between, {{0, 2}, {0, 2}}}}, {{note, {{0, 1}}}}, {option}});
    s.problem.memories[s.leftMemory].capacity = Bits(136);
    s.schedule.placements.add({s.left, 0, {Cycles(17), Cycles(17)}});
    s.schedule.buffers.add({s.leftMemory, note, {{0, 1}}, {Cycles(17), Cycles(17)}});
    EXPECT_EQ(said(s.problem, s.schedule), "");
    s.schedule.placements[TaskId(3)].span = {Cycles(14), Cycles(14)};
    s.schedule.buffers[BufferId(7)].span = {Cycles(14), Cycles(14)};
    EXPECT_NE(said(s.problem, s.schedule).find("is not valid there at 14; it arrives at 15"), std::string::npos);
}

TEST(Rules, AtMostAHundredMessages) {
    Small s;
    for (int i = 0; i < 150; ++i) s.schedule.buffers.add({});
    Diagnostics diagnostics;
    EXPECT_FALSE(verify(s.problem, s.schedule, diagnostics));
    ASSERT_EQ(diagnostics.all().size(), 101U);
    EXPECT_EQ(diagnostics.all().back().message, "50 more violations in the schedule (150 in all)");
}

/// A line of `n` tasks; each reads what the one before wrote, and a weight; all data stay.
TEST(Rules, VerifiesLongSchedulesInReasonableTime) {
    constexpr std::int64_t n = 100000;
    Problem problem;
    const CoreId core = problem.cores.add({"core"});
    const MemoryId memory = problem.memories.add({"memory", Bits(8 * (n + 1)), {core}});
    const TensorId first = problem.tensors.add({"first", {1}, 8, DataClass::activation, memory, {}});
    const TensorId line = problem.tensors.add({"line", {n}, 8, DataClass::activation, {}, memory});
    const GroupId group = problem.groups.add({"all", 0});
    Schedule schedule;
    for (std::int64_t i = 0; i < n; ++i) {
        const Access read = i == 0 ? Access{first, {{0, 1}}} : Access{line, {{std::max<std::int64_t>(0, i - 3), i}}};
        const Box own{{i, i + 1}};
        problem.tasks.add({"t", group, {read}, {{line, own}}, {{core, Cycles(1), Picojoules(1), {memory}, {memory}}}});
        schedule.placements.add({core, 0, {Cycles(i), Cycles(i + 1)}});
        schedule.buffers.add({memory, line, own, {Cycles(i), Cycles(n)}});
    }
    schedule.latency = Cycles(n);
    schedule.energy = energy(problem, schedule);
    Diagnostics diagnostics;
    EXPECT_TRUE(check(problem, diagnostics)) << diagnostics.text();
    EXPECT_TRUE(verify(problem, schedule, diagnostics)) << diagnostics.text();
    schedule.buffers[BufferId(n / 2)].span.end = Cycles(n / 2 + 3);
    EXPECT_FALSE(verify(problem, schedule, diagnostics));
}

TEST(Text, IsTheSameForTheSameAndShowsEverything) {
    const Small small;
    EXPECT_EQ(print(small.problem), print(Small().problem));
    const std::string problem = print(small.problem);
    EXPECT_NE(problem.find("bus in (port, left, right): 8 bits a cycle, 0.5 pJ a bit, hub port out\n"),
              std::string::npos)
        << problem;
    EXPECT_NE(problem.find("activation output [0:2, 0:2] of 8 bits, in the end in dram\n"), std::string::npos);
    EXPECT_NE(problem.find("    option right: 6 cycles, 50 pJ, reads (sramR, sramR), writes (sramR)\n"),
              std::string::npos);
    const std::string text = print(small.problem, small.schedule);
    EXPECT_NE(text.find("[28, 34) task second.0 on right, option 0\n"), std::string::npos) << text;
    EXPECT_NE(text.find("[34, 42) buffer output [0:2, 0:2] in dram\n"), std::string::npos);
    EXPECT_NE(text.find("[20, 28) forward between [0:4, 0:2] from sramL to sramR over (middle) at 8 bits a cycle\n"),
              std::string::npos);
    EXPECT_NE(text.find("latency 42 cycles\n"), std::string::npos);
    Small broken;
    broken.schedule.transfers[broken.forward].route = {LinkId(9)};
    broken.schedule.transfers[broken.forward].tensor = {};
    EXPECT_NE(print(broken.problem, broken.schedule).find("forward - [0:4, 0:2] from sramL to sramR over (#9)"),
              std::string::npos);
}

}  // namespace
}  // namespace millrace::test
