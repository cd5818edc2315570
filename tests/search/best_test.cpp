#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "explore/search/scene.h"
#include "schedule/verify.h"
#include "search/networks.h"
#include "search/searching.h"
#include "shared.h"

/// The search from its front door.
namespace millrace::explore {
namespace {

using search::valueOf;

std::optional<Result> best(const test::SearchCase& given, const SearchOptions& options, Diagnostics& diagnostics) {
    return exploreBest(given.workload, given.chip, given.file(), options, diagnostics);
}

SearchOptions optionsFor(const test::SearchCase& given, std::int64_t evaluations) {
    SearchOptions options;
    options.fused.common = given.options;
    options.fused.plan = given.rules;
    options.fused.policy = given.policy;
    options.evaluations = evaluations;
    return options;
}

/// Equal in all that was decided and in all that follows.
void expectSame(const Result& a, const Result& b) {
    EXPECT_EQ(a.schedule.latency, b.schedule.latency);
    EXPECT_EQ(a.schedule.energy.total(), b.schedule.energy.total());
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.tileOrder, b.tileOrder);
    EXPECT_EQ(a.stacks, b.stacks);
    ASSERT_EQ(a.schedule.placements.size(), b.schedule.placements.size());
    for (const schedule::TaskId id : a.schedule.placements.ids()) {
        EXPECT_EQ(a.schedule.placements[id].core, b.schedule.placements[id].core);
        EXPECT_EQ(a.schedule.placements[id].span, b.schedule.placements[id].span);
    }
    ASSERT_EQ(a.schedule.transfers.size(), b.schedule.transfers.size());
    for (const schedule::TransferId id : a.schedule.transfers.ids()) {
        EXPECT_EQ(a.schedule.transfers[id].span, b.schedule.transfers[id].span);
        EXPECT_EQ(a.schedule.transfers[id].route, b.schedule.transfers[id].route);
    }
    ASSERT_TRUE(a.search && b.search);
    EXPECT_EQ(a.search->schedules, b.search->schedules);
    EXPECT_EQ(a.search->found, b.search->found);
    EXPECT_EQ(a.search->end, b.search->end);
    EXPECT_EQ(a.search->ruledOut, b.search->ruledOut);
}

struct Tried {
    std::int64_t good = 0, refused = 0, byLayers = 0, better = 0;
};

void tryOne(const test::SearchCase& given, Rng& rng, Tried& tried) {
    const char* names[] = {"auto", "local", "genetic", "exact"};
    SearchOptions options = optionsFor(given, rng.between(1, 60));
    options.method = names[rng.below(4)];
    options.seed = rng.below(1000);
    Diagnostics diagnostics;
    const auto result = best(given, options, diagnostics);
    Diagnostics ignored;
    const auto layers = exploreLayerByLayer(given.workload, given.chip, given.file(), given.options, ignored);
    const auto rules = exploreFused(given.workload, given.chip, given.file(), options.fused, ignored);
    if (!result) {
        ++tried.refused;
        EXPECT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
        EXPECT_FALSE(layers) << "layer by layer it can be done, but: " << diagnostics.text();
        return;
    }
    ++tried.good;
    EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
    EXPECT_TRUE(result->verified);
    EXPECT_TRUE(schedule::verify(result->problem, result->schedule, diagnostics)) << diagnostics.text();
    const double value = valueOf(*result, given.options.objective);
    if (layers) {
        EXPECT_LE(value, valueOf(*layers, given.options.objective) * (1 + 1e-12)) << options.method;
    }
    if (rules && *options.evaluations >= 3) {
        EXPECT_LE(value, valueOf(*rules, given.options.objective) * (1 + 1e-12)) << options.method;
    }
    ASSERT_TRUE(result->search);
    EXPECT_LE(result->search->schedules, *options.evaluations);
    tried.byLayers += result->search->found == 0;
    tried.better += rules && value < valueOf(*rules, given.options.objective);
    EXPECT_GE(result->schedule.latency, result->bounds.latency);
    EXPECT_GE(result->schedule.energy.total().value(), result->bounds.energy.value() * (1 - 1e-9));
    options.threads = 3;
    Diagnostics again;
    const auto twin = best(given, options, again);
    ASSERT_TRUE(twin) << again.text();
    expectSame(*result, *twin);
}

TEST(Best, IsVerifiedAndNoWorseThanTheOthers) {
    Rng rng(61);
    Tried tried;
    const std::int64_t runs = test::count(3000);
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        tryOne(test::randomSearchCase(rng, 8, 4), rng, tried);
        if (testing::Test::HasFailure()) return;
    }
    std::printf("%lld found (%lld layer by layer, %lld better than the rules), %lld refused\n",
                static_cast<long long>(tried.good), static_cast<long long>(tried.byLayers),
                static_cast<long long>(tried.better), static_cast<long long>(tried.refused));
    EXPECT_GT(2 * tried.good, runs);
    EXPECT_GT(4 * tried.better, runs);
}

TEST(Best, HoldsNoMoreThanAllowed) {
    Rng rng(62);
    const std::int64_t runs = test::count(2000);
    std::int64_t found = 0;
    std::int64_t refused = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const test::SearchCase given = test::randomSearchCase(rng, 6, 3);
        SearchOptions options = optionsFor(given, 30);
        Diagnostics diagnostics;
        const auto free = best(given, options, diagnostics);
        if (!free) continue;
        options.fused.memory = Bits(test::peakMemoryOf(*free) * rng.between(1, 10) / 80 * 8);
        const auto result = best(given, options, diagnostics);
        ++(result ? found : refused);
        if (result) {
            EXPECT_LE(test::peakMemoryOf(*result), options.fused.memory->value());
        } else {
            EXPECT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
            // Where only the layer-by-layer schedule exists, the message is about tiles that fit nowhere.
            if (free->policy == "fused") {
                EXPECT_NE(diagnostics.text().find(std::to_string(options.fused.memory->value() / 8)),
                          std::string::npos);
            }
        }
    }
    EXPECT_GT(found, runs / 8);
    EXPECT_GT(refused, runs / 20);
}

/// Of the orders of the rules, one that holds little enough counts before a faster one that does not.
TEST(Best, RulesKeepToTheBudget) {
    Rng rng(64);
    int chosen = 0;
    for (int run = 0; run < 200; ++run) {
        const test::SearchCase given = test::randomSearchCase(rng, 6, 3);
        SearchOptions options = optionsFor(given, 30);
        options.method = "rules";
        Diagnostics diagnostics;
        std::vector<Result> all;
        for (const fusion::Order order : fusion::ownOrders()) {
            options.fused.orders = {order};
            if (auto result = best(given, options, diagnostics)) all.push_back(std::move(*result));
        }
        options.fused.orders = fusion::ownOrders();
        for (const Result& one : all) {
            options.fused.memory = one.peakMemory;
            const auto result = best(given, options, diagnostics);
            ASSERT_TRUE(result) << run;
            EXPECT_LE(result->peakMemory, one.peakMemory) << run;
            EXPECT_LE(valueOf(*result, given.options.objective), valueOf(one, given.options.objective)) << run;
            chosen += result->order != all.front().order;
        }
    }
    EXPECT_GT(chosen, 10);
}

/// What is said of order, halos, lookahead and prefetch stays, whatever the method; and so do cuts.
TEST(Best, LeavesWhatIsSaid) {
    Rng rng(65);
    int found = 0;
    for (int run = 0; run < 60; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const test::SearchCase given = test::randomSearchCase(rng, 5, 3);
        for (const char* method : {"auto", "local", "genetic", "exact", "reorder"}) {
            SearchOptions options = optionsFor(given, 25);
            options.method = method;
            options.fused.said = {true, true, true, true};
            options.fused.orders = {fusion::ownOrders()[rng.below(3)]};
            options.fused.plan.stacking = fusion::Stacking::layers;
            Diagnostics diagnostics;
            const auto result = best(given, options, diagnostics);
            if (!result) continue;
            ++found;
            ASSERT_TRUE(result->found.schedule);
            const mapping::Schedule& schedule = *result->found.schedule;
            EXPECT_EQ(schedule.kind, "fused");
            if (std::string(method) != "reorder") {
                EXPECT_EQ(schedule.order, fusion::name(options.fused.orders.front()));
            }
            EXPECT_EQ(schedule.halo, fusion::name(given.policy.halo));
            EXPECT_EQ(schedule.lookahead, given.policy.lookahead);
            EXPECT_EQ(schedule.prefetch, given.policy.prefetch);
            EXPECT_EQ(result->stacks.size(), result->workload.layers.size());
        }
    }
    EXPECT_GT(found, 100);
}

/// Host operators have no place in a list of tiles: the method that sorts such a list has nothing to do, and ends.
TEST(Best, EndsWithHostOperators) {
    workload::Workload workload;
    const auto input = test::addInput(workload, {4, 8, 8});
    test::ConvShape shape;
    shape.k = shape.c = 4;
    shape.oy = shape.ox = 6;
    shape.padY = 0;
    shape.fy = shape.fx = 3;
    const auto middle = test::addConv(workload, "conv", input, shape);
    const auto after = workload.tensors.add(workload.tensors[middle]);
    workload.tensors[after].name = "after";
    workload.tensors[after].origin = workload::TensorOrigin::host;
    workload.tensors[after].isOutput = true;
    workload::HostOperator host;
    host.name = "host";
    host.type = "Unknown";
    host.inputs = {middle};
    host.outputs = {after};
    workload.hostOperators.push_back(host);
    const hardware::Chip chip = test::smallChip(2, 1 << 20);
    for (const char* method : {"reorder", "auto", "local", "genetic", "exact"}) {
        SearchOptions options;
        options.method = method;
        options.evaluations = 100;
        Diagnostics diagnostics;
        const auto result = explore::exploreBest(workload, chip, nullptr, options, diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        EXPECT_TRUE(result->verified);
    }
}

/// Equal cores, each with wires to all others.
hardware::Chip equalCores(std::int64_t cores, const std::vector<std::int64_t>& names) {
    hardware::Chip chip;
    chip.name = "equal";
    for (std::int64_t i = 0; i < cores; ++i) chip.cores.add(test::matrixCore("matrix", 2, 2, 1 << 14));
    chip.offchip = chip.cores.add(test::dram(32));
    for (const std::int64_t from : names) {
        for (const std::int64_t to : names) {
            if (from == to) continue;
            hardware::Link wire;
            wire.name = std::to_string(from) + " -> " + std::to_string(to);
            wire.cores = {hardware::CoreId(static_cast<std::size_t>(from)),
                          hardware::CoreId(static_cast<std::size_t>(to))};
            wire.bandwidth = 16;
            wire.energyPerBit = 0.5;
            chip.links.add(std::move(wire));
        }
    }
    hardware::Link bus;
    bus.name = "offchip";
    bus.bus = true;
    bus.hub = chip.offchip;
    bus.bandwidth = 32;
    bus.energyPerBit = 2;
    for (const std::int64_t core : names) bus.cores.push_back(hardware::CoreId(static_cast<std::size_t>(core)));
    bus.cores.push_back(chip.offchip);
    chip.links.add(std::move(bus));
    return chip;
}

TEST(Best, IsTheSameWithCoresRenamed) {
    Rng rng(63);
    const std::int64_t runs = test::count(300);
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        test::SearchCase given = test::randomSearchCase(rng, 2, 3);
        const std::int64_t cores = rng.between(2, 3);
        std::vector<std::int64_t> names{0, 1, 2};
        names.resize(static_cast<std::size_t>(cores));
        SearchOptions options = optionsFor(given, 2000);
        options.method = "exact";
        Diagnostics diagnostics;
        given.chip = equalCores(cores, names);
        const auto one = best(given, options, diagnostics);
        std::rotate(names.begin(), names.begin() + 1, names.end());
        given.chip = equalCores(cores, names);
        const auto other = best(given, options, diagnostics);
        ASSERT_EQ(one.has_value(), other.has_value()) << diagnostics.text();
        if (!one || !one->search->proven || !other->search->proven) continue;
        EXPECT_DOUBLE_EQ(valueOf(*one, given.options.objective), valueOf(*other, given.options.objective));
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Best, TakesAStopAtOnce) {
    Rng rng(64);
    const test::SearchCase given = test::randomSearchCase(rng, 4, 3);
    const std::atomic<bool> stop = true;
    SearchOptions options = optionsFor(given, 1000);
    options.limits.stop = &stop;
    Diagnostics diagnostics;
    const auto result = best(given, options, diagnostics);
    EXPECT_FALSE(result);
    EXPECT_TRUE(diagnostics.anyInfeasible());
    EXPECT_NE(diagnostics.text().find("before its first schedule"), std::string::npos) << diagnostics.text();
}

/// With something found it is shown.
TEST(Best, StoppedOnTheWay) {
    Rng rng(66);
    const test::SearchCase given = test::randomSearchCase(rng, 4, 3);
    std::atomic<bool> stop = false;
    for (const char* method : {"auto", "local", "genetic"}) {
        stop = false;
        SearchOptions options = optionsFor(given, 1000);
        options.method = method;
        options.limits.stop = &stop;
        options.report = [&](const Progress& progress) { stop = progress.schedules >= 3; };
        Diagnostics diagnostics;
        const auto result = best(given, options, diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        EXPECT_EQ(result->search->end, "interrupted");
        EXPECT_TRUE(result->verified);
        EXPECT_LT(result->search->schedules, 100);
    }
}

TEST(Best, WithoutLayersAndWithoutCores) {
    Rng rng(65);
    test::SearchCase given = test::randomSearchCase(rng, 3, 3);
    test::SearchCase nothing = given;
    nothing.workload = {};
    nothing.workload.name = "nothing";
    test::SearchCase nobody = given;
    for (hardware::Core& core : nobody.chip.cores) core.operatorTypes = {"Nothing"};
    for (const char* method : {"auto", "local", "genetic", "exact", "rules"}) {
        SearchOptions options = optionsFor(given, 20);
        options.method = method;
        Diagnostics diagnostics;
        const auto result = best(nothing, options, diagnostics);
        EXPECT_TRUE(result) << method << ": " << diagnostics.text();
        Diagnostics refused;
        EXPECT_FALSE(best(nobody, options, refused)) << method;
        EXPECT_TRUE(refused.anyInfeasible()) << method << ": " << refused.text();
    }
    SearchOptions options = optionsFor(given, 20);
    options.method = "magic";
    Diagnostics diagnostics;
    EXPECT_FALSE(best(given, options, diagnostics));
    EXPECT_NE(diagnostics.text().find("magic"), std::string::npos);
}

}  // namespace
}  // namespace millrace::explore
