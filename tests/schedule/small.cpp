#include "small.h"

namespace millrace::test {

using namespace schedule;

Small::Small() {
    makeResources();
    makeWork();
    makeSchedule();
    schedule.latency = Cycles(42);
    schedule.energy = energy(problem, schedule);
}

void Small::makeResources() {
    left = problem.cores.add({"left"});
    right = problem.cores.add({"right"});
    port = problem.cores.add({"port"});
    leftMemory = problem.memories.add({"sramL", Bits(128), {left}, 16, 16, 2.0, 3.0, false});
    rightMemory = problem.memories.add({"sramR", Bits(128), {right}, 16, 16, 2.5, 3.5, false});
    dram = problem.memories.add({"dram", Bits(100000), {port}, 32, 32, 70.0, 80.0, true});
    in = problem.links.add({"in", true, {port, left, right}, port, HubTransfers::fromHub, 8, 0.5});
    middle = problem.links.add({"middle", false, {left, right}, {}, {}, 8, 0.25});
    out = problem.links.add({"out", true, {port, left, right}, port, HubTransfers::toHub, 4, 0.5});
}

void Small::makeWork() {
    input = problem.tensors.add({"input", {4, 2}, 4, DataClass::activation, dram, {}});
    weights = problem.tensors.add({"weights", {8}, 4, DataClass::weight, dram, {}});
    between = problem.tensors.add({"between", {4, 2}, 8, DataClass::activation, {}, {}});
    weights2 = problem.tensors.add({"weights2", {4}, 8, DataClass::weight, dram, {}});
    output = problem.tensors.add({"output", {2, 2}, 8, DataClass::activation, {}, dram});
    const GroupId first = problem.groups.add({"first", 0});
    const GroupId later = problem.groups.add({"second", 1});
    problem.weightsWaitForPhase = true;
    const Option onLeft{left, Cycles(5), Picojoules(100), {leftMemory, leftMemory}, {leftMemory}};
    top = problem.tasks.add(
        {"first.0", first, {{input, {{0, 2}, {0, 2}}}, {weights, {{0, 8}}}}, {{between, {{0, 2}, {0, 2}}}}, {onLeft}});
    bottom = problem.tasks.add(
        {"first.1", first, {{input, {{2, 4}, {0, 2}}}, {weights, {{0, 8}}}}, {{between, {{2, 4}, {0, 2}}}}, {onLeft}});
    const Option onRight{right, Cycles(6), Picojoules(50), {rightMemory, rightMemory}, {rightMemory}};
    second = problem.tasks.add({"second.0",
                                later,
                                {{between, {{0, 4}, {0, 2}}}, {weights2, {{0, 4}}}},
                                {{output, {{0, 2}, {0, 2}}}},
                                {onRight}});
}

void Small::makeSchedule() {
    const Box all{{0, 4}, {0, 2}};
    const Box result{{0, 2}, {0, 2}};
    const auto span = [](std::int64_t start, std::int64_t end) { return Span{Cycles(start), Cycles(end)}; };
    schedule.placements.add({left, 0, span(10, 15)});
    schedule.placements.add({left, 0, span(15, 20)});
    schedule.placements.add({right, 0, span(28, 34)});
    inputBuffer = schedule.buffers.add({leftMemory, input, all, span(0, 20)});          // 32 bits
    weightBuffer = schedule.buffers.add({leftMemory, weights, {{0, 8}}, span(0, 20)});  // 32 bits
    betweenBuffer = schedule.buffers.add({leftMemory, between, all, span(10, 28)});     // 64 bits: sramL is full
    copyBuffer = schedule.buffers.add({rightMemory, between, all, span(20, 34)});       // 64 bits
    weight2Buffer = schedule.buffers.add({rightMemory, weights2, {{0, 4}}, span(20, 34)});
    resultBuffer = schedule.buffers.add({rightMemory, output, result, span(28, 42)});  // 32 bits: sramR is full
    outputBuffer = schedule.buffers.add({dram, output, result, span(34, 42)});
    inputIn = schedule.transfers.add({input, all, dram, leftMemory, {in}, 4, span(0, 8), TransferCause::input});
    weightIn =
        schedule.transfers.add({weights, {{0, 8}}, dram, leftMemory, {in}, 4, span(0, 8), TransferCause::weight});
    forward = schedule.transfers.add(
        {between, all, leftMemory, rightMemory, {middle}, 8, span(20, 28), TransferCause::forward});
    weight2In =
        schedule.transfers.add({weights2, {{0, 4}}, dram, rightMemory, {in}, 8, span(20, 24), TransferCause::weight});
    outputOut =
        schedule.transfers.add({output, result, rightMemory, dram, {out}, 4, span(34, 42), TransferCause::output});
}

}  // namespace millrace::test
