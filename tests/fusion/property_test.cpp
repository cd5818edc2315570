#include <gtest/gtest.h>

#include <set>

#include "explore/fusion/memories.h"
#include "explore/fusion/reads.h"
#include "fusion/planning.h"
#include "shared.h"
#include "support/rng.h"

/// What must hold for every plan, on random networks, chips and wishes.
namespace millrace::fusion {
namespace {

using workload::LayerId;

workload::Workload randomWorkload(Rng& rng) {
    workload::Workload workload;
    workload.name = "random";
    test::ConvShape shape;
    shape.c = rng.between(1, 6);
    shape.oy = rng.between(2, 9);
    shape.ox = rng.between(1, 7);
    std::vector<workload::TensorId> results{test::addInput(workload, {shape.c, shape.iy(), shape.ix()})};
    const std::int64_t layers = rng.between(1, 9);
    for (std::int64_t i = 0; i < layers; ++i) {
        const std::string name = "layer" + std::to_string(i);
        const auto last = results.back();
        const std::vector<std::int64_t> have = workload.tensors[last].shape;
        const auto other = results[rng.below(results.size())];
        if (i > 0 && other != last && workload.tensors[other].shape == have) {
            results.push_back(test::addElementwise(workload, name, {other, last}));
        } else if (i > 0 && rng.below(4) == 0) {
            results.push_back(test::addElementwise(workload, name, {last}));
        } else {
            test::ConvShape next;
            next.c = have[0];
            next.k = rng.below(2) == 0 ? have[0] : rng.between(1, 12);
            next.fy = rng.below(2) == 0 ? 3 : 1;
            next.padY = next.fy / 2;
            next.oy = have[1];
            next.ox = have[2];
            results.push_back(test::addConv(workload, name, last, next));
        }
    }
    workload.tensors[results.back()].isOutput = true;
    return workload;
}

PlanOptions randomOptions(Rng& rng, const workload::Workload& workload) {
    PlanOptions options;
    const Stacking kinds[] = {Stacking::automatic, Stacking::layers, Stacking::cuts};
    options.stacking = kinds[rng.below(3)];
    if (options.stacking == Stacking::cuts) options.cuts = {std::to_string(rng.below(workload.layers.size()))};
    options.fill = 0.1 * static_cast<double>(rng.between(1, 10));
    options.tilesPerLayer = rng.between(1, 12);
    options.doubleBuffer = rng.below(2) == 0;
    const std::int64_t tiles = rng.between(0, 2);
    for (std::int64_t i = 0; i < tiles; ++i) {
        mapping::MappingEntry entry;
        const char* names[] = {"default", "Conv", "layer0"};
        entry.name = names[rng.below(3)];
        const auto split = [&] {
            const char* dims[] = {"K", "OY", "OX"};
            const auto kind = static_cast<mapping::Tiling::Kind>(rng.below(3));
            return mapping::Tiling{dims[rng.below(3)], kind, rng.between(1, 6)};
        };
        for (std::int64_t n = rng.between(0, 2); n > 0; --n) entry.intraCoreTiling.push_back(split());
        for (std::int64_t n = rng.between(0, 2); n > 0; --n) entry.interCoreTiling.push_back(split());
        options.tiles.push_back(entry);
    }
    return options;
}

void checkStacks(const Plan& plan, const workload::Workload& workload) {
    std::set<LayerId> seen;
    const auto reads = readsOf(workload);
    for (std::size_t s = 0; s < plan.stacks.size(); ++s) {
        ASSERT_FALSE(plan.stacks[s].empty());
        for (const LayerId id : plan.stacks[s]) {
            EXPECT_TRUE(seen.insert(id).second) << "a layer in two stacks";
            EXPECT_EQ(plan.layers[id].stack, s);
            for (const Read& read : reads[id]) EXPECT_LE(plan.layers[read.producer].stack, s);
        }
    }
    EXPECT_EQ(seen.size(), workload.layers.size());
}

/// Every tile of the grid from the definition: together they are the layer, none is empty, sizes differ by one at most,
/// and each fits its core's memory with all that it reads and writes.
void checkTiles(const Plan& plan, const workload::Workload& workload, const hardware::Chip& chip, LayerId id) {
    const workload::Layer& layer = workload.layers[id];
    const LayerPlan& mine = plan.layers[id];
    ASSERT_FALSE(mine.cores.empty());
    const auto tiles = test::tilesOf(layer, mine);
    ASSERT_EQ(static_cast<std::int64_t>(tiles.size()), mine.tiles());
    std::int64_t points = 0;
    for (std::size_t dim = 0; dim < layer.dims.size(); ++dim) {
        std::int64_t least = layer.dims[dim].size;
        std::int64_t most = 0;
        for (const tiling::Tile& tile : tiles) {
            least = std::min(least, tile[dim].size());
            most = std::max(most, tile[dim].size());
        }
        EXPECT_GE(least, 1);
        EXPECT_LE(most - least, 1);
    }
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        std::int64_t product = 1;
        bool sums = false;
        for (std::size_t dim = 0; dim < layer.dims.size(); ++dim) {
            product *= tiles[i][dim].size();
            sums |= layer.dims[dim].kind == workload::DimKind::reduction && layer.dims[dim].size > 1;
        }
        points += product;
        const hardware::CoreId core = mine.cores[i % static_cast<std::size_t>(mine.parts()) % mine.cores.size()];
        std::int64_t bits = volume(tiling::writtenBox(layer, tiles[i])) * (sums ? layer.output.bits : 8);
        for (const workload::Operand& operand : layer.inputs) {
            for (const auto& need : tiling::tileNeeds(workload, operand, tiles[i]))
                bits += volume(need.box) * operand.bits;
        }
        EXPECT_LE(bits, chip.cores[core].memories.back().size.value()) << layer.name << " tile " << i;
    }
    EXPECT_EQ(points, layer.operations());
}

TEST(PlanProperties, EveryPlanCanRun) {
    Rng rng(20);
    std::int64_t plans = 0;
    std::int64_t refused = 0;
    const std::int64_t runs = test::count(60'000);
    for (std::int64_t i = 0; i < runs; ++i) {
        const workload::Workload workload = randomWorkload(rng);
        const auto cores = static_cast<std::size_t>(rng.between(1, 4));
        const hardware::Chip chip = test::smallChip(cores, rng.between(1, 40) * 128 << rng.between(0, 4));
        const PlanOptions options = randomOptions(rng, workload);
        Diagnostics diagnostics;
        const auto plan = makePlan(workload, chip, nullptr, options, diagnostics);
        SCOPED_TRACE("run " + std::to_string(i));
        if (!plan) {
            ++refused;
            EXPECT_TRUE(diagnostics.failed());
            const bool noSuchLayer = diagnostics.text().find("has no l") != std::string::npos;
            EXPECT_TRUE(diagnostics.anyInfeasible() || noSuchLayer) << diagnostics.text();
            continue;
        }
        ++plans;
        EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
        checkStacks(*plan, workload);
        for (const LayerId id : workload.layers.ids()) checkTiles(*plan, workload, chip, id);
        if (testing::Test::HasFailure()) FAIL() << printText(*plan, workload);
    }
    EXPECT_GT(plans, 9 * refused);
}

}  // namespace
}  // namespace millrace::fusion
