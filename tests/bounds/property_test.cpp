#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "chips.h"
#include "explore/bounds/bounds.h"
#include "explore/explore.h"
#include "fusion/random_case.h"
#include "search/networks.h"
#include "shared.h"
#include "tiling/random_workload.h"

/// Random networks on random chips: no schedule beats its bounds.
namespace millrace::bounds {
namespace {

using hardware::CoreId;
using workload::LayerId;

constexpr double kRounding = 1 - 1e-7;

/// Other arrays, unrollings, registers and widths of words.
void vary(hardware::Core& core, Rng& rng) {
    static const char* const loops[] = {"K", "C", "OX", "OY", "FX", "FY", "G", "B", "D"};
    for (hardware::ArrayDimension& dimension : core.array.dimensions) dimension.size = rng.between(1, 6);
    core.dataflows.clear();
    const bool some = rng.below(4) != 0;
    for (std::size_t i = 0; some && i < core.array.dimensions.size(); ++i) {
        if (rng.below(6) == 0) continue;
        hardware::Dataflow flow{i, {}};
        for (std::size_t n = 1 + rng.below(2); n > 0; --n) {
            const std::string loop = loops[rng.below(std::size(loops))];
            flow.unrollings.push_back({loop, rng.between(1, 6)});
        }
        core.dataflows.push_back(std::move(flow));
    }
    for (std::size_t i = 0; i < core.memories.size(); ++i) {
        hardware::Memory& memory = core.memories[i];
        const bool innermost = memory.servedDimensions.size() < core.array.dimensions.size();
        if (innermost) memory.size = Bits(rng.between(2, 12) * 16);
        memory.readCost = static_cast<double>(rng.between(0, 40)) / 8;
        memory.writeCost = static_cast<double>(rng.between(0, 40)) / 8;
        const std::int64_t parts = rng.below(2) == 0 ? 1 : rng.between(1, 8);
        for (hardware::Port& port : memory.ports) {
            port.bandwidthMin = std::max<std::int64_t>(1, port.bandwidthMax / parts);
        }
    }
    core.array.unitEnergy = rng.unit();
}

hardware::Chip variedChip(Rng& rng, std::int64_t bits) {
    hardware::Chip chip = test::randomChip(rng, bits);
    for (const CoreId core : chip.computeCores()) vary(chip.cores[core], rng);
    for (const std::vector<CoreId>& group : chip.sharedMemories) {
        for (const CoreId core : group) chip.cores[core] = chip.cores[group.front()];
    }
    return chip;
}

workload::Workload anyWorkload(Rng& rng) {
    return rng.below(3) == 0 ? test::randomWorkload(rng) : test::randomSmallWorkload(rng);
}

void expectAbove(const explore::Result& result, const explore::Bounds& bounds, const std::string& what) {
    EXPECT_GE(result.schedule.latency, bounds.latency)
        << what << " " << (bounds.latencyTerms.empty() ? "" : bounds.latencyTerms.front().name);
    EXPECT_GE(result.schedule.energy.total().value(), bounds.energy.value() * kRounding) << what;
    EXPECT_GE(result.offchipTraffic, bounds.offchipBits) << what;
}

/// Free <= some layers fixed <= all of them fixed <= the schedule.
void expectChain(const explore::Result& result, const LayerBounds& bounds, const Allocation& used, Rng& rng,
                 const std::string& what) {
    Allocation some = used;
    for (std::vector<CoreId>& cores : some) {
        if (rng.below(2) == 0) cores.clear();
    }
    const Cycles latency[] = {bounds.latency({}), bounds.latency(some), bounds.latency(used)};
    const double energy[] = {bounds.energy({}).value(), bounds.energy(some).value(), bounds.energy(used).value()};
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_LE(latency[i], latency[i + 1]) << what << " " << i;
        EXPECT_LE(energy[i] * kRounding, energy[i + 1]) << what << " " << i;
    }
    EXPECT_LE(latency[2], result.schedule.latency) << what;
    EXPECT_LE(energy[2] * kRounding, result.schedule.energy.total().value()) << what;
}

Allocation coresOf(const explore::Result& result) {
    Allocation used;
    for (const explore::LayerResult& layer : result.layers) used.add(layer.cores);
    return used;
}

TEST(BoundsProperty, LayerByLayerStaysAbove) {
    Rng rng(81);
    std::int64_t feasible = 0;
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const workload::Workload workload = anyWorkload(rng);
        const double bits = test::randomShare(rng) * static_cast<double>(test::allBits(workload));
        const hardware::Chip chip = variedChip(rng, std::max<std::int64_t>(static_cast<std::int64_t>(bits), 64));
        explore::Options options;
        options.prefetch = rng.below(2) == 0;
        options.objective = static_cast<explore::Objective>(rng.below(3));
        options.offchipInCore = rng.below(8) == 0;
        Diagnostics diagnostics;
        const auto result = explore::exploreLayerByLayer(workload, chip, nullptr, options, diagnostics);
        if (!result) continue;
        ++feasible;
        const std::string what = "problem " + std::to_string(i);
        expectAbove(*result, result->bounds, what);
        const LayerBounds bounds(result->workload, result->chip, nullptr);
        expectChain(*result, bounds, coresOf(*result), rng, what);
    }
    EXPECT_GT(feasible, rounds / 4);
}

TEST(BoundsProperty, FusedStaysAbove) {
    Rng rng(82);
    std::int64_t feasible = 0;
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const workload::Workload workload = anyWorkload(rng);
        const double bits = test::randomShare(rng) * static_cast<double>(test::allBits(workload));
        const hardware::Chip chip = variedChip(rng, std::max<std::int64_t>(static_cast<std::int64_t>(bits), 64));
        explore::FusedOptions options;
        options.policy = test::randomPolicy(rng);
        options.orders = {options.policy.order};
        options.plan.tilesPerLayer = rng.between(1, 40);
        options.common.objective = static_cast<explore::Objective>(rng.below(3));
        Diagnostics diagnostics;
        const auto result = explore::exploreFused(workload, chip, nullptr, options, diagnostics);
        if (!result) continue;
        ++feasible;
        expectAbove(*result, result->bounds, "problem " + std::to_string(i));
    }
    EXPECT_GT(feasible, rounds / 4);
}

/// Any cores, any cuts: also along sums and of single points.
TEST(BoundsProperty, AnyPlanStaysAboveTheBoundsOfItsCores) {
    Rng rng(83);
    std::int64_t feasible = 0;
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        test::FusedCase given = test::randomCase(rng, test::randomShare(rng) * 4);
        for (const CoreId core : given.chip.computeCores()) {
            if (given.chip.sharedMemories.empty()) vary(given.chip.cores[core], rng);
        }
        Allocation used;
        for (const fusion::LayerPlan& layer : given.plan.layers) used.add(layer.cores);
        const test::FusedCase kept = given;
        std::optional<explore::Result> result;
        try {
            test::FusedRun run(std::move(given));
            Diagnostics diagnostics;
            if (run.all()) result = run.finish(diagnostics);
        } catch (const std::logic_error&) {
        }
        if (!result) continue;
        ++feasible;
        const std::string what = "problem " + std::to_string(i);
        const LayerBounds bounds(kept.workload, kept.chip, nullptr);
        expectAbove(*result, bounds.bounds(used), what);
    }
    EXPECT_GT(feasible, rounds / 4);
}

/// The chip with its compute cores in another order.
hardware::Chip permuted(const hardware::Chip& chip, const std::vector<std::size_t>& order) {
    hardware::Chip result = chip;
    for (std::size_t i = 0; i < order.size(); ++i) result.cores[CoreId(order[i])] = chip.cores[CoreId(i)];
    const auto moved = [&](CoreId& core) {
        if (core.valid() && core.index() < order.size()) core = CoreId(order[core.index()]);
    };
    for (hardware::Link& link : result.links) {
        for (CoreId& core : link.cores) moved(core);
        moved(link.hub);
    }
    for (std::vector<CoreId>& group : result.sharedMemories) {
        for (CoreId& core : group) moved(core);
    }
    return result;
}

void expectEqual(const explore::Bounds& a, const explore::Bounds& b, std::int64_t i) {
    EXPECT_EQ(a.compute, b.compute) << i;
    EXPECT_EQ(a.latency, b.latency) << i;
    EXPECT_NEAR(a.energy.value(), b.energy.value(), 1e-9 * a.energy.value()) << i;
    EXPECT_EQ(a.offchipBits, b.offchipBits) << i;
}

TEST(BoundsProperty, NamesAndNumbersOfCoresDoNotMatter) {
    Rng rng(84);
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        workload::Workload workload = anyWorkload(rng);
        const hardware::Chip chip = variedChip(rng, 1 << 14);
        const explore::Bounds before = boundsOf(workload, chip, nullptr);
        std::vector<std::size_t> order(chip.computeCores().size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[rng.below(n)]);
        for (workload::Layer& layer : workload.layers) layer.name = "x" + layer.name;
        expectEqual(before, boundsOf(workload, permuted(chip, order), nullptr), i);
    }
}

/// One more core like another one, wired like it; wider links.
TEST(BoundsProperty, MoreHardwareNeverRaisesABound) {
    Rng rng(85);
    const std::int64_t rounds = test::count(10'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const workload::Workload workload = anyWorkload(rng);
        hardware::Chip chip = variedChip(rng, 1 << 14);
        const explore::Bounds before = boundsOf(workload, chip, nullptr);
        if (rng.below(2) == 0) {
            for (hardware::Link& link : chip.links) link.bandwidth += rng.between(0, 20);
        } else {
            // The new core takes the last number, so that the off-chip memory's moves by one.
            const CoreId last = chip.offchip;
            const CoreId model = chip.computeCores()[rng.below(last.index())];
            const hardware::Core copy = chip.cores[model];
            chip.offchip = chip.cores.add(chip.cores[last]);
            chip.cores[last] = copy;
            for (hardware::Link& link : chip.links) {
                for (CoreId& core : link.cores) core = core == last ? chip.offchip : core;
                if (link.hub == last) link.hub = chip.offchip;
            }
            Table<hardware::LinkId, hardware::Link> more = chip.links;
            for (const hardware::Link& link : chip.links) {
                if (std::find(link.cores.begin(), link.cores.end(), model) == link.cores.end()) continue;
                hardware::Link wire = link;
                if (link.bus) {
                    wire.cores.push_back(last);
                } else {
                    for (CoreId& core : wire.cores) core = core == model ? last : core;
                }
                more.add(std::move(wire));
            }
            chip.links = std::move(more);
        }
        const explore::Bounds after = boundsOf(workload, chip, nullptr);
        EXPECT_LE(after.latency, before.latency) << i;
        EXPECT_LE(after.energy.value() * kRounding, before.energy.value()) << i;
        EXPECT_LE(after.offchipBits, before.offchipBits) << i;
    }
}

}  // namespace
}  // namespace millrace::bounds
