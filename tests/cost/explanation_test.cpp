#include <gmock/gmock.h>

#include <algorithm>

#include "explore/cost/model.h"
#include "explore/mapper/describe.h"
#include "explore/mapper/mapper.h"
#include "explore/mapper/orders.h"
#include "explore/mapper/search.h"
#include "explore/mapper/sensitivity.h"
#include "shared.h"
#include "support/rng.h"
#include "toy.h"

/// What a mapping says about why it costs what it does, the runner-up, and what would help.
namespace millrace::mapper {
namespace {

using hardware::Direction;

/// Layers and cores around the toy: other sizes, memories from too small to roomy, ports from narrow to wide.
struct Variant {
    cost::Nest nest;
    hardware::Core core = test::toyCore();
    std::vector<hardware::Dataflow> spatial = test::toySpatial();

    explicit Variant(std::uint64_t seed) {
        Rng rng(seed);
        const auto any = [&rng](std::int64_t low, std::int64_t high) { return rng.between(low, high); };
        nest = test::convolution(any(1, 8), any(1, 6), any(1, 4), any(1, 6), any(1, 2), any(1, 3), any(1, 2));
        core.memories[0].size = Bits(8 * any(1, 6));
        core.memories[1].size = Bits(16 * any(1, 4));
        core.memories[2].size = Bits(64 * any(2, 40));
        for (hardware::Memory& memory : core.memories) {
            for (hardware::Port& port : memory.ports) {
                port.bandwidthMin = 8 * any(1, 2);
                port.bandwidthMax = port.bandwidthMin * any(1, 8);
            }
        }
    }

    Request request(Objective objective) const {
        Request made{nest, core, spatial};
        made.options.objective = objective;
        return made;
    }
};

constexpr std::array kObjectives{Objective::latency, Objective::energy, Objective::edp};

/// All scores of a request with one unrolling, one order after the other, by walking.
std::vector<cost::Score> allScores(const Request& request) {
    Diagnostics diagnostics;
    const cost::Machine machine = cost::machineOf(request.nest, request.core, diagnostics).value();
    const cost::SpatialPair spatial = cost::spatialOf(
        request.nest, request.core, machine, cost::cleanUp(request.nest, request.core, machine, request.spatial));
    const cost::Model model(request.nest, machine, spatial);
    std::vector<cost::Loop> loops =
        loopFactors(cost::temporalSizes(request.nest, spatial.fractional), request.options.lpfLimit);
    const auto less = [](const cost::Loop& a, const cost::Loop& b) {
        return std::pair(a.dim, a.factor) < std::pair(b.dim, b.factor);
    };
    std::sort(loops.begin(), loops.end(), less);
    std::vector<cost::Score> scores;
    do {
        cost::TooSmall why;
        const auto allocation = model.allocate(loops, false, why);
        if (allocation) scores.push_back(model.evaluate(loops, *allocation));
    } while (std::next_permutation(loops.begin(), loops.end(), less));
    return scores;
}

double costOf(Objective objective, const cost::Score& score) {
    return objectiveOf(objective, score.energy, score.latency2);
}

TEST(RunnerUp, IsTheBestOfAllOrdersThatCostAnotherAmount) {
    std::size_t found = 0;
    std::size_t none = 0;
    const std::int64_t n = test::count(6000);
    for (std::int64_t i = 0; i < n; ++i) {
        const Variant variant(static_cast<std::uint64_t>(i));
        for (const Objective objective : kObjectives) {
            const Request request = variant.request(objective);
            Diagnostics diagnostics;
            const auto mapping = map(request, diagnostics);
            const std::vector<cost::Score> scores = allScores(request);
            ASSERT_EQ(mapping.has_value(), !scores.empty()) << i;
            if (!mapping) continue;
            const cost::Score* second = nullptr;
            for (const cost::Score& score : scores) {
                EXPECT_GE(costOf(objective, score), objectiveOf(objective, mapping->energy, mapping->latency));
                if (score.energy == mapping->energy && score.latency2 == mapping->latency) continue;
                if (second == nullptr || better(objective, score, *second)) second = &score;
            }
            ASSERT_EQ(mapping->runnerUp.has_value(), second != nullptr) << i;
            (second != nullptr ? found : none) += 1;
            if (second == nullptr) continue;
            const Alternative& other = *mapping->runnerUp;
            EXPECT_EQ(objectiveOf(objective, other.energy, other.latency), costOf(objective, *second)) << i;
            EXPECT_TRUE(other.energy != mapping->energy || other.latency != mapping->latency);
            EXPECT_EQ(other.loops.size(), mapping->loops.size());
        }
    }
    EXPECT_GT(found, 50u);
    EXPECT_GT(none, 0u);
}

/// What the runner-up's loops cost when they are asked for by themselves.
TEST(RunnerUp, CostsWhatItsLoopsCost) {
    const Variant variant(3);
    Diagnostics diagnostics;
    const auto mapping = map(variant.request(Objective::energy), diagnostics);
    ASSERT_TRUE(mapping && mapping->runnerUp);
    Request again = variant.request(Objective::energy);
    for (const MappedLoop& loop : mapping->runnerUp->loops) again.temporal.push_back({loop.dim, loop.size});
    const auto alone = map(again, diagnostics);
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->energy, mapping->runnerUp->energy);
    EXPECT_EQ(alone->latency, mapping->runnerUp->latency);
    EXPECT_FALSE(alone->runnerUp);
}

void expectPortExplainsItsStall(const PortUse& port) {
    std::int64_t needed = 0;
    std::int64_t overrun = 0;
    for (const Movement& movement : port.movements) {
        EXPECT_EQ(movement.period % movement.allowed, 0);
        needed += movement.cycles * (movement.count - 1);
        if (movement.cycles > movement.allowed) overrun += (movement.cycles - movement.allowed) * (movement.count - 1);
    }
    EXPECT_EQ(port.needed, needed);
    if (port.movements.size() == 1) {
        EXPECT_EQ(port.stall, needed - port.available);
    } else {
        EXPECT_EQ(port.stall, overrun + std::max<std::int64_t>(0, needed - overrun - port.available));
    }
}

TEST(Mapping, ExplainsItsStallTilesAndEnergy) {
    std::size_t stalled = 0;
    std::size_t single = 0;
    const std::int64_t n = test::count(20'000);
    for (std::int64_t i = 0; i < n; ++i) {
        const Variant variant(static_cast<std::uint64_t>(i) + 77);
        Diagnostics diagnostics;
        const auto mapping = map(variant.request(Objective::latency), diagnostics);
        if (!mapping) continue;
        std::int64_t worst = 0;
        for (const PortUse& port : mapping->ports) {
            expectPortExplainsItsStall(port);
            worst = std::max(worst, port.stall);
        }
        EXPECT_EQ(static_cast<double>(worst), mapping->stallCycles);
        ASSERT_EQ(mapping->decidingPort() != nullptr, worst > 0);
        if (worst > 0) {
            EXPECT_EQ(mapping->decidingPort()->stall, worst);
        }
        stalled += worst > 0 ? 1 : 0;
        ASSERT_EQ(mapping->tiles.size(), mapping->traffic.size());
        for (std::size_t k = 0; k < mapping->tiles.size(); ++k) {
            const Tile& tile = mapping->tiles[k];
            EXPECT_EQ(tile.operand, mapping->traffic[k].operand);
            EXPECT_EQ(tile.memory, mapping->traffic[k].memory);
            const double size = static_cast<double>(variant.core.memories[tile.memory].size.value());
            EXPECT_LE(tile.residentBits, tile.bits);
            EXPECT_LE(tile.bits, size);
            EXPECT_LE(tile.filled, 1);
            if (tile.doubleBuffered) continue;
            ++single;
            EXPECT_GT(tile.filled + tile.residentBits / size, 1 - 1e-12) << "there was room for another one";
        }
    }
    EXPECT_GT(stalled, 20u);
    EXPECT_GT(single, 20u);
}

/// zigzag.md 15.1 through the mapper.
TEST(Mapping, CarriesTheToysPorts) {
    const cost::Nest nest = test::toyNest();
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    Request request{nest, core, test::toySpatial()};
    request.temporal = {{"C", 3}, {"OX", 2}, {"K", 6}, {"OY", 2}};
    const Mapping mapping = map(request, diagnostics).value();
    const PortUse* worst = mapping.decidingPort();
    ASSERT_NE(worst, nullptr);
    EXPECT_EQ(core.memories[worst->memory].name, "sram");
    EXPECT_EQ(worst->needed, 82);
    EXPECT_EQ(worst->available, 72);
    EXPECT_EQ(worst->stall, 10);
    ASSERT_EQ(worst->movements.size(), 2u);
    EXPECT_FALSE(worst->movements[0].other) << "to the array";
    EXPECT_EQ(worst->movements[1].other, 3u) << "to the DRAM";
    for (const Tile& tile : mapping.tiles) {
        if (core.memories[tile.memory].name != "sram") continue;
        EXPECT_EQ(tile.filled, 0.734375);
        EXPECT_EQ(tile.doubleBuffered, tile.operand == 0);
    }
    const auto load = [&](std::size_t op, const char* from, const char* to) {
        for (const Load& one : mapping.loads) {
            if (one.operand == op && core.memories[one.from].name == from && core.memories[one.to].name == to)
                return one.cycles;
        }
        return -1.0;
    };
    EXPECT_EQ(load(2, "dram", "sram"), 9);
    EXPECT_EQ(load(1, "dram", "reg_W"), 1);
    EXPECT_EQ(load(0, "reg_O", "sram"), 1);
    EXPECT_EQ(load(0, "sram", "dram"), 1);
}

/// A core with twice of one thing.
hardware::Core changed(hardware::Core core, const Change& change) {
    hardware::Memory& memory = core.memories[change.memory];
    if (change.kind == Change::Kind::memory) memory.size = Bits(2 * memory.size.value());
    if (change.kind == Change::Kind::port) memory.ports[change.port].bandwidthMax *= 2;
    if (change.kind == Change::Kind::array) core.array.dimensions[change.dimension].size *= 2;
    return core;
}

/// All changes of a core, with what a search on the changed core finds; those that gain.
std::vector<Change> allGains(const Request& request, const Mapping& base) {
    std::vector<Change> changes;
    for (std::size_t m = 0; m < request.core.memories.size(); ++m) {
        changes.push_back({Change::Kind::memory, m});
        for (std::size_t p = 0; p < request.core.memories[m].ports.size(); ++p)
            changes.push_back({Change::Kind::port, m, p});
    }
    if (request.spatial.empty()) {
        for (const std::size_t d : {0, 1}) changes.push_back({Change::Kind::array, 0, 0, d});
    }
    const auto costs = [&](double energy, double latency) {
        return objectiveOf(request.options.objective, energy, latency);
    };
    std::vector<Change> gains;
    for (Change& change : changes) {
        const hardware::Core core = changed(request.core, change);
        Request again{request.nest, core, request.spatial};
        again.options = request.options;
        Diagnostics diagnostics;
        const auto mapping = map(again, diagnostics);
        if (!mapping || costs(mapping->energy, mapping->latency) >= costs(base.energy, base.latency)) continue;
        change.energy = mapping->energy;
        change.latency = mapping->latency;
        gains.push_back(change);
    }
    return gains;
}

TEST(Sensitivity, EqualsSearchesOnChangedCores) {
    std::array<std::size_t, 3> gains{};
    const std::int64_t n = test::count(1500);
    for (std::int64_t i = 0; i < n; ++i) {
        Variant variant(static_cast<std::uint64_t>(i) + 1000);
        if (i % 2 == 0) variant.spatial.clear();
        const Objective objective = kObjectives[static_cast<std::size_t>(i) % 3];
        const Request request = variant.request(objective);
        Diagnostics diagnostics;
        Cache cache;
        const auto base = cache.map(request, diagnostics);
        if (!base) continue;
        const Sensitivity help = sensitivity(request, *base, cache);
        EXPECT_EQ(help.tried, 4 + 9 + (variant.spatial.empty() ? 2 : 0)) << "memories, ports, dimensions";
        const std::vector<Change> expected = allGains(request, *base);
        EXPECT_EQ(help.gains.size(), expected.size()) << i;
        double last = 0;
        for (const Change& change : help.gains) {
            const auto same = [&](const Change& other) {
                return change.kind == other.kind && change.memory == other.memory && change.port == other.port &&
                       change.dimension == other.dimension && change.energy == other.energy &&
                       change.latency == other.latency;
            };
            EXPECT_EQ(std::count_if(expected.begin(), expected.end(), same), 1) << i;
            const double cost = objectiveOf(objective, change.energy, change.latency);
            EXPECT_GE(cost, last) << "best first";
            last = cost;
            ++gains[static_cast<std::size_t>(change.kind)];
        }
    }
    EXPECT_THAT(gains, testing::Each(testing::Gt(2u)));
}

/// A layer that waits for one port alone: nothing but that port helps.
TEST(Sensitivity, FindsTheOnlyThingThatHelps) {
    const cost::Nest nest = test::toyNest();
    hardware::Core core = test::toyCore();
    for (hardware::Memory& memory : core.memories) {
        for (hardware::Port& port : memory.ports) port.bandwidthMax = 1 << 16;
    }
    core.memories[3].ports[0].bandwidthMin = core.memories[3].ports[0].bandwidthMax = 2;
    Diagnostics diagnostics;
    Cache cache;
    const Request request{nest, core, test::toySpatial()};
    const auto base = cache.map(request, diagnostics);
    ASSERT_TRUE(base);
    const Sensitivity help = sensitivity(request, *base, cache);
    ASSERT_FALSE(help.gains.empty());
    EXPECT_EQ(help.gains[0].kind, Change::Kind::port);
    EXPECT_EQ(help.gains[0].memory, 3u);
    EXPECT_LT(help.gains[0].latency, 0.8 * base->latency);
}

}  // namespace
}  // namespace millrace::mapper
