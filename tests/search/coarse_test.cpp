#include "explore/search/coarse.h"

#include <gtest/gtest.h>

#include <cmath>

#include "chips.h"
#include "layers.h"
#include "search/searching.h"
#include "shared.h"

/// The estimate that sorts out changes before they are scheduled.
namespace millrace::search {
namespace {

using test::Searching;
using workload::LayerId;

/// Two convolutions of equal size, one after the other.
test::SearchCase twoConvolutions() {
    test::SearchCase given;
    test::ConvShape shape;
    shape.k = shape.c = 8;
    shape.oy = shape.ox = 16;
    const auto input = test::addInput(given.workload, {shape.c, shape.iy(), shape.ix()});
    const auto last = test::addConv(given.workload, "b", test::addConv(given.workload, "a", input, shape), shape);
    given.workload.tensors[last].isOutput = true;
    given.chip = test::smallChip(2, std::int64_t{1} << 24);
    return given;
}

/// Each layer in so many parts of rows on its core; both in one stack, or each alone.
fusion::Plan planOf(const Searching& searching, std::int64_t parts, bool fused, std::size_t secondCore) {
    fusion::Plan plan;
    for (const LayerId id : searching.scene().workload().layers.ids()) {
        fusion::LayerPlan layer;
        const workload::Layer& info = searching.scene().workload().layers[id];
        if (parts > 1) layer.intra = {{*info.dim("OY"), parts}};
        layer.cores = {hardware::CoreId(id.index() == 0 ? 0 : secondCore)};
        layer.stack = fused ? 0 : id.index();
        plan.layers.add(layer);
        if (plan.stacks.size() <= layer.stack) plan.stacks.emplace_back();
        plan.stacks[layer.stack].push_back(id);
    }
    return plan;
}

double cyclesOf(const Searching& searching, LayerId id, std::int64_t rows) {
    const workload::Layer& layer = searching.scene().workload().layers[id];
    tiling::Tile tile = tiling::wholeLayer(layer);
    tile[*layer.dim("OY")] = {0, rows};
    return static_cast<double>(searching.scene().tileCost(id, tile, hardware::CoreId(0))->duration.value());
}

TEST(Coarse, LayersOfAStackRunSideBySideOnTheirCores) {
    const Searching searching(twoConvolutions());
    Coarse coarse(searching.scene());
    const double whole = cyclesOf(searching, LayerId(0), 16);
    const double tile = cyclesOf(searching, LayerId(0), 4);
    EXPECT_EQ(coarse.estimate(planOf(searching, 1, false, 1)).latency, 2 * whole) << "stacks one after another";
    EXPECT_EQ(coarse.estimate(planOf(searching, 4, true, 0)).latency, 8 * tile) << "one core";
    EXPECT_EQ(coarse.estimate(planOf(searching, 4, true, 1)).latency, 5 * tile)
        << "on two cores, the second after the first tile";
}

TEST(Coarse, DoesNotDependOnWhatWasAskedBefore) {
    Rng rng(71);
    const std::int64_t runs = test::count(4000);
    int finite = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        const Searching searching(test::randomSearchCase(rng, 6, 3));
        if (searching.seeds().empty()) continue;
        Coarse used(searching.scene());
        for (int i = 0; i < 10; ++i) {
            const Candidate candidate = test::randomCandidate(searching, rng, 3);
            const Coarse::Estimate again = used.estimate(candidate.plan);
            const Coarse::Estimate fresh = Coarse(searching.scene()).estimate(candidate.plan);
            ASSERT_EQ(again.latency, fresh.latency) << run;
            ASSERT_EQ(again.energy, fresh.energy) << run;
            if (std::isinf(fresh.latency)) continue;
            ++finite;
            ASSERT_GT(fresh.energy, 0) << run;
        }
    }
    EXPECT_GT(finite, runs);
}

}  // namespace
}  // namespace millrace::search
