#include <gtest/gtest.h>

#include <algorithm>

#include "explore/fusion/coresums.h"
#include "explore/mapping/cores.h"
#include "fusion/random_case.h"
#include "schedule/verify.h"
#include "search/searching.h"
#include "shared.h"

/// What a search is told of a candidate, against the schedule that it becomes.
namespace millrace::search {
namespace {

struct Seen {
    std::int64_t good = 0, refused = 0, multicasts = 0, hosts = 0, sums = 0, spills = 0;
    std::int64_t orders[3] = {0, 0, 0}, halos[3] = {0, 0, 0};
};

bool sumsOverCores(const test::SearchCase& given, const Candidate& candidate, const explore::Result& result) {
    return result.workload.layers.size() > given.workload.layers.size() && !candidate.plan.layers.empty();
}

void look(const test::SearchCase& given, const Candidate& candidate, const explore::Result& result, Seen& seen) {
    ++seen.good;
    ++seen.orders[static_cast<std::size_t>(candidate.policy.order)];
    ++seen.halos[static_cast<std::size_t>(candidate.policy.halo)];
    seen.hosts += !given.workload.hostOperators.empty();
    seen.sums += sumsOverCores(given, candidate, result);
    bool shared = false;
    bool spilled = false;
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        shared |= transfer.with.valid();
        spilled |= transfer.cause == schedule::TransferCause::spill;
    }
    seen.multicasts += shared;
    seen.spills += spilled;
}

/// Bounds speak of the cores that layers are allowed on.
bool isAllowed(const test::Searching& searching, const fusion::Plan& plan) {
    const Scene& scene = searching.scene();
    for (const workload::LayerId id : plan.layers.ids()) {
        const auto allowed = mapping::allowedCores(scene.workload().layers[id], scene.chip(), scene.mapping());
        for (const hardware::CoreId core : plan.layers[id].cores) {
            if (std::count(allowed.begin(), allowed.end(), core) == 0) return false;
        }
    }
    return true;
}

void compare(const test::Searching& searching, const Candidate& candidate, Seen& seen) {
    const auto tally = searching.score(candidate);
    Diagnostics diagnostics;
    const auto result = searching.scene().realise(candidate, diagnostics);
    ASSERT_EQ(tally.has_value(), result.has_value()) << diagnostics.text();
    if (!result) {
        EXPECT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
        ++seen.refused;
        return;
    }
    Diagnostics wrong;
    EXPECT_TRUE(schedule::verify(result->problem, result->schedule, wrong)) << wrong.text();
    EXPECT_EQ(tally->latency, result->schedule.latency);
    const double energy = result->schedule.energy.total().value();
    EXPECT_NEAR(tally->energy.value(), energy, 1e-9 * energy);
    EXPECT_EQ(tally->peakMemory.value(), test::peakMemoryOf(*result));
    if (isAllowed(searching, candidate.plan)) {
        EXPECT_LE(searching.scene().bounds().latency, tally->latency);
        EXPECT_LE(searching.scene().bounds().energy.value(), tally->energy.value() * (1 + 1e-9));
    }
    look(searching.given(), candidate, *result, seen);
}

/// A cut over cores along a loop that is summed over.
void cutSum(const workload::Workload& workload, fusion::Plan& plan, Rng& rng) {
    const workload::LayerId id(rng.below(workload.layers.size()));
    const workload::Layer& layer = workload.layers[id];
    for (workload::DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        const bool sum = layer.dims[dim].kind == workload::DimKind::reduction && layer.dims[dim].size > 1;
        if (!sum || layer.inputs.size() < 2) continue;
        plan.layers[id].inter = {{dim, std::min<std::int64_t>(layer.dims[dim].size, rng.between(2, 3))}};
        plan.layers[id].intra.clear();
        return;
    }
}

TEST(Tally, EqualsTheSchedule) {
    Rng rng(43);
    Seen seen;
    const std::int64_t runs = test::count(20'000);
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const test::FusedCase given = test::randomCase(rng, test::randomShare(rng));
        test::SearchCase asked;
        asked.workload = given.workload;
        asked.chip = given.chip;
        asked.options.objective = static_cast<explore::Objective>(rng.below(3));
        asked.options.lpfLimit = 4;
        const test::Searching searching(std::move(asked));
        Candidate candidate{given.plan, given.policy};
        const bool sum = given.policy.halo != fusion::Halo::recompute && rng.below(4) == 0;
        if (sum) cutSum(given.workload, candidate.plan, rng);
        compare(searching, candidate, seen);
        if (testing::Test::HasFailure()) FAIL() << fusion::printText(candidate.plan, given.workload);
    }
    std::printf(
        "%lld schedules, %lld refused; with sums over cores %lld, host operators %lld, multicasts %lld, spills "
        "%lld\n",
        static_cast<long long>(seen.good), static_cast<long long>(seen.refused), static_cast<long long>(seen.sums),
        static_cast<long long>(seen.hosts), static_cast<long long>(seen.multicasts),
        static_cast<long long>(seen.spills));
    EXPECT_GT(2 * seen.good, runs);
    for (const std::int64_t count : seen.orders) EXPECT_GT(count, runs / 20);
    for (const std::int64_t count : seen.halos) EXPECT_GT(count, runs / 20);
    EXPECT_GT(seen.multicasts, runs / 50);
    EXPECT_GT(seen.hosts, runs / 50);
    EXPECT_GT(seen.sums, runs / 50);
    EXPECT_GT(seen.spills, runs / 200);
}

}  // namespace
}  // namespace millrace::search
