#include "explore/search/layouts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "chips.h"
#include "explore/bounds/work.h"
#include "explore/tiling/splits.h"
#include "layers.h"
#include "support/rng.h"

/// The ways in which layers are laid over cores.
namespace millrace::search {
namespace {

using hardware::CoreId;

workload::Workload convolution(std::int64_t filters, std::int64_t rows) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.k = filters;
    shape.c = 4;
    shape.oy = rows;
    test::addConv(workload, "conv", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    return workload;
}

std::vector<CoreId> matrixCores(const hardware::Chip& chip, std::size_t count) {
    std::vector<CoreId> cores;
    for (const CoreId core : chip.cores.ids()) {
        if (cores.size() < count) cores.push_back(core);
    }
    return cores;
}

TEST(Layouts, BlocksOfEqualCores) {
    const workload::Workload workload = convolution(8, 8);
    const hardware::Chip chip = test::smallChip(4, 1 << 20);
    std::multiset<std::vector<std::size_t>> lists;
    for (const Layout& layout : layoutsOf(workload.layers[workload::LayerId(0)], matrixCores(chip, 4), chip, nullptr)) {
        std::vector<std::size_t> list;
        for (const CoreId core : layout.cores) list.push_back(core.index());
        lists.insert(list);
    }
    for (const std::vector<std::size_t>& block :
         {std::vector<std::size_t>{0}, {1}, {2}, {3}, {0, 1}, {2, 3}, {0, 1, 2}, {0, 1, 2, 3}}) {
        EXPECT_GE(lists.count(block), 1U) << block.size();
    }
    EXPECT_EQ(lists.count({1, 2}), 0U) << "blocks begin at multiples of their size";
    EXPECT_EQ(lists.count({0}), 1U) << "a single core has nothing to be cut over";
}

TEST(Layouts, FasterCoresStandMoreOften) {
    const workload::Workload workload = convolution(32, 32);
    hardware::Chip chip = test::smallChip(2, 1 << 20);
    const workload::Layer& layer = workload.layers[workload::LayerId(0)];
    hardware::Core& fast = chip.cores[CoreId(0)];
    fast = test::matrixCore("fast", 8, 4, 1 << 20);
    const double ratio =
        bounds::peakRate(layer, fast, nullptr) / bounds::peakRate(layer, chip.cores[CoreId(1)], nullptr);
    ASSERT_GT(ratio, 1.5);
    bool found = false;
    for (const Layout& layout : layoutsOf(layer, matrixCores(chip, 2), chip, nullptr)) {
        const auto zeros = std::count(layout.cores.begin(), layout.cores.end(), CoreId(0));
        const auto ones = std::count(layout.cores.begin(), layout.cores.end(), CoreId(1));
        found = found || (ones == 1 && static_cast<double>(zeros) == ratio);
    }
    EXPECT_TRUE(found) << ratio;
}

TEST(Layouts, PartsAreAsManyAsCoresAndNoMoreThanSteps) {
    Rng rng(72);
    for (int run = 0; run < 300; ++run) {
        const workload::Workload workload = convolution(rng.between(1, 40), rng.between(1, 40));
        const workload::Layer& layer = workload.layers[workload::LayerId(0)];
        const std::size_t cores = 1 + rng.below(40);
        const hardware::Chip chip = test::smallChip(cores, 1 << 20);
        const std::vector<CoreId> allowed = matrixCores(chip, cores);
        const std::vector<Layout> layouts = layoutsOf(layer, allowed, chip, nullptr);
        ASSERT_FALSE(layouts.empty());
        ASSERT_LE(layouts.size(), kMostLayouts);
        std::set<std::vector<std::int64_t>> seen;
        for (const Layout& layout : layouts) {
            ASSERT_EQ(tiling::partsOf(layout.inter), static_cast<std::int64_t>(layout.cores.size()));
            std::vector<std::int64_t> key;
            for (const tiling::Split& split : layout.inter) {
                ASSERT_LE(split.parts, layer.dims[split.dim].size);
                ASSERT_TRUE(tiling::writes(layer, split.dim));
                key.push_back(static_cast<std::int64_t>(split.dim));
                key.push_back(split.parts);
            }
            key.push_back(-1);
            for (const CoreId core : layout.cores) {
                ASSERT_EQ(std::count(allowed.begin(), allowed.end(), core), 1);
                key.push_back(static_cast<std::int64_t>(core.index()));
            }
            ASSERT_TRUE(seen.insert(key).second) << "twice";
        }
    }
}

}  // namespace
}  // namespace millrace::search
