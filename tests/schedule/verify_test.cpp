#include "schedule/verify.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "small.h"

namespace millrace::test {
namespace {

using namespace schedule;

std::vector<std::string> violations(const Problem& problem, const Schedule& schedule) {
    Diagnostics diagnostics;
    const bool legal = verify(problem, schedule, diagnostics);
    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : diagnostics.all()) messages.push_back(diagnostic.text());
    EXPECT_EQ(legal, messages.empty());
    EXPECT_EQ(legal, !diagnostics.failed());
    return messages;
}

TEST(Verify, TakesALegalSchedule) {
    const Small small;
    Diagnostics diagnostics;
    EXPECT_TRUE(check(small.problem, diagnostics)) << diagnostics.text();
    EXPECT_TRUE(verify(small.problem, small.schedule, diagnostics)) << diagnostics.text();
}

TEST(Verify, EnergyIsTheSumByHand) {
    const Small small;
    const Energy& sum = small.schedule.energy;
    EXPECT_EQ(sum.compute.value(), 250);
    // sramL: two arrivals of 2 words, one departure of 4; sramR: arrivals of 4 and 2 words, one departure of 2.
    EXPECT_DOUBLE_EQ(sum.memory.value(), 4 * 3.0 + 4 * 2.0 + 6 * 3.5 + 2 * 2.5);
    EXPECT_DOUBLE_EQ(sum.offchip.value(), 3 * 70.0 + 80.0);
    EXPECT_EQ(sum.spill.value(), 0);
    EXPECT_DOUBLE_EQ(sum.links.value(), 96 * 0.5 + 64 * 0.25 + 32 * 0.5);
    EXPECT_DOUBLE_EQ(sum.total().value(), 250 + 46 + 290 + 80);
}

/// A change to the small schedule that breaks one rule, and what is said of it.
struct Fault {
    const char* name;
    std::function<void(Small&)> plant;
    std::vector<std::string> says;  ///< parts of one message
    bool figures = false;           ///< latency and energy are set anew after the change
};

void shift(Span& span, std::int64_t by) {
    span.start += Cycles(by);
    span.end += Cycles(by);
}

void reckon(Small& small) {
    Cycles latency;
    for (const Placement& placement : small.schedule.placements) latency = std::max(latency, placement.span.end);
    for (const Transfer& transfer : small.schedule.transfers) latency = std::max(latency, transfer.span.end);
    small.schedule.latency = latency;
    small.schedule.energy = energy(small.problem, small.schedule);
}

void expectCaught(const Fault& fault) {
    SCOPED_TRACE(fault.name);
    Small small;
    fault.plant(small);
    if (fault.figures) reckon(small);
    const std::vector<std::string> found = violations(small.problem, small.schedule);
    const bool said = std::any_of(found.begin(), found.end(), [&](const std::string& message) {
        return std::all_of(fault.says.begin(), fault.says.end(),
                           [&](const std::string& part) { return message.find(part) != std::string::npos; });
    });
    EXPECT_TRUE(said) << testing::PrintToString(found);
}

TEST(Verify, CatchesFaultsOfTasks) {
    const std::vector<Fault> faults{
        {"missing", [](Small& s) { s.schedule.placements.resize(2); }, {"task 'second.0' (2) is not placed"}},
        {"no core", [](Small& s) { s.schedule.placements[s.top].core = {}; }, {"task 'first.0' (0) is not placed"}},
        {"one too many",
         [](Small& s) { s.schedule.placements.add({}); },
         {"4 tasks are placed, but the problem has 3"}},
        {"wrong core",
         [](Small& s) { s.schedule.placements[s.second].core = s.left; },
         {"task 'second.0' (2) is on core 'left', but its option 0 is for core 'right'"}},
        {"option", [](Small& s) { s.schedule.placements[s.top].option = 1; }, {"placed with option 1, but has 1"}},
        {"duration",
         [](Small& s) { s.schedule.placements[s.second].span.start = Cycles(29); },
         {"task 'second.0' (2) takes 5 cycles [29, 34)", "its option 0 takes 6"}},
        {"early",
         [](Small& s) { shift(s.schedule.placements[s.second].span, -1); },
         {"task 'second.0' (2) needs tensor 'between' [0:4, 0:2] in memory 'sramR' over [27, 33)", "[27, 28)",
          "arrives at 28"}},
        {"together",
         [](Small& s) { shift(s.schedule.placements[s.bottom].span, -1); },
         {"core 'left' has 1 task at a time, but 2 are in use at 14, over it in [14, 15)", "'first.0'", "'first.1'"}},
        {"phase",
         [](Small& s) {
             s.problem.groups[GroupId(0)].phase = 1;
             s.problem.groups[GroupId(1)].phase = 0;
         },
         {"task 'first.0' (0) of phase 1 starts at 10, before task 'second.0' (2) of an earlier phase ends at 34"}},
        {"negative", [](Small& s) { shift(s.schedule.placements[s.top].span, -11); }, {"has the times [-1, 4)"}},
    };
    for (const Fault& fault : faults) expectCaught(fault);
}

TEST(Verify, CatchesFaultsOfTransfers) {
    const std::vector<Fault> faults{
        {"removed",
         [](Small& s) { s.schedule.transfers.resize(s.schedule.transfers.size() - 1); },
         {"the end of the schedule needs tensor 'output'", "in memory 'dram'", "never arrives"},
         true},
        {"over by one",
         [](Small& s) { s.schedule.transfers[s.inputIn].bandwidth = 5; },
         {"link 'in' has 8 bits a cycle, but 9 are in use at 0, over it in [0, 8)"}},
        {"short",
         [](Small& s) { s.schedule.transfers[s.forward].span.start = Cycles(21); },
         {"transfer 2", "is too short: 7 cycles at 8 bits a cycle carry 56 of its 64 bits", "8 cycles"}},
        {"slow", [](Small& s) { s.schedule.transfers[s.forward].bandwidth = 0; }, {"carry 0 of its 64 bits"}},
        {"wrong way",
         [](Small& s) {
             s.problem.links[s.middle].cores = {s.right, s.left};
         },
         {"transfer 2", "the route is broken: link 'middle' does not lead on from core 'left'"}},
        {"wrong hub way",
         [](Small& s) { s.schedule.transfers[s.inputIn].route = {s.out}; },
         {"transfer 0", "link 'out' does not lead on from core 'port'"}},
        {"not to the hub",
         [](Small& s) { s.schedule.transfers[s.forward].route = {s.out}; },
         {"transfer 2", "link 'out' does not lead to a core of memory 'sramR'"}},
        {"no route", [](Small& s) { s.schedule.transfers[s.forward].route = {}; }, {"no core owns both memories"}},
        {"disconnected",
         [](Small& s) {
             s.schedule.transfers[s.inputIn].route = {s.in, s.in};
         },
         {"transfer 0", "link 'in' does not lead on from core 'left'"}},
        {"nowhere", [](Small& s) { s.schedule.transfers[s.forward].to = s.leftMemory; }, {"goes nowhere"}},
        {"source too early",
         [](Small& s) {
             s.schedule.transfers[s.forward].span = {Cycles(19), Cycles(28)};
         },
         {"transfer 2", "needs tensor 'between' [0:4, 0:2]", "[2:4, 0:2] is not valid there in [19, 20)",
          "arrives at 20"}},
        {"weight early",
         [](Small& s) { shift(s.schedule.transfers[s.weight2In].span, -1); },
         {"transfer 3", "of phase 1 starts at 19, before task 'first.1' (1) of an earlier phase ends at 20"}},
        {"cause",
         [](Small& s) { s.schedule.transfers[s.forward].cause = TransferCause::spill; },
         {"transfer 2", "wrong cause: a spill goes off-chip"},
         true},
        {"bad link", [](Small& s) { s.schedule.transfers[s.forward].route = {LinkId(9)}; }, {"transfer 2", "link"}},
        {"bad memory", [](Small& s) { s.schedule.transfers[s.forward].to = {}; }, {"transfer 2", "memory"}},
        {"bad tensor", [](Small& s) { s.schedule.transfers[s.forward].tensor = {}; }, {"transfer 2", "tensor"}},
        {"bad box",
         [](Small& s) {
             s.schedule.transfers[s.forward].box = {{0, 4}};
         },
         {"transfer 2", "[0:4]"}},
    };
    for (const Fault& fault : faults) expectCaught(fault);
}

TEST(Verify, CatchesFaultsOfMemories) {
    const std::vector<Fault> faults{
        {"full by one bit",
         [](Small& s) { s.problem.memories[s.leftMemory].capacity = Bits(127); },
         {"memory 'sramL' has 127 bits, but 128 are in use at 10, over it in [10, 20)", "buffer 2", "64 bits"}},
        {"scratch",
         [](Small& s) {
             s.problem.tasks[s.bottom].options[0].scratch = {{s.leftMemory, Bits(1)}};
         },
         {"memory 'sramL' has 128 bits, but 129 are in use at 15, over it in [15, 20)",
          "scratch room of task 'first.1'"}},
        {"resident",
         [](Small& s) {
             s.problem.tensors.add({"table", {1}, 1, DataClass::activation, s.rightMemory, {}});
         },
         {"memory 'sramR' has 128 bits, but 129 are in use at 28"}},
        {"one buffer more",
         [](Small& s) {
             s.schedule.buffers.add({s.leftMemory, s.input, {{0, 1}, {0, 1}}, {Cycles(12), Cycles(13)}});
         },
         {"memory 'sramL' has 128 bits, but 132 are in use at 12, over it in [12, 13)"}},
        {"ended early",
         [](Small& s) { s.schedule.buffers[s.copyBuffer].span.end = Cycles(33); },
         {"task 'second.0' (2) needs tensor 'between'", "in [33, 34)", "its buffer ends at 33"}},
        {"source ended early",
         [](Small& s) { s.schedule.buffers[s.betweenBuffer].span.end = Cycles(27); },
         {"transfer 2", "needs tensor 'between'", "in [27, 28)"}},
        {"opened late",
         [](Small& s) { s.schedule.buffers[s.betweenBuffer].span.start = Cycles(11); },
         {"task 'first.0' (0) writes tensor 'between' [0:2, 0:2] into memory 'sramL'", "no buffer holds"}},
        {"box too small",
         [](Small& s) {
             s.schedule.buffers[s.copyBuffer].box = {{0, 4}, {0, 1}};
         },
         {"transfer 2", "writes tensor 'between'", "no buffer holds [0:4, 1:2]"}},
        {"moved too little",
         [](Small& s) {
             s.schedule.transfers[s.inputIn].box = {{0, 3}, {0, 2}};
         },
         {"task 'first.1' (1) needs tensor 'input'", "[3:4, 0:2] is not valid", "never arrives"},
         true},
        {"final gone",
         [](Small& s) {
             s.schedule.placements[s.second].span = {Cycles(28), Cycles(34)};
             s.problem.tasks.add({"idle", GroupId(1), {}, {}, {{s.left, Cycles(2), Picojoules(0), {}, {}}}});
             s.schedule.placements.add({s.left, 0, {Cycles(43), Cycles(45)}});
         },
         {"the end of the schedule needs tensor 'output'", "at 45", "its buffer ends at 42"},
         true},
        {"bad memory", [](Small& s) { s.schedule.buffers[s.copyBuffer].memory = {}; }, {"buffer 3", "memory"}},
        {"bad box",
         [](Small& s) {
             s.schedule.buffers[s.copyBuffer].box = {{0, 5}, {0, 2}};
         },
         {"buffer 3", "[0:5"}},
        {"backwards", [](Small& s) { s.schedule.buffers[s.copyBuffer].span.end = Cycles(0); }, {"buffer 3", "[20, 0)"}},
    };
    for (const Fault& fault : faults) expectCaught(fault);
}

TEST(Verify, CatchesWrongFigures) {
    const std::vector<Fault> faults{
        {"latency", [](Small& s) { s.schedule.latency = Cycles(43); }, {"given as 43 cycles", "ends at 42"}},
        {"compute", [](Small& s) { s.schedule.energy.compute += Picojoules(1e-5); }, {"compute energy"}},
        {"memory", [](Small& s) { s.schedule.energy.memory += Picojoules(-1e-6); }, {"memory energy"}},
        {"offchip", [](Small& s) { s.schedule.energy.offchip = {}; }, {"off-chip energy is given as 0 pJ"}},
        {"spill", [](Small& s) { s.schedule.energy.spill = Picojoules(1e-300); }, {"spill energy"}},
        {"nan", [](Small& s) { s.schedule.energy.links = Picojoules(std::nan("")); }, {"link energy"}},
        {"links", [](Small& s) { s.problem.links[s.middle].energyPerBit = 0.26; }, {"link energy"}},
    };
    for (const Fault& fault : faults) expectCaught(fault);
}

}  // namespace
}  // namespace millrace::test
