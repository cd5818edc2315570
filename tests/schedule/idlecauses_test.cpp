#include <fmt/format.h>
#include <gtest/gtest.h>

#include "schedule/idle.h"
#include "schedule/names.h"
#include "schedule/verify.h"
#include "small.h"

namespace millrace::test {
namespace {

using namespace schedule;

Span span(std::int64_t start, std::int64_t end) { return {Cycles(start), Cycles(end)}; }

/// "[0, 8) input for first.0: transfer 0", a part a line, of a schedule that must be legal.
std::string idle(const Problem& problem, Schedule& schedule, CoreId core) {
    schedule.latency = Cycles(0);
    for (const Placement& placement : schedule.placements) {
        schedule.latency = std::max(schedule.latency, placement.span.end);
    }
    for (const Transfer& transfer : schedule.transfers) {
        schedule.latency = std::max(schedule.latency, transfer.span.end);
    }
    schedule.energy = energy(problem, schedule);
    Diagnostics diagnostics;
    EXPECT_TRUE(check(problem, diagnostics) && verify(problem, schedule, diagnostics)) << diagnostics.text();
    std::string result;
    const CoreIdle found = idleTimes(problem, schedule)[core];
    for (const IdlePart& part : found.parts) {
        result += fmt::format("{} {}", text(part.span), text(part.cause));
        if (part.next.valid()) result += " for " + problem.tasks[part.next].name;
        if (part.transfer.valid()) result += fmt::format(": transfer {}", part.transfer.index());
        if (part.task.valid()) result += ": " + problem.tasks[part.task].name;
        if (part.link.valid()) result += ": " + problem.links[part.link].name;
        if (part.memory.valid()) result += ": " + problem.memories[part.memory].name;
        result += '\n';
    }
    return result;
}

std::string idle(Small& s, CoreId core) { return idle(s.problem, s.schedule, core); }

TEST(Idle, InputOrderPredecessorNothing) {
    Small s;
    EXPECT_EQ(idle(s, s.left), "[0, 8) input for first.0: transfer 0\n[8, 10) order for first.0\n[20, 42) nothing\n");
    EXPECT_EQ(idle(s, s.right),
              "[0, 20) predecessor for second.0: transfer 2: first.1\n[20, 28) input for second.0: transfer 2\n"
              "[34, 42) nothing\n");
    EXPECT_EQ(idle(s, s.port), "[0, 42) nothing\n");
}

TEST(Idle, BetweenTasksThatFollowEachOtherIsNoTime) {
    Small s;
    s.schedule.placements[s.bottom].span = span(15, 20);
    EXPECT_EQ(idleTimes(s.problem, s.schedule)[s.left].parts.size(), 3U);
    EXPECT_EQ(idleTimes(s.problem, s.schedule)[s.left].sums[static_cast<std::size_t>(IdleCause::order)], Cycles(2));
}

TEST(Idle, ALinkThatIsTakenByAnother) {
    Small s;
    s.schedule.transfers[s.inputIn].bandwidth = 8;
    s.schedule.transfers[s.weightIn].bandwidth = 8;
    s.schedule.transfers[s.inputIn].span = span(2, 6);
    s.schedule.transfers[s.weightIn].span = span(6, 10);
    // Free in [0, 2), but that is too short for the weights, which take 4 cycles.
    EXPECT_EQ(idle(s, s.left),
              "[0, 6) link for first.0: transfer 1: in\n[6, 10) input for first.0: transfer 1\n[20, 42) nothing\n");
    s.problem.links[s.in].bandwidth = 16;
    EXPECT_EQ(idle(s, s.left),
              "[0, 6) order for first.0: transfer 1\n[6, 10) input for first.0: transfer 1\n[20, 42) nothing\n");
}

TEST(Idle, AGapBeforeThatIsLongEnoughWasLeftByTheScheduler) {
    Small s;
    s.schedule.transfers[s.inputIn].bandwidth = 16;
    s.schedule.transfers[s.weightIn].bandwidth = 16;
    s.problem.links[s.in].bandwidth = 16;
    s.schedule.transfers[s.inputIn].span = span(6, 8);
    s.schedule.transfers[s.weightIn].span = span(8, 10);
    EXPECT_EQ(idle(s, s.left),
              "[0, 5) order for first.0: transfer 1\n[5, 8) link for first.0: transfer 1: in\n"
              "[8, 10) input for first.0: transfer 1\n[20, 42) nothing\n");
}

TEST(Idle, NoRoomForTheResult) {
    Small s;
    for (int i = 0; i < 2; ++i) s.schedule.buffers.add({s.leftMemory, s.input, {{0, 4}, {0, 2}}, span(0, 9)});
    EXPECT_EQ(idle(s, s.left),
              "[0, 8) input for first.0: transfer 0\n[8, 9) space for first.0: sramL\n"
              "[9, 10) order for first.0\n[20, 42) nothing\n");
    s.problem.memories[s.leftMemory].capacity += Bits(64);
    EXPECT_NE(idle(s, s.left).find("[8, 10) order"), std::string::npos);
}

TEST(Idle, NoScratchRoom) {
    Small s;
    s.problem.memories[s.leftMemory].capacity += Bits(7);
    s.problem.tasks[s.top].options[0].scratch = {{s.leftMemory, Bits(7)}};
    s.schedule.buffers.add({s.leftMemory, s.input, {{0, 4}, {0, 2}}, span(0, 10)});
    s.schedule.buffers[s.betweenBuffer].span.start = Cycles(4);
    s.schedule.buffers[s.inputBuffer].span.start = Cycles(0);
    s.problem.memories[s.leftMemory].capacity += Bits(26);
    EXPECT_NE(idle(s, s.left).find("[8, 10) space for first.0: sramL\n"), std::string::npos) << idle(s, s.left);
    s.problem.memories[s.leftMemory].capacity += Bits(6);
    EXPECT_NE(idle(s, s.left).find("[8, 10) order"), std::string::npos) << idle(s, s.left);
}

TEST(Idle, RoomMustLastUntilTheStart) {
    Small s;  // full only at the end of the wait, but who begins sooner is still there then
    s.problem.memories[s.leftMemory].capacity += Bits(4);
    s.schedule.buffers.add({s.leftMemory, s.input, {{0, 1}, {0, 1}}, span(9, 10)});
    EXPECT_EQ(idle(s, s.left), "[0, 8) input for first.0: transfer 0\n[8, 10) order for first.0\n[20, 42) nothing\n");
    s.schedule.buffers.add({s.leftMemory, s.input, {{0, 4}, {0, 2}}, span(9, 10)});
    s.schedule.buffers.add({s.leftMemory, s.input, {{1, 4}, {0, 2}}, span(9, 10)});
    EXPECT_EQ(idle(s, s.left),
              "[0, 8) input for first.0: transfer 0\n[8, 10) space for first.0: sramL\n[20, 42) nothing\n");
}

TEST(Idle, NoRoomAtTheDestinationOfATransfer) {
    Small s;
    const auto late = [&](Span& moved) { moved = {moved.start + Cycles(2), moved.end + Cycles(2)}; };
    late(s.schedule.transfers[s.forward].span);
    late(s.schedule.placements[s.second].span);
    late(s.schedule.transfers[s.outputOut].span);
    for (const BufferId id : {s.copyBuffer, s.resultBuffer, s.outputBuffer}) late(s.schedule.buffers[id].span);
    s.schedule.buffers[s.betweenBuffer].span.end = Cycles(30);
    s.schedule.buffers[s.weight2Buffer].span.end = Cycles(36);
    EXPECT_EQ(idle(s, s.right),
              "[0, 20) predecessor for second.0: transfer 2: first.1\n"
              "[20, 22) order for second.0: transfer 2\n[22, 30) input for second.0: transfer 2\n"
              "[36, 44) nothing\n");
    for (int i = 0; i < 2; ++i) s.schedule.buffers.add({s.rightMemory, s.input, {{0, 4}, {0, 2}}, span(0, 21)});
    EXPECT_EQ(idle(s, s.right),
              "[0, 20) predecessor for second.0: transfer 2: first.1\n"
              "[20, 21) space for second.0: transfer 2: sramR\n"
              "[21, 22) order for second.0: transfer 2\n[22, 30) input for second.0: transfer 2\n"
              "[36, 44) nothing\n");
}

TEST(Idle, AWeightThatWaitsForItsPhase) {
    Small s;
    const auto late = [&](Span& moved) { moved = {moved.start + Cycles(1), moved.end + Cycles(1)}; };
    s.schedule.transfers[s.weight2In].span = span(25, 29);
    late(s.schedule.placements[s.second].span);
    late(s.schedule.transfers[s.outputOut].span);
    for (const BufferId id : {s.resultBuffer, s.outputBuffer}) late(s.schedule.buffers[id].span);
    s.schedule.buffers[s.copyBuffer].span.end = Cycles(35);
    s.schedule.buffers[s.weight2Buffer].span.end = Cycles(35);
    EXPECT_EQ(idle(s, s.right),
              "[0, 20) predecessor for second.0: transfer 3: first.1\n"
              "[20, 25) order for second.0: transfer 3\n[25, 29) input for second.0: transfer 3\n"
              "[35, 43) nothing\n");
    s.problem.weightsWaitForPhase = false;
    EXPECT_EQ(idle(s, s.right),
              "[0, 8) link for second.0: transfer 3: in\n[8, 25) order for second.0: transfer 3\n[25, 29) input for "
              "second.0: transfer 3\n[35, 43) nothing\n");
}

/// Two cores add to a sum in a shared memory; the data of the second come over two hops.
struct Hops {
    Problem problem;
    Schedule schedule;
    CoreId port, a, b;
    Hops() {
        port = problem.cores.add({"port"});
        a = problem.cores.add({"a"});
        b = problem.cores.add({"b"});
        const MemoryId dram = problem.memories.add({"dram", Bits(1000), {port}, 1, 1, 0, 0, true});
        const MemoryId own = problem.memories.add({"own", Bits(16), {a}});
        const MemoryId other = problem.memories.add({"other", Bits(16), {b}});
        const MemoryId shared = problem.memories.add({"shared", Bits(8), {a, b}});
        const LinkId in = problem.links.add({"in", false, {port, a}, {}, {}, 4, 0});
        const LinkId on = problem.links.add({"on", false, {a, b}, {}, {}, 8, 0});
        const TensorId image = problem.tensors.add({"image", {2}, 8, DataClass::activation, dram, {}});
        const TensorId sum = problem.tensors.add({"sum", {1}, 8, DataClass::activation, {}, shared});
        problem.tensors[sum].writers = 2;
        const GroupId group = problem.groups.add({"layer", 0});
        const std::vector<Access> all{{sum, {{0, 1}}}};
        problem.tasks.add({"one", group, {{image, {{0, 2}}}}, all, {{a, Cycles(7), {}, {own}, {shared}}}});
        problem.tasks.add({"two", group, {{image, {{0, 2}}}}, all, {{b, Cycles(2), {}, {other}, {shared}}}});
        schedule.placements.add({a, 0, span(4, 11)});
        schedule.placements.add({b, 0, span(12, 14)});
        schedule.transfers.add({image, {{0, 2}}, dram, own, {in}, 4, span(0, 4), TransferCause::input});
        schedule.transfers.add({image, {{0, 2}}, own, other, {on}, 8, span(7, 9)});
        schedule.buffers.add({own, image, {{0, 2}}, span(0, 11)});
        schedule.buffers.add({other, image, {{0, 2}}, span(7, 14)});
        schedule.buffers.add({shared, sum, {{0, 1}}, span(4, 14)});
    }
};

TEST(Idle, WaitsForItsTurnInASum) {
    Hops h;
    EXPECT_EQ(idle(h.problem, h.schedule, h.b), "[0, 11) predecessor for two: one\n[11, 12) order for two\n");
    EXPECT_EQ(idle(h.problem, h.schedule, h.a), "[0, 4) input for one: transfer 0\n[11, 14) nothing\n");
}

TEST(Idle, FollowsDataOverSeveralHops) {
    Hops h;
    h.problem.tensors[TensorId(1)].writers = 1;
    h.problem.tasks[TaskId(0)].writes.clear();
    h.problem.tasks[TaskId(0)].options[0].writeMemories.clear();
    EXPECT_EQ(idle(h.problem, h.schedule, h.b),
              "[0, 4) input for two: transfer 0\n[4, 7) order for two: transfer 1\n[7, 9) input for two: transfer 1\n"
              "[9, 12) order for two\n");
}

TEST(Idle, ATaskOfNoLengthEndsIdleTime) {
    Small s;
    const TensorId note = s.problem.tensors.add({"note", {1}, 8, DataClass::activation, {}, {}});
    s.problem.memories[s.rightMemory].capacity += Bits(8);
    s.problem.tasks.add({"mark", GroupId(0), {}, {{note, {{0, 1}}}}, {{s.right, Cycles(0), {}, {}, {s.rightMemory}}}});
    s.schedule.placements.add({s.right, 0, span(3, 3)});
    s.schedule.buffers.add({s.rightMemory, note, {{0, 1}}, span(3, 3)});
    EXPECT_EQ(idle(s, s.right),
              "[0, 3) order for mark\n[3, 20) predecessor for second.0: transfer 2: first.1\n"
              "[20, 28) input for second.0: transfer 2\n[34, 42) nothing\n");
}

TEST(Idle, AMulticastWaitsForAllItsLinksAndRooms) {
    Small s;  // `second` waits for its weights, which also go to the left core, whose memory is full until 23
    Transfer twin = s.schedule.transfers[s.weight2In];
    s.problem.weightsWaitForPhase = false;
    const auto late = [&](Span& moved) { moved = {moved.start + Cycles(6), moved.end + Cycles(6)}; };
    late(s.schedule.transfers[s.weight2In].span);
    late(s.schedule.placements[s.second].span);
    late(s.schedule.transfers[s.outputOut].span);
    for (const BufferId id : {s.resultBuffer, s.outputBuffer}) late(s.schedule.buffers[id].span);
    for (const BufferId id : {s.copyBuffer, s.weight2Buffer}) s.schedule.buffers[id].span.end = Cycles(40);
    s.schedule.buffers[s.weight2Buffer].span.start = Cycles(26);
    twin = s.schedule.transfers[s.weight2In];
    twin.to = s.leftMemory;
    twin.with = s.weight2In;
    s.schedule.transfers.add(twin);
    s.schedule.buffers.add({s.leftMemory, s.weights2, {{0, 4}}, span(26, 40)});
    s.schedule.placements[s.second].span = span(30, 36);
    s.schedule.buffers[s.resultBuffer].span.start = Cycles(30);
    EXPECT_NE(idle(s, s.right).find("[26, 30) input for second.0: transfer 3\n"), std::string::npos)
        << idle(s, s.right);
    EXPECT_NE(idle(s, s.right).find("[20, 26) order for second.0: transfer 3\n"), std::string::npos)
        << idle(s, s.right);
    s.schedule.buffers.add({s.leftMemory, s.input, {{0, 4}, {0, 2}}, span(20, 23)});
    s.schedule.buffers.add({s.leftMemory, s.input, {{0, 4}, {0, 2}}, span(20, 23)});
    EXPECT_NE(idle(s, s.right).find("[8, 23) space for second.0: transfer 3: sramL\n"), std::string::npos)
        << idle(s, s.right);
}

}  // namespace
}  // namespace millrace::test
