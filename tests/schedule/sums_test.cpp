#include <gtest/gtest.h>

#include <functional>

#include "schedule/text.h"
#include "schedule/verify.h"

namespace millrace::test {
namespace {

using namespace schedule;

Span span(std::int64_t start, std::int64_t end) { return {Cycles(start), Cycles(end)}; }

/// Three tasks on two cores add to [0:2] of a sum in a shared memory, which is exactly full; one writes [2:3] thrice
/// over; a fourth reads it all.
struct Summed {
    Problem problem;
    Schedule schedule;
    CoreId left, right;
    MemoryId shared, other;
    TensorId sum, end;
    TaskId first, second, third, reader;

    Summed() {
        left = problem.cores.add({"left"});
        right = problem.cores.add({"right"});
        shared = problem.memories.add({"shared", Bits(40), {left, right}});
        other = problem.memories.add({"other", Bits(100), {left, right}});
        sum = problem.tensors.add({"sum", {3}, 8, DataClass::activation, {}, {}});
        problem.tensors[sum].writers = 3;
        end = problem.tensors.add({"end", {2}, 8, DataClass::activation, {}, shared});
        const GroupId group = problem.groups.add({"layer", 0});
        const std::vector<Access> both{{sum, {{0, 2}}}, {sum, {{2, 3}}}};
        const auto option = [&](CoreId core) { return Option{core, Cycles(4), Picojoules(1), {}, {shared, shared}}; };
        first = problem.tasks.add({"first", group, {}, both, {option(left)}});
        second = problem.tasks.add({"second", group, {}, both, {option(right)}});
        third = problem.tasks.add({"third", group, {}, both, {option(left)}});
        reader = problem.tasks.add({"reader",
                                    group,
                                    {{sum, {{0, 3}}}},
                                    {{end, {{0, 2}}}},
                                    {{right, Cycles(2), Picojoules(1), {shared}, {shared}}}});
        schedule.placements.add({left, 0, span(0, 4)});
        schedule.placements.add({right, 0, span(6, 10)});
        schedule.placements.add({left, 0, span(10, 14)});
        schedule.placements.add({right, 0, span(14, 16)});
        schedule.buffers.add({shared, sum, {{0, 2}}, span(0, 16)});
        schedule.buffers.add({shared, sum, {{2, 3}}, span(0, 16)});
        schedule.buffers.add({shared, end, {{0, 2}}, span(14, 16)});
        schedule.latency = Cycles(16);
        schedule.energy = energy(problem, schedule);
    }
};

std::string checked(const Problem& problem) {
    Diagnostics diagnostics;
    check(problem, diagnostics);
    return diagnostics.text();
}

std::string verified(const Summed& s) {
    Diagnostics diagnostics;
    verify(s.problem, s.schedule, diagnostics);
    return diagnostics.text();
}

TEST(Sums, ALegalSumPasses) {
    const Summed s;
    EXPECT_EQ(checked(s.problem), "");
    EXPECT_EQ(verified(s), "");
    EXPECT_NE(print(s.problem).find("activation sum [0:3] of 8 bits, the sum of 3 tasks\n"), std::string::npos);
}

struct Fault {
    const char* name;
    std::function<void(Summed&)> plant;
    std::string says;
};

TEST(Sums, CheckCatchesFaults) {
    const std::vector<Fault> faults{
        {"none", [](Summed& s) { s.problem.tensors[s.sum].writers = 0; }, "tensor 'sum' has 0 writers"},
        {"too many", [](Summed& s) { s.problem.tensors[s.sum].writers = 2; },
         "task 'first' (0) and 2 others write [0:2] of tensor 'sum', which has 2 writers"},
        {"too few",
         [](Summed& s) {
             s.problem.tasks[s.third].writes[1].box = {{2, 2}};
         },
         "task 'first' (0) and 1 others write [2:3] of tensor 'sum', which has 3 writers"},
        {"only one is a sum", [](Summed& s) { s.problem.tensors[s.sum].writers = 1; },
         "task 'first' (0) and task 'second' (1) both write [0:2] of tensor 'sum'"},
        {"overlap",
         [](Summed& s) {
             s.problem.tasks[s.third].writes[1].box = {{1, 3}};
         },
         "both write [1:2] of tensor 'sum' (boxes of one sum are equal or disjoint)"},
        {"one task twice",
         [](Summed& s) {
             s.problem.tasks[s.first].writes[1].box = {{0, 2}};
             s.problem.tasks[s.third].writes[0].box = {{2, 3}};
         },
         "task 'first' (0) writes [0:2] of tensor 'sum' twice"},
        {"gap",
         [](Summed& s) {
             for (Task& task : s.problem.tasks) {
                 if (task.writes.size() == 2) task.writes[1].box = {{2, 2}};
             }
         },
         "nothing writes [2:3] of tensor 'sum'"},
    };
    for (const Fault& fault : faults) {
        SCOPED_TRACE(fault.name);
        Summed s;
        fault.plant(s);
        EXPECT_NE(checked(s.problem).find(fault.says), std::string::npos) << checked(s.problem);
    }
}

TEST(Sums, VerifyCatchesFaults) {
    const std::vector<Fault> faults{
        {"read before the last",
         [](Summed& s) {
             std::swap(s.schedule.placements[s.third].span, s.schedule.placements[s.first].span);
             s.schedule.placements[s.first].span = span(11, 15);
         },
         "task 'reader' (3) needs tensor 'sum' [0:3] in memory 'shared' over [14, 16), but [2:3] is not valid there in "
         "[14, 15); it arrives at 15"},
        {"together", [](Summed& s) { s.schedule.placements[s.second].span = span(7, 11); },
         "task 'second' (1) and task 'third' (2) add to tensor 'sum' [0:2] at the same time, [7, 11) and [10, 14)"},
        {"between",
         [](Summed& s) {
             s.problem.tasks[s.second].options[0].duration = Cycles(0);
             s.schedule.placements[s.second].span = span(3, 3);
         },
         "task 'first' (0) and task 'second' (1) add to tensor 'sum' [0:2] at the same time, [0, 4) and [3, 3)"},
        {"in another memory",
         [](Summed& s) {
             s.problem.tasks[s.second].options[0].writeMemories[1] = s.other;
             s.schedule.buffers.add({s.other, s.sum, {{2, 3}}, span(0, 16)});
         },
         "task 'first' (0) adds to tensor 'sum' [2:3] in memory 'shared', but task 'second' (1) adds to it in memory "
         "'other'"},
        {"dropped in between",
         [](Summed& s) {
             s.schedule.buffers[BufferId(0)].span.end = Cycles(4);
             s.schedule.buffers.add({s.shared, s.sum, {{0, 2}}, span(6, 16)});
         },
         "the sum that ends with task 'third' (2) writes tensor 'sum' [0:2] into memory 'shared', where no buffer "
         "holds "
         "[0:2] over [0, 14)"},
        {"opened late", [](Summed& s) { s.schedule.buffers[BufferId(1)].span.start = Cycles(1); },
         "the sum that ends with task 'third' (2) writes tensor 'sum' [2:3]"},
        {"sent too early",
         [](Summed& s) {
             s.schedule.transfers.add({s.sum, {{0, 1}}, s.shared, s.other, {}, 8, span(10, 11)});
             s.schedule.buffers.add({s.other, s.sum, {{0, 1}}, span(10, 16)});
         },
         "needs tensor 'sum' [0:1] in memory 'shared' over [10, 11), but [0:1] is not valid there in [10, 11); it "
         "arrives at 14"},
    };
    for (const Fault& fault : faults) {
        SCOPED_TRACE(fault.name);
        Summed s;
        fault.plant(s);
        EXPECT_EQ(checked(s.problem), "");
        EXPECT_NE(verified(s).find(fault.says), std::string::npos) << verified(s);
    }
}

TEST(Sums, ATaskOfNoLengthMayAddBetweenOthers) {
    for (const std::int64_t at : {0, 4, 6, 10, 14}) {
        Summed s;
        s.problem.tasks[s.second].options[0].duration = Cycles(0);
        s.schedule.placements[s.second].span = span(at, at);
        EXPECT_EQ(verified(s), "") << at;
    }
}

}  // namespace
}  // namespace millrace::test
