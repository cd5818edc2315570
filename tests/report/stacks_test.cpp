#include <gtest/gtest.h>

#include <set>

#include "explored.h"
#include "report/statistics.h"
#include "sample.h"
#include "shared.h"

namespace millrace {
namespace {

using namespace report;

std::vector<std::size_t> ownersOfTensors(const explore::Result& result) {
    std::vector<std::size_t> layers(result.problem.tensors.size(), kNoStack);
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const schedule::Task& task = result.problem.tasks[id];
        for (const schedule::Access& write : task.writes) layers[write.tensor.index()] = task.group.index();
    }
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const schedule::Task& task = result.problem.tasks[id];
        for (const schedule::Access& read : task.reads) {
            if (result.problem.tensors[read.tensor].initial.valid())
                layers[read.tensor.index()] = std::min(layers[read.tensor.index()], task.group.index());
        }
    }
    return layers;
}

/// Bits that the data of a stack take on chip in a cycle, counted one by one.
std::int64_t held(const explore::Result& result, const std::set<std::size_t>& layers, Cycles at) {
    const std::vector<std::size_t> owner = ownersOfTensors(result);
    const auto now = [&](const schedule::Span& span) { return span.start <= at && at < span.end; };
    std::int64_t bits = 0;
    for (const schedule::Buffer& buffer : result.schedule.buffers) {
        const bool counts = now(buffer.span) && !result.problem.memories[buffer.memory].offchip;
        if (counts && layers.count(owner[buffer.tensor.index()]) > 0)
            bits += result.problem.tensors[buffer.tensor].size(buffer.box).value();
    }
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const schedule::Task& task = result.problem.tasks[id];
        if (!now(result.schedule.placements[id].span) || layers.count(task.group.index()) == 0) continue;
        for (const schedule::Scratch& scratch : task.options[0].scratch) bits += scratch.bits.value();
    }
    return bits;
}

TEST(Stacks, AddUpToTheWhole) {
    std::int64_t several = 0;
    test::forRandomResults(test::count(3000), 12, [&](const explore::Result& result) {
        const Statistics sums = statistics(result);
        ASSERT_EQ(sums.stacks.size(), result.stacks.size());
        if (result.policy == "layer-by-layer") return;
        several += result.stacks.size() > 1 ? 1 : 0;
        Picojoules energy;
        std::size_t tiles = 0;
        Bits offchip;
        std::int64_t weights = 0;
        for (const StackUse& use : sums.stacks) {
            energy += use.energy;
            tiles += static_cast<std::size_t>(use.tasks);
            offchip += use.offchip;
            weights += use.weights.value();
        }
        for (const schedule::Tensor& tensor : result.problem.tensors) {
            if (tensor.kind == schedule::DataClass::weight) weights -= tensor.size(tensor.whole()).value();
        }
        ASSERT_EQ(tiles, result.problem.tasks.size());
        ASSERT_EQ(offchip, result.offchipTraffic);
        ASSERT_EQ(weights, 0);
        ASSERT_NEAR(energy.value(), result.schedule.energy.compute.value(), 1e-9 * energy.value());
    });
    EXPECT_GT(several, 0);
}

TEST(Stacks, PeakIsTheMostOfAnyCycle) {
    test::forRandomResults(test::count(800), 13, [](const explore::Result& result) {
        const Statistics sums = statistics(result);
        for (std::size_t i = 0; i < result.stacks.size(); ++i) {
            std::set<std::size_t> layers;
            for (const LayerId layer : result.stacks[i]) layers.insert(layer.index());
            std::int64_t most = 0;
            for (const schedule::Buffer& buffer : result.schedule.buffers)
                most = std::max(most, held(result, layers, buffer.span.start));
            for (const schedule::Placement& placement : result.schedule.placements)
                most = std::max(most, held(result, layers, placement.span.start));
            ASSERT_EQ(sums.stacks[i].peak.value(), most);
            Cycles end;
            for (const LayerId layer : result.stacks[i]) end = std::max(end, result.layers[layer].span.end);
            ASSERT_EQ(sums.stacks[i].span.end, end);
        }
    });
}

/// What links would carry if every transfer went by itself, minus what they carry.
TEST(Multicasts, SaveWhatLinksDoNotCarry) {
    std::int64_t saving = 0;
    test::forRandomResults(test::count(2000), 14, [&](const explore::Result& result) {
        const Statistics sums = statistics(result);
        std::int64_t alone = 0;
        std::int64_t readAlone = 0;
        for (const schedule::Transfer& transfer : result.schedule.transfers) {
            alone += size(result, transfer).value() * static_cast<std::int64_t>(transfer.route.size());
            readAlone += size(result, transfer).value();
        }
        for (const LinkUse& link : sums.links) alone -= link.bits.value();
        for (const MemoryUse& memory : sums.memories) readAlone -= memory.read.value();
        for (const CauseUse& cause : sums.causes) {
            alone -= cause.savedLinkBits.value();
            readAlone -= cause.carriedBits.value();
            saving += cause.carriedAlong;
            ASSERT_LE(cause.carriedBits, cause.bits);
            ASSERT_LE(cause.carriedAlong, cause.transfers);
        }
        ASSERT_EQ(alone, 0);
        ASSERT_EQ(readAlone, 0);
    });
    EXPECT_GT(saving, 0);
}

}  // namespace
}  // namespace millrace
