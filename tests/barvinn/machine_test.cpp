#include <gmock/gmock.h>

#include "randomjob.h"
#include "targets/barvinn/assemble/assemble.h"
#include "targets/barvinn/format/format.h"
#include "targets/barvinn/simulate/simulate.h"

namespace millrace::targets::barvinn::test {
namespace {

constexpr std::uint32_t kEndMark = kDataAddress + 0x1ffc;

/// Runs a program from its hex text to the end mark.
std::unique_ptr<Machine> ran(const std::string& text) {
    Diagnostics diagnostics;
    const auto program = assemble(text, "test.s", diagnostics);
    EXPECT_TRUE(program) << diagnostics.text();
    const auto words = parseProgramText(programText(program->words), kInstructionWords, "test.hex", diagnostics);
    EXPECT_TRUE(words) << diagnostics.text();
    auto machine = std::make_unique<Machine>(*words, std::vector<std::uint32_t>{});
    machine->array().keepTrace(true);
    EXPECT_TRUE(machine->run(kEndMark, 100, 100000));
    return machine;
}

/// A job of 100 cycles with the usual interrupt handler takes 184 cycles from its command to the first instruction
/// after the wait.
TEST(Machine, WaitingForAJobTakes184Cycles) {
    const auto machine = ran(R"(
            csrr t0, mhartid
            bnez t0, done
            la t1, handler
            csrw mtvec, t1
            lui t1, 16              # bit 16: the MVU's interrupt
            csrw mie, t1
            csrwi mstatus, 8
            li a0, 0x40000064
            csrw mvucommand, a0
    wait:   csrr t0, mcause
            srli t0, t0, 31
            li t2, 1
            bne t0, t2, wait
            csrr a1, mcycle
            csrw mcause, x0
            li a2, 0x202000
            sw a1, 0(a2)
    done:   li a3, 0x203ffc
            sw a3, 0(a3)
            ebreak
    stay:   j stay
    handler: csrwi mstatus, 0
            csrc mip, t1
            nop
            csrwi mstatus, 8
            mret)");
    ASSERT_EQ(machine->array().trace().starts.size(), 1U);
    const std::int64_t command = machine->array().trace().starts[0].cycle - 2;
    EXPECT_EQ(machine->array().trace().interrupts, (std::vector<Pulse>{{command + 104, 0}}));
    EXPECT_EQ(machine->core().data()[0], command + 184);
}

TEST(Machine, EndlessProgramsEndAtTheLimit) {
    Diagnostics diagnostics;
    const auto program = assemble("stay: j stay", "test.s", diagnostics);
    Machine machine(program->words, {});
    EXPECT_FALSE(machine.run(kEndMark, 100, 5000));
    EXPECT_EQ(machine.core().cycle(), 5000);
}

/// A job with its last word behind it, and what is written while it runs.
struct Disturbed {
    std::int64_t interrupts = 0;
    bool exact = false;
};
Disturbed disturbed(const RandomJob& random, const Quirks& quirks, std::int64_t after, const CsrWrite& write) {
    Array array(quirks);
    array.keepTrace(true);
    place(random, array);
    const auto writes = registerWrites(random.job);
    for (const CsrWrite& own : writes) {
        array.write({random.mvu, own.number, own.value});
        array.step();
    }
    array.stepTo(array.cycle() + after - 1);
    array.write({random.mvu, write.number, write.value});
    array.settle(array.cycle() + 100000);
    const std::int64_t extra = quirks.commandWhileBusyActs ? 0 : array.counters().wordsWritten;
    Disturbed result;
    result.interrupts = static_cast<std::int64_t>(array.trace().interrupts.size());
    result.exact = found(random, expected(random, quirks), quirks, array, result.interrupts > 1 ? extra / 2 : 0);
    return result;
}

RandomJob longJob() {
    for (std::uint64_t seed = 1;; ++seed) {
        Rng rng(seed);
        RandomJob random = randomJob(rng);
        random.extra.clear();
        random.wordZero = 0;
        const bool whole = random.job.outputBits > 3 && random.job.msbIndex > 6 && !random.job.scalerFromMemory;
        if (random.job.countdown > 60 && random.groups() > 3 && whole) return random;
    }
}

TEST(Machine, CommandsWhileBusy) {
    const RandomJob random = longJob();
    const CsrWrite again = registerWrites(random.job).back();
    const Disturbed real = disturbed(random, Quirks::rtl(), 41, again);
    EXPECT_EQ(real.interrupts, 1);
    EXPECT_FALSE(real.exact);
    const Disturbed documented = disturbed(random, Quirks::documented(), 41, again);
    EXPECT_EQ(documented.interrupts, 1);
    EXPECT_TRUE(documented.exact);
    // The start that meets the interrupt: the command two cycles before it.
    const std::int64_t meets = random.job.countdown + 1;
    EXPECT_EQ(disturbed(random, Quirks::rtl(), meets, again).interrupts, 1);
    EXPECT_EQ(disturbed(random, Quirks::documented(), meets, again).interrupts, 2);
    EXPECT_EQ(disturbed(random, Quirks::rtl(), meets + 1, again).interrupts, 2);
}

TEST(Machine, RegistersChangedUnderAJob) {
    const RandomJob random = longJob();
    Job other = random.job;
    --other.outputBits;
    const CsrWrite precision = registerWrites(other).front();
    EXPECT_FALSE(disturbed(random, Quirks::rtl(), 30, precision).exact);
    EXPECT_TRUE(disturbed(random, Quirks::documented(), 30, precision).exact);
    // Latched on both: written two cycles after the command, it is too late.
    const CsrWrite quant{csr::quant, static_cast<std::uint32_t>(random.job.msbIndex - 1)};
    EXPECT_TRUE(disturbed(random, Quirks::rtl(), 2, quant).exact);
    EXPECT_FALSE(disturbed(random, Quirks::rtl(), 1, quant).exact);
}

TEST(Machine, CountsWrapsAndOverflows) {
    Array array;
    RandomJob random = longJob();
    random.job.scalerValue = 0x7fff;
    random.job.msbIndex = 3;
    random.job.outputBits = 4;
    place(random, array);
    run(random, random.job, array);
    const Counters& counters = array.counters();
    EXPECT_EQ(counters.jobs, 1);
    EXPECT_EQ(counters.sums, random.groups());
    EXPECT_EQ(counters.busyCycles, random.job.countdown);
    EXPECT_GT(counters.unsignedOverflows, 0);
    EXPECT_EQ(counters.lostWords, 0);
}

}  // namespace
}  // namespace millrace::targets::barvinn::test
