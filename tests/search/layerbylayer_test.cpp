#include <gtest/gtest.h>

#include <atomic>

#include "networks.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "shared.h"

namespace millrace::search {
namespace {

using schedule::TransferCause;

using test::parse;

TEST(LayerByLayer, RandomNetworksAreVerifiedAndStayAboveTheBounds) {
    Rng rng(1);
    std::int64_t feasible = 0;
    std::int64_t spilled = 0;
    const std::int64_t rounds = test::count(100'000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const workload::Workload workload = test::randomWorkload(rng);
        const std::int64_t sram = rng.between(2'000, 40'000);
        const hardware::Chip chip = test::smallChip(1 + rng.below(3), sram, rng.between(4, 32), rng.between(8, 64));
        Diagnostics diagnostics;
        explore::Options options;
        options.prefetch = rng.below(2) == 0;
        const auto result = test::run(workload, chip, diagnostics, nullptr, options);
        if (!result) {
            EXPECT_TRUE(diagnostics.anyInfeasible()) << i << ": " << diagnostics.text();
            continue;
        }
        ++feasible;
        spilled += test::transfers(*result, TransferCause::spill) > 0;
        EXPECT_TRUE(result->verified);
        EXPECT_GE(result->schedule.latency, result->bounds.latency) << i;
        EXPECT_GE(result->schedule.energy.total(), result->bounds.energy * 0.999999) << i;
        EXPECT_GE(result->offchipTraffic, result->bounds.offchipBits) << i;
    }
    EXPECT_GT(feasible, rounds / 2);
    EXPECT_GT(spilled, rounds / 50) << "the chips are small enough for spills";
}

TEST(LayerByLayer, TheSameTwice) {
    Rng rng(2);
    for (int i = 0; i < 20; ++i) {
        const workload::Workload workload = test::randomWorkload(rng);
        const hardware::Chip chip = test::smallChip(2, 20'000);
        Diagnostics diagnostics;
        const auto a = test::run(workload, chip, diagnostics);
        const auto b = test::run(workload, chip, diagnostics);
        ASSERT_EQ(a.has_value(), b.has_value());
        if (a) {
            EXPECT_EQ(schedule::print(a->problem, a->schedule), schedule::print(b->problem, b->schedule));
        }
    }
}

TEST(LayerByLayer, IsGivenUpOnceItTakesTooLong) {
    Rng rng(4);
    int given = 0;
    for (int i = 0; i < 60; ++i) {
        const workload::Workload workload = test::randomWorkload(rng);
        const hardware::Chip chip = test::smallChip(2, 20'000);
        Diagnostics diagnostics;
        const auto whole = test::run(workload, chip, diagnostics);
        if (!whole) continue;
        fusion::Patience patience;
        patience.latency = whole->schedule.latency;
        const auto same = explore::exploreLayerByLayer(workload, chip, nullptr, {}, diagnostics, patience);
        ASSERT_TRUE(same) << i;
        EXPECT_EQ(schedule::print(same->problem, same->schedule), schedule::print(whole->problem, whole->schedule));
        // The last layer starts after this.
        patience.latency = Cycles(whole->layers[workload::LayerId(workload.layers.size() - 1)].span.start.value() - 1);
        if (patience.latency < Cycles(0)) continue;
        EXPECT_FALSE(explore::exploreLayerByLayer(workload, chip, nullptr, {}, diagnostics, patience)) << i;
        std::atomic<bool> stop = true;
        patience = {};
        patience.limits.stop = &stop;
        EXPECT_FALSE(explore::exploreLayerByLayer(workload, chip, nullptr, {}, diagnostics, patience)) << i;
        EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
        ++given;
    }
    EXPECT_GT(given, 20);
}

TEST(LayerByLayer, NamesDoNotMatter) {
    Rng rng(3);
    for (int i = 0; i < 20; ++i) {
        workload::Workload workload = test::randomWorkload(rng);
        hardware::Chip chip = test::smallChip(2, 20'000);
        Diagnostics diagnostics;
        const auto before = test::run(workload, chip, diagnostics);
        for (workload::Layer& layer : workload.layers) layer.name = "x" + layer.name + "y";
        for (hardware::Core& core : chip.cores) core.name = "unit";
        const auto after = test::run(workload, chip, diagnostics);
        ASSERT_EQ(before.has_value(), after.has_value());
        if (before) {
            EXPECT_EQ(before->schedule.latency, after->schedule.latency);
        }
    }
}

TEST(LayerByLayer, AChipWhoseCoresAreNumberedOtherwiseGivesTheSame) {
    Rng rng(4);
    for (int i = 0; i < 30; ++i) {
        const workload::Workload workload = test::randomWorkload(rng);
        const hardware::Chip chip = test::smallChip(2, 20'000);
        hardware::Chip swapped = chip;
        std::swap(swapped.cores[hardware::CoreId(0)], swapped.cores[hardware::CoreId(1)]);
        const auto other = [](hardware::CoreId id) { return id.index() < 2 ? hardware::CoreId(1 - id.index()) : id; };
        for (hardware::Link& link : swapped.links) {
            for (hardware::CoreId& core : link.cores) core = other(core);
        }
        Diagnostics diagnostics;
        const auto a = test::run(workload, chip, diagnostics);
        const auto b = test::run(workload, swapped, diagnostics);
        ASSERT_EQ(a.has_value(), b.has_value());
        if (a) {
            EXPECT_EQ(a->schedule.latency, b->schedule.latency);
        }
    }
}

/// Faults planted into schedules that the scheduler made: each must be caught.
TEST(LayerByLayer, PlantedFaultsAreCaught) {
    Rng rng(5);
    for (int i = 0; i < 10; ++i) {
        Diagnostics diagnostics;
        const auto result = test::run(test::randomWorkload(rng), test::smallChip(2, 16'000), diagnostics);
        if (!result) continue;
        const auto caught = [&](schedule::Schedule faulty) {
            faulty.energy = schedule::energy(result->problem, faulty);
            Diagnostics messages;
            return !schedule::verify(result->problem, faulty, messages);
        };
        EXPECT_FALSE(caught(result->schedule));
        for (const schedule::TransferId id : result->schedule.transfers.ids()) {
            schedule::Schedule faulty = result->schedule;
            Table<schedule::TransferId, schedule::Transfer> others;
            for (const schedule::TransferId other : faulty.transfers.ids()) {
                if (other != id) others.add(faulty.transfers[other]);
            }
            faulty.transfers = others;
            EXPECT_TRUE(caught(std::move(faulty))) << "transfer " << id.index() << " removed";
        }
        for (const schedule::TaskId id : result->problem.tasks.ids()) {
            schedule::Schedule faulty = result->schedule;
            faulty.placements[id].span.start -= Cycles(1);
            faulty.placements[id].span.end -= Cycles(1);
            EXPECT_TRUE(caught(std::move(faulty))) << "task " << id.index() << " a cycle early";
        }
        for (const schedule::BufferId id : result->schedule.buffers.ids()) {
            schedule::Schedule faulty = result->schedule;
            const std::int64_t capacity = result->problem.memories[faulty.buffers[id].memory].capacity.value();
            if (result->problem.memories[faulty.buffers[id].memory].offchip) continue;
            const std::int64_t size =
                result->problem.tensors[faulty.buffers[id].tensor].size(faulty.buffers[id].box).value();
            for (std::int64_t bits = 0; bits <= capacity && size > 0; bits += size)
                faulty.buffers.add(faulty.buffers[id]);
            EXPECT_TRUE(caught(std::move(faulty))) << "buffers too many";
        }
    }
}

TEST(LayerByLayer, LayersDoNotOverlap) {
    Rng rng(6);
    Diagnostics diagnostics;
    for (int i = 0; i < 20; ++i) {
        const auto result = test::run(test::randomWorkload(rng), test::smallChip(3, 16'000), diagnostics);
        if (!result) continue;
        Cycles end;
        for (const explore::LayerResult& layer : result->layers) {
            Cycles last = end;
            for (const schedule::TaskId task : layer.tasks) {
                EXPECT_GE(result->schedule.placements[task].span.start, end);
                last = std::max(last, result->schedule.placements[task].span.end);
            }
            end = last;
        }
    }
}

struct OneConv : testing::Test {
    void SetUp() override {
        shape.k = 8;
        const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
        workload.tensors[test::addConv(workload, "conv", input, shape)].isOutput = true;
    }
    test::ConvShape shape;
    workload::Workload workload;
    Diagnostics diagnostics;
};

TEST_F(OneConv, TheMappingSplitsItOverCores) {
    const auto mapping = parse("- name: default\n  core_allocation: [0, 1]\n  inter_core_tiling:\n    - K, 2\n");
    const auto result = test::run(workload, test::smallChip(2, 1 << 16), diagnostics, &mapping);
    ASSERT_TRUE(result) << diagnostics.text();
    const explore::LayerResult& layer = result->layers[workload::LayerId(0)];
    EXPECT_EQ(layer.cores.size(), 2u);
    EXPECT_EQ(layer.tasks.size(), 2u);
    EXPECT_EQ(layer.kinds.front().sizes.front(), 4) << "half of the 8 filters";
}

TEST_F(OneConv, AWildcardTakesWhatEndsFirst) {
    const auto mapping = parse("- name: default\n  core_allocation: [0, 1]\n  inter_core_tiling:\n    - K, *\n");
    const auto one = parse("- name: default\n  core_allocation: [0, 1]\n  inter_core_tiling:\n    - K, 1\n");
    const auto two = parse("- name: default\n  core_allocation: [0, 1]\n  inter_core_tiling:\n    - K, 2\n");
    const hardware::Chip chip = test::smallChip(2, 1 << 16);
    const auto ends = [&](const mapping::Mapping& m) {
        return test::run(workload, chip, diagnostics, &m)->layers[workload::LayerId(0)].span.end;
    };
    EXPECT_EQ(ends(mapping), std::min(ends(one), ends(two)));
}

TEST_F(OneConv, AMappingThatNamesACoreTheChipLacksIsAnError) {
    const auto mapping = parse("- name: default\n  core_allocation: [7]\n");
    EXPECT_FALSE(test::run(workload, test::smallChip(2, 1 << 16), diagnostics, &mapping));
    EXPECT_FALSE(diagnostics.anyInfeasible());
    EXPECT_NE(diagnostics.text().find("7"), std::string::npos);
}

TEST_F(OneConv, TooSmallAMemoryIsInfeasibleAndSaysSo) {
    EXPECT_FALSE(test::run(workload, test::smallChip(2, 64), diagnostics));
    EXPECT_TRUE(diagnostics.anyInfeasible());
    EXPECT_NE(diagnostics.text().find("layer 'conv'"), std::string::npos) << diagnostics.text();
    EXPECT_NE(diagnostics.text().find("bits"), std::string::npos) << diagnostics.text();
}

TEST(LayerByLayer, PrefetchBringsWeightsEarlier) {
    workload::Workload workload;
    test::ConvShape shape;
    const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const auto middle = test::addConv(workload, "a", input, shape);
    test::ConvShape second;
    second.c = shape.k;
    second.padY = 1;
    workload.tensors[test::addConv(workload, "b", middle, second)].isOutput = true;
    Diagnostics diagnostics;
    const hardware::Chip chip = test::smallChip(1, 1 << 16, 16, 2);
    explore::Options options;
    const auto plain = test::run(workload, chip, diagnostics, nullptr, options);
    options.prefetch = true;
    const auto early = test::run(workload, chip, diagnostics, nullptr, options);
    ASSERT_TRUE(plain && early);
    EXPECT_LT(early->schedule.latency, plain->schedule.latency);
}

TEST(LayerByLayer, AHostOperatorWaitsForWhatItReadsOffChip) {
    workload::Workload workload;
    test::ConvShape shape;
    const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const auto middle = test::addConv(workload, "a", input, shape);
    const std::vector<std::int64_t> size = workload.tensors[middle].shape;
    const auto outside =
        workload.tensors.add({"host.out", size, 8, workload::TensorOrigin::host, workload::LayerId(), false});
    workload.hostOperators.push_back({"sorcery", "Sorcery", "unknown", {middle}, {outside}});
    workload.tensors[test::addElementwise(workload, "b", {outside})].isOutput = true;
    Diagnostics diagnostics;
    const auto result = test::run(workload, test::smallChip(1, 1 << 16), diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(test::transfers(*result, TransferCause::output), 2) << "the host's input and the network's output";
    Cycles outputEnd;
    for (const schedule::Transfer& transfer : result->schedule.transfers) {
        if (transfer.tensor.index() == middle.index() && transfer.cause == TransferCause::output)
            outputEnd = transfer.span.end;
    }
    for (const schedule::Transfer& transfer : result->schedule.transfers) {
        if (transfer.tensor.index() == outside.index()) {
            EXPECT_GE(transfer.span.start, outputEnd);
        }
    }
}

TEST(LayerByLayer, AnEmptyNetworkTakesNoTime) {
    Diagnostics diagnostics;
    const auto result = test::run({}, test::smallChip(1, 1 << 16), diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(result->schedule.latency, Cycles(0));
}

}  // namespace
}  // namespace millrace::search
