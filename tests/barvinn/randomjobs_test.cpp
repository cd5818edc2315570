#include <algorithm>

#include "randomjob.h"
#include "shared.h"
#include "targets/barvinn/format/images.h"

namespace millrace::targets::barvinn::test {
namespace {

using millrace::test::count;

/// Runs so many random jobs on a machine with these quirks; returns how many came out as integer arithmetic says.
std::int64_t exactJobs(const Quirks& quirks, std::int64_t jobs, std::uint64_t seed) {
    Rng rng(seed);
    Array array(quirks);
    std::int64_t exact = 0;
    for (std::int64_t i = 0; i < jobs; ++i) {
        const RandomJob random = randomJob(rng);
        place(random, array);
        const std::int64_t before = array.counters().wordsWritten;
        run(random, random.job, array);
        if (found(random, expected(random, quirks), quirks, array, before)) ++exact;
    }
    return exact;
}

Quirks with(int quirk) {
    Quirks quirks = Quirks::documented();
    bool* const switches[] = {&quirks.scalerReadsOnlyRunning, &quirks.bankZeroLeaks,      &quirks.commandWhileBusyActs,
                              &quirks.lateRegisters,          &quirks.scalerLengthsAlias, &quirks.wordsCollide};
    *switches[quirk] = true;
    return quirks;
}

TEST(RandomJobs, AreIntegerArithmeticOnTheRealMachine) {
    const std::int64_t jobs = count(100000);
    EXPECT_EQ(exactJobs(Quirks::rtl(), jobs, 1), jobs);
}

TEST(RandomJobs, AreIntegerArithmeticOnTheDocumentedMachine) {
    const std::int64_t jobs = count(100000);
    EXPECT_EQ(exactJobs(Quirks::documented(), jobs, 2), jobs);
}

TEST(RandomJobs, AreIntegerArithmeticWithEachQuirk) {
    const std::int64_t jobs = count(100000);
    for (int quirk = 0; quirk < 6; ++quirk) {
        EXPECT_EQ(exactJobs(with(quirk), jobs, 3 + static_cast<std::uint64_t>(quirk)), jobs) << "Q" << quirk + 1;
    }
}

/// Some jobs must come out differently when a quirk with an effect on single jobs is left out of the expectation.
TEST(RandomJobs, QuirksShow) {
    for (const int quirk : {0, 1, 4, 5}) {
        Rng rng(20);
        Array array(with(quirk));
        int different = 0;
        for (int i = 0; i < 40; ++i) {
            const RandomJob random = randomJob(rng);
            place(random, array);
            const std::int64_t before = array.counters().wordsWritten;
            run(random, random.job, array);
            const Quirks without = Quirks::documented();
            different += found(random, expected(random, without), without, array, before) ? 0 : 1;
        }
        EXPECT_GE(different, 3) << "Q" << quirk + 1;
        EXPECT_LT(different, 40) << "Q" << quirk + 1;
    }
}

/// What a fault in a job or in the images does: how many of 100 random jobs are noticed.
template <class Fault>
int caught(const Fault& fault) {
    Rng rng(30);
    Array array;
    int noticed = 0;
    for (int i = 0; i < 100; ++i) {
        RandomJob random = randomJob(rng);
        place(random, array);
        Job job = random.job;
        fault(random, job, array);
        const std::int64_t before = array.counters().wordsWritten;
        run(random, job, array);
        noticed += found(random, expected(random, Quirks::rtl()), Quirks::rtl(), array, before) ? 0 : 1;
    }
    return noticed;
}

TEST(RandomJobs, PlantedFaultsAreCaught) {
    EXPECT_EQ(caught([](const RandomJob&, Job&, Array&) {}), 0);
    EXPECT_GT(caught([](const RandomJob&, Job& job, Array&) { ++job.input.jump[1]; }), 60);
    EXPECT_GT(caught([](const RandomJob&, Job& job, Array&) { ++job.weight.jump[1]; }), 40);
    EXPECT_GT(caught([](const RandomJob&, Job& job, Array&) { job.config1 = 0x041; }), 40);
    EXPECT_GT(caught([](const RandomJob&, Job& job, Array&) { ++job.scalerValue; }), 30);
    EXPECT_GT(caught([](const RandomJob&, Job& job, Array&) { job.inputSigned = !job.inputSigned; }), 60);
    // Bit planes the wrong way round: the least significant first.
    const auto reversed = [](const RandomJob& random, Job& job, Array& array) {
        auto& memory = array.memory(random.mvu).activations;
        for (std::size_t at = job.inputBase, i = 0; i < random.blocks.size(); ++i) {
            const auto next = at + static_cast<std::size_t>(job.inputBits);
            std::reverse(memory.begin() + static_cast<std::ptrdiff_t>(at),
                         memory.begin() + static_cast<std::ptrdiff_t>(next));
            at = next;
        }
    };
    EXPECT_GT(caught(reversed), 60);
}

/// Kernels are interchangeable.
TEST(Kernels, GiveTheSameBits) {
    Rng rng(40);
    const Kernel& best = bestKernel();
    const Kernel& plain = portableKernel();
    const std::int64_t rounds = count(100000);
    for (std::int64_t round = 0; round < rounds; ++round) {
        std::array<std::int64_t, kLanes> sums{};
        std::array<std::uint32_t, kLanes> values{};
        WeightWord weights{};
        for (std::size_t i = 0; i < kLanes; ++i) {
            sums[i] = static_cast<std::int64_t>(rng.next()) >> rng.below(64);
            values[i] = static_cast<std::uint32_t>(rng.next());
            weights[i] = rng.next();
        }
        auto others = sums;
        SumStep step;
        step.keep = static_cast<SumStep::Keep>(rng.below(3));
        step.doubled = static_cast<int>(rng.below(2));
        step.flip = rng.below(2) == 0 ? 0 : -1;
        step.offset = rng.between(-100, 100);
        const std::uint64_t data = rng.next();
        best.addProducts(sums.data(), weights.data(), data, step);
        plain.addProducts(others.data(), weights.data(), data, step);
        ASSERT_EQ(sums, others) << best.name;
        const int bit = static_cast<int>(rng.below(32));
        ASSERT_EQ(best.plane(values.data(), bit), plain.plane(values.data(), bit)) << best.name;
    }
}

}  // namespace
}  // namespace millrace::targets::barvinn::test
