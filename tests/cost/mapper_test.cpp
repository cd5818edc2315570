#include "explore/mapper/mapper.h"

#include <gmock/gmock.h>

#include <thread>

#include "explore/cost/spatial.h"
#include "explore/mapper/unrolling.h"
#include "toy.h"

namespace millrace::mapper {
namespace {

using testing::HasSubstr;
using enum hardware::MemoryOperand;

TEST(Map, ReportsPartsThatAddUp) {
    const cost::Nest nest = test::toyNest();
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const auto mapping = map({nest, core, test::toySpatial()}, diagnostics);
    ASSERT_TRUE(mapping) << diagnostics.text();
    double memories = 0;
    for (const double energy : mapping->memoryEnergy) memories += energy;
    EXPECT_EQ(mapping->memoryEnergy.size(), core.memories.size());
    EXPECT_NEAR(mapping->energy, memories + mapping->arrayEnergy, 1e-9);
    EXPECT_EQ(mapping->arrayEnergy, 270);
    EXPECT_EQ(mapping->latency0, mapping->spatialCycles + mapping->stallCycles);
    EXPECT_EQ(mapping->latency, mapping->latency0 + mapping->onloadCycles + mapping->offloadCycles);
    EXPECT_EQ(spatialText(*mapping), "OX 4 | FX 3");
    EXPECT_EQ(mapping->loops.size(), 5u);  // K 2 and 3, C 3, OY 2, OX 2
}

/// A complete order gives the worked example itself.
TEST(Map, TakesACompleteOrder) {
    const cost::Nest nest = test::toyNest();
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    Request request{nest, core, test::toySpatial()};
    request.temporal = {{"C", 3}, {"OX", 2}, {"K", 6}, {"OY", 2}};
    const auto mapping = map(request, diagnostics);
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->evaluations, 1);
    EXPECT_NEAR(mapping->energy, 11734.4, 1e-9);
    EXPECT_EQ(mapping->latency, 93);
    EXPECT_EQ(temporalText(*mapping), "C 3, OX 2, K 6, OY 2");
}

TEST(Map, SaysWhichMemoryIsTooSmall) {
    const cost::Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    core.memories[3].size = Bits(1000);  // O 480 + W 432 + I 336
    Diagnostics diagnostics;
    EXPECT_FALSE(map({nest, core, test::toySpatial()}, diagnostics));
    EXPECT_TRUE(diagnostics.anyInfeasible());
    EXPECT_THAT(diagnostics.text(), HasSubstr("memory 'dram' needs at least 1248 bits and has 1000"));
    const auto lacking = shortage(nest, core);
    ASSERT_TRUE(lacking);
    EXPECT_EQ(lacking->memory, 3u);
    EXPECT_EQ(lacking->needed.value(), 1248);
    core.memories[3].size = Bits(1248);
    EXPECT_FALSE(shortage(nest, core));
    Diagnostics none;
    EXPECT_TRUE(map({nest, core, test::toySpatial()}, none)) << none.text();
}

/// Cores of a chip end in an SRAM; everything must fit it, and nothing moves above it.
TEST(Map, CoreWithoutDram) {
    const cost::Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    core.memories[2] = test::memory("sram", 4096, 10, 12, {I1, I2, O}, {0, 1}, core.memories[3].ports);
    core.memories.pop_back();
    Diagnostics diagnostics;
    const auto mapping = map({nest, core, test::toySpatial()}, diagnostics);
    ASSERT_TRUE(mapping) << diagnostics.text();
    for (const Traffic& traffic : mapping->traffic) {
        if (traffic.memory != 2) continue;
        EXPECT_EQ(traffic.accesses[2] + traffic.accesses[3], 0);
    }
}

TEST(Map, RefusesWhatDoesNotBelongToTheCore) {
    const cost::Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    EXPECT_FALSE(map({nest, core, {{5, {{"K", 2}}}}}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("array dimension number 6"));
    Diagnostics twice;
    EXPECT_FALSE(map({nest, core, {{0, {{"K", 2}}}, {0, {{"C", 2}}}}}, twice));
    EXPECT_THAT(twice.text(), HasSubstr("D1 twice"));
    for (hardware::Memory& memory : core.memories) std::erase(memory.operands, I2);
    Diagnostics lacking;
    EXPECT_FALSE(map({nest, core, test::toySpatial()}, lacking));
    EXPECT_TRUE(lacking.anyInfeasible());
    EXPECT_THAT(lacking.text(), HasSubstr("no memory for I2"));
}

TEST(Unrollings, CleanUpClips) {
    const cost::Nest nest = test::convolution(64, 3, 8, 8, 3, 3);
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const auto machine = cost::machineOf(nest, core, diagnostics).value();
    const auto clean = cost::cleanUp(nest, core, machine, {{0, {{"C", 32}, {"ZZ", 4}}}, {1, {{"K", 32}}}});
    ASSERT_EQ(clean.size(), 2u);
    EXPECT_EQ(clean[0].unrollings, (std::vector<hardware::Unrolling>{{"C", 3}}));
    // reg_O serves D2 and takes one partial sum a cycle: K is not irrelevant for it.
    EXPECT_EQ(clean[1].unrollings, (std::vector<hardware::Unrolling>{{"K", 1}}));
    const auto full = cost::cleanUp(nest, core, machine, {{0, {{"OX", 4}, {"K", 4}}}, {1, {{"C", 3}}}});
    EXPECT_EQ(full[0].unrollings.size(), 1u);  // 16 units do not fit 4
    const auto both = cost::cleanUp(nest, core, machine, {{0, {{"C", 3}}}, {1, {{"C", 3}}}});
    EXPECT_EQ(both[0].unrollings.size() + both[1].unrollings.size(), 1u);  // 9 channels of 3
}

TEST(Unrollings, SearchedWhereNoneAreGiven) {
    const cost::Nest nest = test::convolution(64, 16, 8, 8, 3, 3);
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const auto machine = cost::machineOf(nest, core, diagnostics).value();
    const auto found = unrollings({nest, core}, machine, diagnostics);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(unrollingScore(nest, found[0]), 4 * 3 + 4 * 3 / 4.0 - 1);  // all units, over two loops
    for (std::size_t i = 1; i < found.size(); ++i)
        EXPECT_LE(unrollingScore(nest, found[i]), unrollingScore(nest, found[i - 1]));
    Request hinted{nest, core, {{0, {{"K", 4}}}}};
    hinted.spatialHint = {{"D2", {"FY"}}};
    const auto fixed = unrollings(hinted, machine, diagnostics);
    EXPECT_EQ(fixed[0][0].unrollings, (std::vector<hardware::Unrolling>{{"K", 4}}));
    EXPECT_EQ(fixed[0][1].unrollings, (std::vector<hardware::Unrolling>{{"FY", 3}}));
    Request mixed{nest, core};
    mixed.options.mixedSpatial = true;
    EXPECT_GT(unrollings(mixed, machine, diagnostics).size(), 0u);
    const auto mapping = map({nest, core}, diagnostics);
    ASSERT_TRUE(mapping) << diagnostics.text();
    EXPECT_LT(mapping->spatialCycles, 1.5 * mapping->idealCycles);  // most of the array works
}

TEST(Cache, AsksEqualQuestionsOnce) {
    Cache cache;
    const cost::Nest nest = test::toyNest();
    cost::Nest renamed = nest;
    renamed.name = "another layer";
    hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const auto first = cache.map({nest, core, test::toySpatial()}, diagnostics);
    core.name = "another core";
    core.memories[0].name = "another memory";
    const auto second = cache.map({renamed, core, test::toySpatial()}, diagnostics);
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(first->energy, second->energy);
    EXPECT_EQ(first->evaluations, second->evaluations);
    core.memories[3].readCost = 200;
    EXPECT_NE(cache.map({nest, core, test::toySpatial()}, diagnostics)->energy, first->energy);
    renamed.relations[0].cap = 6;
    cache.map({renamed, core, test::toySpatial()}, diagnostics);
    Request other{nest, core, test::toySpatial()};
    other.options.objective = Objective::energy;
    cache.map(other, diagnostics);
    EXPECT_EQ(cache.size(), 4u);
}

TEST(Cache, FailuresNameTheLayerThatAsks) {
    Cache cache;
    cost::Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    core.memories[3].size = Bits(1000);
    Diagnostics diagnostics;
    EXPECT_FALSE(cache.map({nest, core, test::toySpatial()}, diagnostics));
    nest.name = "the second";
    EXPECT_FALSE(cache.map({nest, core, test::toySpatial()}, diagnostics));
    EXPECT_EQ(diagnostics.failures(), 2u);
    EXPECT_THAT(diagnostics.text(), HasSubstr("'the second'"));
}

TEST(Cache, SeveralThreads) {
    Cache cache;
    const hardware::Core core = test::toyCore();
    std::vector<double> energies(8);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < energies.size(); ++i) {
        threads.emplace_back([&, i] {
            const cost::Nest nest = test::convolution(6, static_cast<std::int64_t>(2 + i % 2), 2, 5, 1, 3);
            Diagnostics diagnostics;
            for (int k = 0; k < 5; ++k) energies[i] = cache.map({nest, core, test::toySpatial()}, diagnostics)->energy;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(cache.size(), 2u);
    for (std::size_t i = 2; i < energies.size(); ++i) EXPECT_EQ(energies[i], energies[i - 2]);
}

}  // namespace
}  // namespace millrace::mapper
