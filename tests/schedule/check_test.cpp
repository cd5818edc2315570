#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "schedule/problem.h"
#include "small.h"

namespace millrace::test {
namespace {

using namespace schedule;

struct Mistake {
    const char* name;
    std::function<void(Small&)> make;
    std::string says;
};

/// Each mistake gives one message, which says this.
void expectOne(const Mistake& mistake) {
    SCOPED_TRACE(mistake.name);
    Small small;
    mistake.make(small);
    Diagnostics diagnostics;
    EXPECT_FALSE(check(small.problem, diagnostics));
    ASSERT_EQ(diagnostics.all().size(), 1U) << diagnostics.text();
    EXPECT_NE(diagnostics.text().find(mistake.says), std::string::npos) << diagnostics.text();
}

Option& option(Small& s) { return s.problem.tasks[s.top].options[0]; }

TEST(Check, FindsMistakesInResources) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<Mistake> mistakes{
        {"capacity", [](Small& s) { s.problem.memories[s.dram].capacity = Bits(0); },
         "memory 'dram' has a capacity of 0"},
        {"read word", [](Small& s) { s.problem.memories[s.dram].readWordBits = 0; }, "reads words of 0"},
        {"write word", [](Small& s) { s.problem.memories[s.dram].writeWordBits = -1; }, "writes words of -1"},
        {"energy", [&](Small& s) { s.problem.memories[s.dram].readEnergy = nan; }, "reads a word for nan pJ"},
        {"write energy", [](Small& s) { s.problem.memories[s.dram].writeEnergy = -1; }, "writes one for -1 pJ"},
        {"no core", [](Small& s) { s.problem.memories[s.dram].cores = {}; }, "memory 'dram' belongs to no core"},
        {"owner", [](Small& s) { s.problem.memories[s.dram].cores = {CoreId(7)}; }, "a core that does not exist"},
        {"bandwidth", [](Small& s) { s.problem.links[s.in].bandwidth = 0; }, "link 'in' has a bandwidth of 0"},
        {"per bit", [](Small& s) { s.problem.links[s.in].energyPerBit = -0.5; }, "link 'in' takes -0.5 pJ a bit"},
        {"three ends", [](Small& s) { s.problem.links[s.middle].cores.push_back(s.port); },
         "link 'middle' joins 3 cores"},
        {"twice",
         [](Small& s) {
             s.problem.links[s.middle].cores = {s.left, s.left};
         },
         "one of them twice"},
        {"lonely", [](Small& s) { s.problem.links[s.in].cores = {s.port}; }, "link 'in' joins 1 cores"},
        {"unknown end", [](Small& s) { s.problem.links[s.middle].cores[1] = {}; },
         "link 'middle' joins a core that does"},
        {"hub", [](Small& s) { s.problem.links[s.in].hub = CoreId(7); }, "a hub that is not one of its cores"},
        {"no bus", [](Small& s) { s.problem.links[s.middle].hub = s.left; }, "is no bus but has a hub"},
    };
    for (const Mistake& mistake : mistakes) expectOne(mistake);
}

TEST(Check, FindsMistakesInTensors) {
    const std::vector<Mistake> mistakes{
        {"bits", [](Small& s) { s.problem.tensors[s.input].bits = 0; }, "tensor 'input' has 0 bits an element"},
        {"size",
         [](Small& s) {
             s.problem.tensors[s.input].shape = {4, 0};
         },
         "the shape [4, 0]"},
        {"huge",
         [](Small& s) {
             s.problem.tensors[s.input].shape = {std::int64_t{1} << 40, std::int64_t{1} << 40};
         },
         "more than 2^62 bits"},
        {"initial", [](Small& s) { s.problem.tensors[s.input].initial = MemoryId(9); },
         "starts in a memory that does not"},
        {"final", [](Small& s) { s.problem.tensors[s.input].final = MemoryId(9); }, "ends in a memory that does not"},
        {"resident",
         [](Small& s) {
             s.problem.tensors.add({"big", {129}, 1, DataClass::weight, s.leftMemory, {}});
         },
         "memory 'sramL' holds 129 bits of tensors from the start, but has 128"},
        {"not written", [](Small& s) { s.problem.tasks[s.bottom].writes[0].box[0].begin = 3; },
         "nothing writes [2:3, 0:2] of tensor 'between'"},
        {"written twice", [](Small& s) { s.problem.tasks[s.bottom].writes[0].box[0].begin = 1; },
         "task 'first.0' (0) and task 'first.1' (1) both write [1:2, 0:2] of tensor 'between'"},
        {"initial and written", [](Small& s) { s.problem.tensors[s.between].initial = s.dram; },
         "task 'first.0' (0) writes tensor 'between', which is in memory 'dram' from the start"},
    };
    for (const Mistake& mistake : mistakes) expectOne(mistake);
}

TEST(Check, FindsMistakesInTasks) {
    const std::vector<Mistake> mistakes{
        {"group", [](Small& s) { s.problem.tasks[s.top].group = {}; }, "task 'first.0' (0) belongs to a group that"},
        {"no option", [](Small& s) { s.problem.tasks[s.top].options = {}; }, "task 'first.0' (0) has no option"},
        {"tensor", [](Small& s) { s.problem.tasks[s.top].reads[0].tensor = {}; }, "reads a tensor that does not exist"},
        {"outside", [](Small& s) { s.problem.tasks[s.top].reads[0].box[1].end = 3; },
         "reads [0:2, 0:3] of tensor 'input', which is [0:4, 0:2]"},
        {"before", [](Small& s) { s.problem.tasks[s.top].reads[0].box[1].begin = -1; }, "reads [0:2, -1:2]"},
        {"backwards",
         [](Small& s) {
             s.problem.tasks[s.top].writes[0].box[1] = {2, 1};
         },
         "writes [0:2, 2:1]"},
        {"rank", [](Small& s) { s.problem.tasks[s.top].reads[0].box.pop_back(); }, "reads [0:2] of tensor"},
        {"core", [](Small& s) { option(s).core = CoreId(9); }, "option 0: the core does not exist"},
        {"duration", [](Small& s) { option(s).duration = Cycles(-1); }, "a duration of -1 cycles"},
        {"energy", [](Small& s) { option(s).energy = Picojoules(-1); }, "an energy of -1 pJ"},
        {"reads", [](Small& s) { option(s).readMemories.pop_back(); },
         "1 memories for 2 reads and 1 memories for 1 writes"},
        {"writes", [](Small& s) { option(s).writeMemories = {}; },
         "2 memories for 2 reads and 0 memories for 1 writes"},
        {"foreign", [](Small& s) { option(s).readMemories[1] = s.rightMemory; },
         "memory 'sramR' of read 1 does not belong to core 'left'"},
        {"foreign result", [](Small& s) { option(s).writeMemories[0] = s.dram; }, "memory 'dram' of write 0 does not"},
        {"memory", [](Small& s) { option(s).readMemories[0] = {}; }, "the memory of read 0 does not exist"},
        {"scratch",
         [](Small& s) {
             option(s).scratch = {{s.leftMemory, Bits(-1)}};
         },
         "scratch room of -1 bits"},
        {"foreign scratch",
         [](Small& s) {
             option(s).scratch = {{s.dram, Bits(1)}};
         },
         "of scratch room does not belong"},
    };
    for (const Mistake& mistake : mistakes) expectOne(mistake);
}

TEST(Check, ReportsAllMistakesAndStopsAtAHundred) {
    Small small;
    for (int i = 0; i < 130; ++i) small.problem.memories.add({"m", Bits(0), {small.left}});
    Diagnostics diagnostics;
    EXPECT_FALSE(check(small.problem, diagnostics));
    ASSERT_EQ(diagnostics.all().size(), 101U);
    EXPECT_EQ(diagnostics.all().back().message, "30 more violations in the problem (130 in all)");
}

}  // namespace
}  // namespace millrace::test
