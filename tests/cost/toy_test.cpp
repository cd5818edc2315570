#include "toy.h"

#include <gmock/gmock.h>

#include "explore/cost/model.h"
#include "explore/cost/parts.h"
#include "explore/cost/tables.h"
#include "explore/mapper/mapper.h"

/// The worked example of zigzag.md 15.1, every intermediate of it.
namespace millrace::cost {
namespace {

using testing::ElementsAre;

constexpr std::size_t kO = 0;
constexpr std::size_t kW = 1;
constexpr std::size_t kI = 2;

class Toy : public testing::Test {
protected:
    Toy() {
        Diagnostics diagnostics;
        const Machine machine = machineOf(nest, core, diagnostics).value();
        model.emplace(nest, machine, spatialOf(nest, core, machine, cleanUp(nest, core, machine, test::toySpatial())));
        TooSmall why;
        allocation = model->allocate(order, false, why).value();
        detail = model->explain(order, allocation);
    }

    std::vector<int> cuts(const Allocation& from, std::size_t op) const {
        const std::size_t levels = model->machine().levels[op];
        return {from.cut[op].begin(), from.cut[op].begin() + static_cast<std::ptrdiff_t>(levels) + 1};
    }
    template <class Row>
    std::vector<double> row(const Row& values, std::size_t op) const {
        return {values[op].begin(), values[op].begin() + static_cast<std::ptrdiff_t>(model->machine().levels[op]) + 1};
    }
    std::array<double, 4> accesses(std::size_t op, std::size_t level) const { return detail.accesses[op][level]; }

    Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    std::vector<Loop> order{{2, 3}, {4, 2}, {1, 6}, {3, 2}};
    std::optional<Model> model;
    Allocation allocation;
    Detail detail;
};

TEST_F(Toy, Sizes) {
    EXPECT_EQ(nest.macs, 540);
    EXPECT_EQ(nest.relations[0].cap, 7);
    EXPECT_EQ(nest.relations[1].cap, 2);
    Sizes sizes = unitSizes();
    for (DimIndex i = 0; i < nest.dims.size(); ++i) sizes[i] = static_cast<double>(nest.dims[i].size);
    EXPECT_EQ(elements(nest, nest.operands[kO], sizes), 60);
    EXPECT_EQ(elements(nest, nest.operands[kW], sizes), 54);
    EXPECT_EQ(elements(nest, nest.operands[kI], sizes), 42);
}

TEST_F(Toy, Spatial) {
    const Spatial& fractional = model->spatial().fractional;
    ASSERT_EQ(fractional.level[kO][0].loops.size(), 1u);
    EXPECT_EQ(fractional.level[kO][0].loops[0].factor, 3);
    EXPECT_EQ(fractional.level[kO][1].loops[0].factor, 2.5);
    EXPECT_EQ(model->spatial().whole.level[kO][1].loops[0].factor, 2);
    EXPECT_TRUE(fractional.level[kW][0].loops.empty());
    EXPECT_EQ(fractional.level[kW][1].loops.size(), 2u);
    EXPECT_EQ(fractional.level[kI][0].loops.size(), 2u);
    EXPECT_EQ(fractional.level[kI][0].unique, 4);
    EXPECT_EQ(fractional.level[kI][0].instances, 8);
    EXPECT_EQ(fractional.level[kI][0].boost, 4);
    EXPECT_THAT(temporalSizes(nest, fractional), ElementsAre(1, 6, 3, 2, 2, 1, 1));
}

TEST_F(Toy, Allocation) {
    EXPECT_THAT(cuts(allocation, kW), ElementsAre(0, 0, 4));
    EXPECT_THAT(cuts(allocation, kO), ElementsAre(0, 1, 2, 4));
    EXPECT_THAT(cuts(allocation, kI), ElementsAre(0, 4, 4));
}

TEST_F(Toy, MergedCutsAndTiles) {
    EXPECT_THAT(cuts(detail.merged, kO), ElementsAre(0, 1, 2, 4));
    EXPECT_THAT(row(detail.elements, kO), ElementsAre(1, 1, 5, 60));
    EXPECT_THAT(row(detail.elements, kW), ElementsAre(1, 1, 54));
    EXPECT_THAT(row(detail.elements, kI), ElementsAre(1, 42, 42));
    EXPECT_THAT(row(detail.wholeElements, kO), ElementsAre(1, 1, 4, 48));
    EXPECT_EQ(detail.wholeElements[kI][1], 36);
}

TEST_F(Toy, Accesses) {
    EXPECT_THAT(accesses(kO, 0), ElementsAre(144, 144, 48, 0));
    EXPECT_THAT(accesses(kO, 1), ElementsAre(0, 6, 9, 0));
    EXPECT_THAT(accesses(kO, 2), ElementsAre(0, 24, 0, 0));
    EXPECT_THAT(accesses(kW, 0), ElementsAre(576, 0, 0, 576));
    EXPECT_THAT(accesses(kW, 1), ElementsAre(72, 0, 0, 0));
    EXPECT_THAT(accesses(kI, 0), ElementsAre(36, 0, 0, 5));
    EXPECT_THAT(accesses(kI, 1), ElementsAre(11, 0, 0, 0));
    EXPECT_NEAR(detail.memoryEnergy, 11464.4, 1e-9);
    EXPECT_NEAR(detail.score.energy, 11734.4, 1e-9);
}

TEST_F(Toy, DoubleBuffers) {
    EXPECT_THAT(row(detail.doubleBuffer, kO), ElementsAre(0, 1, 1, 1));
    EXPECT_THAT(row(detail.doubleBuffer, kW), ElementsAre(0, 0, 1));
    EXPECT_THAT(row(detail.doubleBuffer, kI), ElementsAre(0, 0, 1));
}

TEST_F(Toy, Latency) {
    EXPECT_EQ(detail.idealCycles, 45);
    EXPECT_EQ(detail.score.spatialCycles, 72);
    EXPECT_EQ(detail.score.stall, 10);
    EXPECT_EQ(detail.score.onload, 9);
    EXPECT_EQ(detail.score.offload, 2);
    EXPECT_EQ(detail.score.latency0, 82);
    EXPECT_EQ(detail.score.latency1, 91);
    EXPECT_EQ(detail.score.latency2, 93);
}

void expectActivity(const Movement& movement, std::size_t op, hardware::Direction direction, Activity activity) {
    EXPECT_EQ(movement.link.operand, op);
    EXPECT_EQ(movement.link.direction, direction);
    EXPECT_EQ(movement.activity.real, activity.real);
    EXPECT_EQ(movement.activity.allowed, activity.allowed);
    EXPECT_EQ(movement.activity.period, activity.period);
    EXPECT_EQ(movement.activity.count, activity.count);
}

TEST_F(Toy, TilesInBits) {
    EXPECT_THAT(row(detail.tileBits, kO), ElementsAre(0, 8, 40, 480));
    EXPECT_THAT(row(detail.residentBits, kO), ElementsAre(0, 8, 20, 40));
    EXPECT_THAT(row(detail.tileBits, kI), ElementsAre(0, 336, 336));
    EXPECT_EQ(detail.transferBits[kO][1][static_cast<std::size_t>(hardware::Direction::th)], 32);
    EXPECT_EQ(detail.transferBits[kI][1][static_cast<std::size_t>(hardware::Direction::tl)], 288);
}

TEST_F(Toy, Ports) {
    using enum hardware::Direction;
    const auto port = [this](hardware::MemoryIndex memory, std::size_t index) {
        for (const PortDetail& noted : detail.ports) {
            const Machine::Port& place = model->machine().ports[noted.port];
            if (place.memory == memory && place.index == index) return noted;
        }
        return PortDetail{};
    };
    const PortDetail read = port(2, 0);
    ASSERT_EQ(read.movements.size(), 2u) << "complete sums are not read back";
    expectActivity(read.movements[0], kI, tl, {1, 1, 1, 72, 1});
    expectActivity(read.movements[1], kO, th, {1, 6, 6, 12, 1});
    EXPECT_FALSE(read.movements[0].doubleBuffered);
    EXPECT_TRUE(read.movements[1].doubleBuffered);
    EXPECT_EQ(read.available, 72);
    EXPECT_EQ(read.stall, 10);
    const PortDetail dram = port(3, 0);
    ASSERT_EQ(dram.movements.size(), 3u);
    expectActivity(dram.movements[0], kI, tl, {9, 72, 72, 1, 1});
    expectActivity(dram.movements[1], kW, tl, {1, 1, 1, 72, 1});
    expectActivity(dram.movements[2], kO, fl, {1, 6, 6, 12, 1});
    EXPECT_EQ(dram.available, 72);
    EXPECT_EQ(dram.stall, 10);
}

TEST_F(Toy, Loads) {
    using enum hardware::Direction;
    const auto load = [this](std::size_t op, std::size_t level, hardware::Direction direction) {
        return detail.loadCycles[op][level][static_cast<std::size_t>(direction)];
    };
    EXPECT_EQ(load(kI, 0, fh), 5);
    EXPECT_EQ(load(kI, 1, tl), 9);
    EXPECT_EQ(load(kW, 0, fh), 1);
    EXPECT_EQ(load(kW, 1, tl), 1);
    EXPECT_EQ(load(kO, 1, fl), 1);
    EXPECT_EQ(load(kO, 2, fl), 1);
}

/// The numbers of 19.1: what the search finds for each objective.
TEST_F(Toy, BestMappings) {
    Diagnostics diagnostics;
    mapper::Request request{nest, core, test::toySpatial()};
    request.options.objective = mapper::Objective::energy;
    EXPECT_NEAR(mapper::map(request, diagnostics)->energy, 6396, 1e-9);
    request.options.objective = mapper::Objective::latency;
    EXPECT_EQ(mapper::map(request, diagnostics)->latency, 93);
    request.options.objective = mapper::Objective::edp;
    const auto best = mapper::map(request, diagnostics);
    EXPECT_NEAR(best->latency * best->energy, 1'005'739.2, 1e-6);
}

/// Every order of the toy's loops: the tables say what the walk says, and so does an unexact unrolling without tables.
TEST_F(Toy, TablesEqualTheWalk) {
    const auto tables = Tables::make(*model, order);
    ASSERT_TRUE(tables);
    EXPECT_EQ(tables->states(), 16u);
    std::vector<std::uint32_t> permutation{0, 1, 2, 3};
    int fits = 0;
    do {
        std::vector<Loop> loops;
        for (const std::uint32_t k : permutation) loops.push_back(tables->kinds()[k]);
        Score score;
        TooSmall why;
        const auto walked = model->allocate(loops, false, why);
        ASSERT_EQ(tables->evaluate(permutation.data(), score, why), walked.has_value());
        if (!walked) continue;
        ++fits;
        const Score expected = model->evaluate(loops, *walked);
        EXPECT_EQ(score.energy, expected.energy);
        EXPECT_EQ(score.latency2, expected.latency2);
    } while (std::next_permutation(permutation.begin(), permutation.end()));
    EXPECT_GT(fits, 10);
}

/// All orders of six loops on memories of many sizes: the memo, in which old scores give way to new ones, changes
/// nothing.
TEST(Tables, RememberOnlyEqualScores) {
    const Nest nest = test::convolution(8, 4, 6, 4, 3, 2);
    std::int64_t different = 0;
    for (std::int64_t bits = 100; bits < 4000; bits += 61) {
        hardware::Core core = test::toyCore();
        core.memories[2].size = Bits(bits);
        // No registers, and a narrow port for each movement: the runs of loops below a cut decide.
        core.memories.erase(core.memories.begin(), core.memories.begin() + 2);
        core.memories[0].operands.push_back(hardware::MemoryOperand::I2);
        core.memories[0].ports[0].uses.push_back({hardware::MemoryOperand::I2, hardware::Direction::tl});
        core.memories[0].ports[1].uses.push_back({hardware::MemoryOperand::I2, hardware::Direction::fh});
        std::vector<hardware::Port> ports;
        for (const hardware::PortUse& use : core.memories[1].ports[0].uses) ports.push_back(test::port(4, 4, {use}));
        core.memories[1].ports = ports;
        Diagnostics diagnostics;
        const Machine machine = machineOf(nest, core, diagnostics).value();
        const Model model(nest, machine, spatialOf(nest, core, machine, {{0, {{"OX", 2}}}, {1, {}}}));
        const auto tables = Tables::make(model, {{1, 8}, {2, 4}, {3, 6}, {4, 2}, {5, 3}, {6, 2}});
        ASSERT_TRUE(tables);
        ScoreMemo memo;
        std::vector<std::uint32_t> order{0, 1, 2, 3, 4, 5};
        double last = 0;
        do {
            std::vector<Loop> loops;
            for (const std::uint32_t k : order) loops.push_back(tables->kinds()[k]);
            Score score;
            TooSmall why;
            const auto allocation = model.allocate(loops, false, why);
            ASSERT_EQ(tables->evaluate(order.data(), score, why, &memo), allocation.has_value());
            if (!allocation) continue;
            const Score expected = model.evaluate(loops, *allocation);
            ASSERT_EQ(score.energy, expected.energy);
            ASSERT_EQ(score.latency2, expected.latency2);
            different += score.latency2 != last ? 1 : 0;
            last = score.latency2;
        } while (std::next_permutation(order.begin(), order.end()));
    }
    EXPECT_GT(different, 500);
}

TEST(Tables, AreRefusedWhereTheyWouldNotBeExact) {
    const Nest nest = test::convolution(6, 3, 2, 10, 1, 3);
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const Machine machine = machineOf(nest, core, diagnostics).value();
    const std::vector<hardware::Dataflow> thirds{{0, {{"OX", 4}}}, {1, {}}};  // 10 / 3 columns
    const Model model(nest, machine, spatialOf(nest, core, machine, thirds));
    EXPECT_FALSE(Tables::make(model, {{1, 6}, {2, 3}}));
}

}  // namespace
}  // namespace millrace::cost
