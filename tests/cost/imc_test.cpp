#include "explore/cost/imc.h"

#include <gtest/gtest.h>

#include <cmath>

#include "explore/cost/area.h"
#include "explore/cost/spatial.h"
#include "explore/cost/tables.h"
#include "explore/mapper/mapper.h"
#include "support/rng.h"
#include "toy.h"

namespace millrace::cost {
namespace {

using hardware::Dataflow;
using hardware::InMemoryComputing;

/// Weights in the array's cells, registers at its edges, an SRAM and a DRAM.
hardware::Core imcCore(const InMemoryComputing& kind, const std::vector<std::int64_t>& sizes, double cellArea) {
    using enum hardware::MemoryOperand;
    using enum hardware::Direction;
    using test::memory;
    using test::port;
    hardware::Core core;
    core.name = "imc";
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        core.array.dimensions.push_back({"D" + std::to_string(i + 1), sizes[i]});
        all.push_back(i);
    }
    core.array.inMemoryComputing = kind;
    core.memories = {
        memory("cells", kind.weightBits, 0, 0.1, {I2}, {}, {port(8, 8, {{I2, fh}, {I2, tl}})}),
        memory("in", 16, 0.02, 0.03, {I1}, {0}, {port(8, 8, {{I1, tl}}), port(8, 8, {{I1, fh}})}),
        memory("out", 64, 0.04, 0.05, {O}, {1}, {port(16, 32, {{O, tl}, {O, th}}), port(16, 32, {{O, fh}, {O, fl}})}),
        memory("sram", 32768, 40, 50, {I1, O}, all,
               {port(16, 64, {{I1, tl}, {O, tl}, {O, th}}), port(16, 64, {{I1, fh}, {O, fh}, {O, fl}})}),
        memory("dram", 1'000'000'000, 700, 750, {I1, I2, O}, all,
               {port(64, 64, {{I1, fh}, {I1, tl}, {I2, fh}, {I2, tl}, {O, fh}, {O, tl}, {O, fl}, {O, th}})})};
    core.memories[0].area = cellArea;
    core.memories[1].area = 0.25;
    core.memories[2].area = 0.5;
    return core;
}

struct Conv {
    std::int64_t k, c, oy, ox, fy, fx;
};

Nest convolution(const Conv& conv, const InMemoryComputing& kind) {
    using enum hardware::MemoryOperand;
    return test::makeNest({{"B", 1},
                           {"K", conv.k},
                           {"G", 1},
                           {"OX", conv.ox},
                           {"OY", conv.oy},
                           {"C", conv.c},
                           {"FX", conv.fx},
                           {"FY", conv.fy}},
                          {{"IX", {3, 6}, {1, 1}, 0, 0}, {"IY", {4, 7}, {1, 1}, 0, 0}},
                          {{"O", O, 16, {"B", "G", "K", "OY", "OX"}},
                           {"W", I2, static_cast<int>(kind.weightBits), {"G", "K", "C", "FY", "FX"}},
                           {"I", I1, static_cast<int>(kind.activationBits), {"B", "G", "C", "IY", "IX"}}},
                          8);
}

struct Expected {
    double energy, arrayEnergy, latency, stall, ideal, clock, area;
};

struct Case {
    InMemoryComputing kind;
    std::vector<std::int64_t> sizes;
    double cellArea;
    Conv conv;
    std::vector<Dataflow> spatial;
    Expected expected;
};

/// What ZigZag 3.8.5 gives for these cores and layers, without data locality, lpf_limit 4, opt latency.
const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        // clang-format off
        {{true, 8, 8, 2, 8}, {16, 16}, 0, {16, 16, 5, 6, 1, 1}, {{0, {{"K", 16}}}, {1, {{"C", 16}}}},
         {132061.48469759998, 11795.084697600001, 185.5, 0, 120, 8.22156, 1.0271742354093654}},
        {{true, 8, 8, 1, 6}, {16, 32}, 0, {10, 7, 5, 6, 3, 3}, {{0, {{"K", 10}}}, {1, {{"C", 7}, {"FX", 3}}}},
         {185381.392736, 31582.892736000005, 789.0, 38, 296, 7.3594800000000005, 0.8393144287539278}},
        {{true, 8, 4, 8, 5}, {8, 24}, 0.001, {20, 5, 4, 4, 1, 3}, {{0, {{"K", 8}}}, {1, {{"C", 5}}}},
         {126926.45992960001, 1852.9399296000001, 185.0, 35, 25, 4.75796, 0.9550358324978232}},
        {{true, 4, 1, 4, 1}, {8, 8}, 0, {8, 9, 4, 4, 1, 1}, {{0, {{"K", 8}}}, {1, {{"C", 8}}}},
         {26191.725650559998, 35.64565056, 42.0, 2, 18, 0.7400399999999999, 0.750039296}},
        {{true, 16, 2, 4, 12}, {4, 8, 3}, 0.0002, {8, 16, 3, 7, 1, 1},
         {{0, {{"K", 4}}}, {1, {{"C", 8}}}, {2, {{"OX", 3}}}},
         {146147.63432448, 39854.27432447999, 157.0, 0, 112, 10.304920000000001, 1.3431793125681972}},
        {{false, 8, 8, 1, 0}, {16, 16}, 0, {16, 16, 5, 6, 1, 1}, {{0, {{"K", 16}}}, {1, {{"C", 16}}}},
         {122508.9984, 2242.5983999999994, 256.0, 0, 240, 2.7819600000000007, 0.7640070592}},
        {{false, 8, 8, 2, 0}, {16, 32}, 0, {10, 7, 5, 6, 3, 3}, {{0, {{"K", 10}}}, {1, {{"C", 7}, {"FX", 3}}}},
         {159454.74792, 6096.247919999999, 517.0, 124, 148, 3.2217200000000004, 0.8009413696}},
        {{false, 8, 4, 8, 0}, {8, 32}, 0.001, {20, 5, 4, 4, 1, 3}, {{0, {{"K", 8}}}, {1, {{"C", 5}}}},
         {126433.23136, 1359.7113599999998, 185.0, 35, 19, 3.1834800000000003, 1.0611862368}},
        {{false, 4, 1, 4, 0}, {8, 8}, 0, {8, 9, 4, 4, 1, 1}, {{0, {{"K", 8}}}, {1, {{"C", 8}}}},
         {26187.759424, 31.67942399999999, 42.0, 2, 18, 1.63476, 0.7525326272}},
        {{false, 16, 2, 4, 0}, {4, 8, 3}, 0.0002, {8, 16, 3, 7, 1, 1},
         {{0, {{"K", 4}}}, {1, {{"C", 8}}}, {2, {{"OX", 3}}}},
         {106886.995392, 593.6353919999999, 157.0, 0, 112, 2.99228, 0.7773515456}},
        {{true, 8, 8, 2, 8}, {16, 16}, 0, {4, 3, 5, 8, 3, 3}, {{0, {{"K", 4}, {"OX", 4}}}, {1, {{"C", 3}, {"FX", 3}}}},
         {75484.5758976, 12076.575897600002, 489.0, 2, 68, 8.22156, 1.0271742354093654}},
        {{false, 8, 8, 4, 0}, {12, 64}, 0, {30, 50, 3, 5, 1, 1}, {{0, {{"K", 12}}}, {1, {{"C", 50}}}},
         {268378.2846, 6318.534599999999, 472.0, 220, 60, 3.7762000000000002, 0.8990487456}},
        // clang-format on
    };
    return kCases;
}

TEST(Imc, LayersAreEqualToZigZag) {
    for (std::size_t i = 0; i < cases().size(); ++i) {
        SCOPED_TRACE(i);
        const Case& one = cases()[i];
        const Nest nest = convolution(one.conv, one.kind);
        const hardware::Core core = imcCore(one.kind, one.sizes, one.cellArea);
        Diagnostics diagnostics;
        mapper::Request request{nest, core, one.spatial};
        request.options.lpfLimit = 4;
        const auto mapping = mapper::map(request, diagnostics);
        ASSERT_TRUE(mapping) << diagnostics.text();
        EXPECT_EQ(mapping->energy, one.expected.energy);
        EXPECT_EQ(mapping->arrayEnergy, one.expected.arrayEnergy);
        EXPECT_EQ(mapping->arrayParts->total(), one.expected.arrayEnergy);
        EXPECT_EQ(mapping->latency, one.expected.latency);
        EXPECT_EQ(mapping->stallCycles, one.expected.stall);
        EXPECT_EQ(mapping->idealCycles, one.expected.ideal);
        EXPECT_EQ(imcClock(*imcArrayOf(core)).total(), one.expected.clock);
        EXPECT_EQ(areaOf(core)->total, one.expected.area);
    }
}

ImcArray arrayOf(const InMemoryComputing& kind, std::int64_t columns, std::int64_t rows) {
    return *imcArrayOf(imcCore(kind, {columns, rows}, 0));
}

/// zigzag.md chapter 12, and ZigZag's own tests.
TEST(Imc, ClockAndArea) {
    const ImcArray analog = arrayOf({true, 8, 8, 2, 8}, 128, 128);
    EXPECT_EQ(imcClock(analog).total(), 14.07244);
    EXPECT_NEAR(imcClock(analog)[ImcPart::adcs], 11.80672, 1e-12);
    EXPECT_EQ(imcArea(analog).total(), 2.2878123152749223);
    EXPECT_NEAR(imcArea(analog)[ImcPart::adcs], 2.13472, 1e-5);
    const ImcArray digital = arrayOf({false, 8, 8, 1, 0}, 128, 128);
    EXPECT_EQ(imcClock(digital).total(), 3.75708);
    EXPECT_NEAR(imcClock(digital)[ImcPart::adders], 2.82976, 1e-12);
    EXPECT_EQ(imcClock(digital)[ImcPart::placeValueAdders], 0);
    EXPECT_EQ(imcArea(digital).total(), 0.8018113023999999);
}

TEST(Imc, DimensionsGoByName) {
    hardware::Core core = imcCore({true, 8, 8, 2, 8}, {4, 8, 3}, 0);
    std::swap(core.array.dimensions[0], core.array.dimensions[2]);
    const ImcArray array = *imcArrayOf(core);
    EXPECT_EQ(array.columns, 4);
    EXPECT_EQ(array.rows, 8);
    EXPECT_EQ(array.banks, 3);
    EXPECT_EQ(array.wordlineDimension, 2u);
    EXPECT_EQ(array.bitlineDimension, 1u);
    EXPECT_EQ(array.cyclesPerOperation(), 4);
}

/// Walks an adder tree level by level: adders with two working inputs, with one, with none.
struct TreeCount {
    double full = 0;
    double idle = 0;
};

TreeCount countTree(std::int64_t rows, std::int64_t active, std::int64_t bits) {
    TreeCount count;
    std::vector<bool> working(static_cast<std::size_t>(rows));
    for (std::int64_t i = 0; i < active; ++i) working[static_cast<std::size_t>(i)] = true;
    for (std::int64_t width = bits; working.size() > 1; ++width) {
        std::vector<bool> next;
        for (std::size_t i = 0; i < working.size(); i += 2) {
            if (working[i] && working[i + 1]) count.full += static_cast<double>(width);
            if (working[i] != working[i + 1]) count.idle += static_cast<double>(width);
            next.push_back(working[i] || working[i + 1]);
        }
        working = std::move(next);
    }
    return count;
}

TEST(Imc, AdderTreesCostWhatTheirAddersDo) {
    const double squared = 0.9 * 0.9;
    for (std::int64_t rows = 2; rows <= 64; rows *= 2) {
        for (const std::int64_t bits : {1, 4, 8}) {
            const ImcArray array = arrayOf({false, 8, bits, 4, 0}, 8, rows);
            for (std::int64_t active = 1; active <= rows; ++active) {
                const Nest nest = convolution({8, rows, 3, 2, 1, 1}, array.kind);
                const ImcBreakdown energy = imcEnergy(array, nest, {{0, {{"K", 8}}}, {1, {{"C", active}}}});
                const TreeCount count = countTree(rows, active, bits);
                const double tree =
                    count.full * (3 * 0.7e-3 + 2 * 1.05e-3) * squared + count.idle * 2 * 1.05e-3 * squared;
                const double passes = static_cast<double>(nest.macs) / (8 * static_cast<double>(active));
                const double expected = tree * 4 * 8 * 2 * passes;
                EXPECT_NEAR(energy[ImcPart::adders], expected, 1e-12 * expected)
                    << rows << ' ' << bits << ' ' << active;
            }
        }
    }
}

TEST(Imc, WindowsOverColumnsShiftTheRows) {
    const ImcArray array = arrayOf({true, 8, 8, 2, 8}, 64, 64);
    const Nest nest = convolution({4, 3, 8, 8, 3, 3}, array.kind);
    const auto dacs = [&](std::vector<Dataflow> spatial) { return imcEnergy(array, nest, spatial)[ImcPart::dacs]; };
    const auto rows = [&](std::int64_t columns, std::int64_t unrolled, std::vector<Dataflow> spatial) {
        const double each = 50e-3 * 2 * (0.9 * 0.9) * 4;
        return dacs(spatial) / each / static_cast<double>(nest.macs) * static_cast<double>(columns * unrolled);
    };
    EXPECT_NEAR(rows(4, 9, {{0, {{"K", 4}}}, {1, {{"C", 3}, {"FX", 3}}}}), 9, 1e-9);
    EXPECT_NEAR(rows(16, 9, {{0, {{"K", 4}, {"OX", 4}}}, {1, {{"C", 3}, {"FX", 3}}}}), 3 * (3 + 3), 1e-9);
    EXPECT_NEAR(rows(16, 9, {{0, {{"K", 4}, {"OY", 4}}}, {1, {{"C", 3}, {"FX", 3}}}}), 9, 1e-9);
    EXPECT_NEAR(rows(4, 1, {{0, {{"OX", 4}}}}), 1, 1e-9);
    EXPECT_NEAR(rows(4, 1, {{0, {{"OX", 4}}}, {1, {{"FX", 1}}}}), 1, 1e-9);
    EXPECT_NEAR(rows(3, 4, {{0, {{"FX", 3}}}, {1, {{"OX", 4}}}}), 4, 1e-9);
}

/// An array whose cells hold several weights precharges whenever another one takes its turn.
TEST(Imc, CellsOfSeveralWeightsPrecharge) {
    InMemoryComputing kind{true, 8, 8, 2, 8};
    hardware::Core core = imcCore(kind, {4, 8}, 0);
    const Nest nest = convolution({8, 16, 4, 2, 1, 1}, kind);
    const std::vector<Dataflow> spatial{{0, {{"K", 4}}}, {1, {{"C", 8}}}};
    const auto arrayEnergy = [&](const std::vector<mapping::TemporalLoop>& order) {
        Diagnostics diagnostics;
        mapper::Request request{nest, core, spatial, {}, order};
        const auto mapping = mapper::map(request, diagnostics);
        EXPECT_TRUE(mapping) << diagnostics.text();
        return std::pair(mapping->arrayEnergy, (*mapping->arrayParts)[ImcPart::cells]);
    };
    const std::vector<mapping::TemporalLoop> weightsStay{{"OX", 2}, {"OY", 4}, {"C", 2}, {"K", 2}};
    const std::vector<mapping::TemporalLoop> weightsChange{{"C", 2}, {"K", 2}, {"OX", 2}, {"OY", 4}};
    const double single = arrayEnergy(weightsStay).first;
    EXPECT_EQ(arrayEnergy(weightsChange).first, single);
    EXPECT_EQ(arrayEnergy(weightsChange).second, 0);
    core.memories[0].size = Bits(32);
    const double each = 0.35e-3 * (0.9 * 0.9) * (1 + 4) * 8;
    EXPECT_NEAR(imcPrecharge(*imcArrayOf(core)), each, 1e-15);
    // 32 places; 4 turns of a weight, or one in each of 32 cycles.
    EXPECT_NEAR(arrayEnergy(weightsStay).second, each * 32 * 4, 1e-9);
    EXPECT_NEAR(arrayEnergy(weightsChange).second, each * 32 * 32, 1e-9);
    EXPECT_NEAR(arrayEnergy(weightsChange).first, single + each * 32 * 32, 1e-9);
}

std::vector<Loop> shuffled(std::vector<Loop> order, Rng& rng) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    return order;
}

TEST(Imc, TablesAreEqualToTheModel) {
    const InMemoryComputing kind{false, 8, 8, 2, 0};
    hardware::Core core = imcCore(kind, {8, 16}, 0);
    core.memories[0].size = Bits(24);
    const Nest nest = convolution({16, 32, 6, 4, 3, 1}, kind);
    Diagnostics diagnostics;
    const auto machine = machineOf(nest, core, diagnostics);
    ASSERT_TRUE(machine);
    const Model model(nest, *machine, spatialOf(nest, core, *machine, {{0, {{"K", 8}}}, {1, {{"C", 16}}}}));
    const std::vector<Loop> loops{{1, 2}, {3, 4}, {4, 2}, {4, 3}, {5, 2}, {7, 3}};
    const auto tables = Tables::make(model, loops);
    ASSERT_TRUE(tables);
    Rng rng(7);
    int compared = 0;
    for (int i = 0; i < 200; ++i) {
        const std::vector<Loop> order = shuffled(loops, rng);
        std::vector<std::uint32_t> kinds;
        for (const Loop& loop : order) {
            const auto at = std::find(tables->kinds().begin(), tables->kinds().end(), loop);
            kinds.push_back(static_cast<std::uint32_t>(at - tables->kinds().begin()));
        }
        Score fast;
        TooSmall why;
        const auto allocation = model.allocate(order, false, why);
        ASSERT_EQ(tables->evaluate(kinds.data(), fast, why), allocation.has_value());
        if (!allocation) continue;
        const Score slow = model.evaluate(order, *allocation);
        EXPECT_EQ(fast.energy, slow.energy);
        EXPECT_EQ(fast.latency2, slow.latency2);
        EXPECT_EQ(fast.stall, slow.stall);
        EXPECT_EQ(slow.spatialCycles, 4.0 * 2 * 4 * 2 * 3 * 2 * 3);
        ++compared;
    }
    EXPECT_GT(compared, 100);
}

/// The cache must not take one array for another.
TEST(Imc, CacheTellsArraysApart) {
    mapper::Cache cache;
    const Case& one = cases()[0];
    const Nest nest = convolution(one.conv, one.kind);
    std::vector<double> energies;
    for (const InMemoryComputing& kind : {one.kind, InMemoryComputing{true, 8, 8, 4, 8},
                                          InMemoryComputing{true, 8, 8, 2, 7}, InMemoryComputing{false, 8, 8, 2, 0}}) {
        const hardware::Core core = imcCore(kind, one.sizes, 0);
        Diagnostics diagnostics;
        const auto mapping = cache.map({nest, core, one.spatial}, diagnostics);
        ASSERT_TRUE(mapping) << diagnostics.text();
        energies.push_back(mapping->energy);
    }
    EXPECT_EQ(cache.size(), energies.size());
    for (std::size_t i = 1; i < energies.size(); ++i) EXPECT_NE(energies[i], energies[0]);
}

TEST(Area, OrdinaryCoresCountEveryInstance) {
    hardware::Core core = test::toyCore();
    EXPECT_FALSE(areaOf(core));
    core.array.unitArea = 0.01;
    EXPECT_FALSE(areaOf(core));
    core.memories[0].area = 0.125;
    core.memories[2].area = 2;
    const Area area = *areaOf(core);
    EXPECT_EQ(area.array, 0.01 * 12);
    EXPECT_EQ(area.memory, (std::vector<double>{0.125 * 12, 0, 2, 0}));
    EXPECT_EQ(area.total, 0.01 * 12 + (0.125 * 12 + 2));
    EXPECT_FALSE(area.parts);
}

}  // namespace
}  // namespace millrace::cost
