#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/fusion/layout.h"
#include "explore/fusion/plancheck.h"
#include "explore/mapping/cores.h"
#include "explore/tiling/splits.h"
#include "search/searching.h"
#include "shared.h"

/// What comes out of moves and crossings is a plan, and leaves alone what is not theirs to change.
namespace millrace::search {
namespace {

using fusion::LayerPlan;
using fusion::Plan;
using test::Searching;
using tiling::Split;
using workload::Layer;
using workload::LayerId;

mapping::MappingEntry randomEntry(const test::SearchCase& given, Rng& rng) {
    mapping::MappingEntry entry;
    const Layer& layer = given.workload.layers[LayerId(rng.below(given.workload.layers.size()))];
    const std::string names[] = {"default", layer.type, layer.name};
    entry.name = names[rng.below(3)];
    const auto split = [&] {
        const auto kind = static_cast<mapping::Tiling::Kind>(rng.below(3));
        return mapping::Tiling{layer.dims[rng.below(layer.dims.size())].name, kind, rng.between(1, 6)};
    };
    if (rng.below(2) == 0) entry.intraCoreTiling.push_back(split());
    if (rng.below(2) == 0) entry.interCoreTiling.push_back(split());
    return entry;
}

/// Stacks, cuts and cores as files and options may bind them.
void bindSome(test::SearchCase& given, Rng& rng) {
    static constexpr fusion::Stacking kStackings[] = {fusion::Stacking::automatic, fusion::Stacking::automatic,
                                                      fusion::Stacking::layers, fusion::Stacking::cuts,
                                                      fusion::Stacking::byHand};
    given.rules.stacking = kStackings[rng.below(5)];
    const std::size_t layers = given.workload.layers.size();
    if (given.rules.stacking == fusion::Stacking::cuts) given.rules.cuts = {std::to_string(rng.below(layers))};
    if (given.rules.stacking == fusion::Stacking::byHand) given.rules.stacks = {{"0", std::to_string(layers - 1)}};
    for (std::uint64_t n = rng.below(3); n > 0; --n) given.rules.tiles.push_back(randomEntry(given, rng));
    if (rng.below(3) != 0) return;
    given.mapping.emplace();
    mapping::MappingEntry entry = randomEntry(given, rng);
    const std::size_t cores = given.chip.cores.size() - 1;
    for (std::uint64_t n = rng.below(3); n > 0; --n)
        entry.coreAllocation.push_back(static_cast<std::int64_t>(rng.below(cores)));
    entry.allocationIsFixed = entry.coreAllocation.size() > 1 && rng.below(2) == 0;
    given.mapping->entries.push_back(std::move(entry));
}

std::string brokenSplits(const Layer& layer, const LayerPlan& plan) {
    std::set<std::pair<bool, workload::DimIndex>> seen;
    for (const auto* list : {&plan.inter, &plan.intra}) {
        for (const Split& split : *list) {
            if (split.dim >= layer.dims.size() || split.parts < 2) return "no split";
            if (!seen.insert({list == &plan.inter, split.dim}).second) return "a loop stands twice";
        }
    }
    for (workload::DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        const std::int64_t parts = tiling::partsOf(plan.inter, dim);
        if (parts > layer.dims[dim].size) return "more parts than steps";
        if (tiling::partsOf(plan.intra, dim) > layer.dims[dim].size / parts) return "empty parts in time";
    }
    return "";
}

std::string brokenStacks(const Plan& plan) {
    std::size_t next = 0;
    for (std::size_t s = 0; s < plan.stacks.size(); ++s) {
        if (plan.stacks[s].empty()) return "an empty stack";
        for (const LayerId id : plan.stacks[s]) {
            if (id.index() != next++) return "stacks are no runs";
            if (plan.layers[id].stack != s) return "another stack";
        }
    }
    return next == plan.layers.size() ? "" : "layers without a stack";
}

bool binds(const std::vector<mapping::Tiling>& tilings) {
    return std::any_of(tilings.begin(), tilings.end(),
                       [](const mapping::Tiling& t) { return t.kind != mapping::Tiling::Kind::wildcard; });
}

bool equal(const std::vector<Split>& a, const std::vector<Split>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Split& x, const Split& y) { return x.dim == y.dim && x.parts == y.parts; });
}

/// What is given of a layer: its cores, and the parts in time that were asked for.
std::string changed(const Searching& searching, const Plan& seed, const Plan& plan, LayerId id) {
    const test::SearchCase& given = searching.given();
    const Layer& layer = searching.scene().workload().layers[id];
    const LayerPlan& mine = plan.layers[id];
    const auto allowed = mapping::allowedCores(layer, given.chip, given.file());
    for (const hardware::CoreId core : mine.cores) {
        if (std::count(allowed.begin(), allowed.end(), core) == 0) return "a core that is not allowed";
    }
    const fusion::Wish wish = fusion::wishFor(searching.scene().workload(), id, given.file(), given.rules);
    const bool listed =
        wish.entry != nullptr && wish.entry->allocationIsFixed && mapping::namedCores(layer, wish.entry).size() > 1;
    const bool fixed = listed || (wish.inter != nullptr && binds(wish.inter->interCoreTiling));
    if (fixed && (mine.cores != seed.layers[id].cores || !equal(mine.inter, seed.layers[id].inter)))
        return "cores that are given";
    const bool counts = wish.intraIsOption || plan.stacks[mine.stack].size() > 1;
    if (wish.intra == nullptr || !binds(wish.intra->intraCoreTiling) || !counts) return "";
    for (const Split& split : tiling::intraSplits(layer, *wish.intra, mine.inter, given.rules.tilesPerLayer)) {
        if (tiling::partsOf(mine.intra, split.dim) < split.parts) return "parts in time that are given";
    }
    return "";
}

std::string wrongWith(const Searching& searching, const Candidate& candidate) {
    const Plan& plan = candidate.plan;
    const Plan& seed = searching.seeds().front().plan;
    const workload::Workload& workload = searching.scene().workload();
    if (plan.layers.size() != workload.layers.size()) return "another number of layers";
    for (const LayerId id : workload.layers.ids()) {
        if (plan.layers[id].cores.empty()) return "no cores";
        const std::string broken = brokenSplits(workload.layers[id], plan.layers[id]);
        if (!broken.empty()) return workload.layers[id].name + ": " + broken;
        const std::string other = changed(searching, seed, plan, id);
        if (!other.empty()) return workload.layers[id].name + " has changed: " + other;
    }
    const bool automatic = searching.given().rules.stacking == fusion::Stacking::automatic;
    if (!automatic && plan.stacks != seed.stacks) return "stacks that are given have changed";
    const std::string stacks = automatic ? brokenStacks(plan) : "";
    if (!stacks.empty()) return stacks;
    Diagnostics diagnostics;
    fusion::checkGrids(workload, plan, diagnostics);
    return diagnostics.text();
}

class MovesTest : public testing::Test {
protected:
    void TearDown() override {
        std::printf("%lld candidates; of %lld scored ones %lld cannot be scheduled\n", static_cast<long long>(made),
                    static_cast<long long>(scored), static_cast<long long>(refused));
    }

    /// Walks from the seeds by mutations and crossings.
    void walk(const Searching& searching, Rng& rng, int steps) {
        const Moves moves(searching.workshop());
        std::vector<Candidate> pool = searching.seeds();
        for (int step = 0; step < steps; ++step) {
            const Candidate& one = pool[rng.below(pool.size())];
            const Candidate& two = pool[rng.below(pool.size())];
            Moves::Kind kind{};
            auto child = rng.below(3) == 0 ? moves.cross(one, two, rng) : moves.mutate(one, rng, kind);
            if (!child) continue;
            ++made;
            ASSERT_EQ(wrongWith(searching, *child), "")
                << fusion::printText(child->plan, searching.scene().workload()) << "from\n"
                << fusion::printText(searching.seeds().front().plan, searching.scene().workload());
            if (rng.below(8) == 0) realise(searching, *child);
            pool.push_back(std::move(*child));
        }
    }

    void realise(const Searching& searching, const Candidate& candidate) {
        ++scored;
        Diagnostics diagnostics;
        if (searching.scene().realise(candidate, diagnostics)) return;
        ++refused;
        ASSERT_TRUE(diagnostics.anyInfeasible()) << diagnostics.text();
    }

    std::int64_t made = 0, scored = 0, refused = 0;
};

TEST_F(MovesTest, MakePlans) {
    Rng rng(44);
    const std::int64_t runs = test::count(10'000);
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        const Searching searching(test::randomSearchCase(rng, 8, 4));
        if (!searching.seeds().empty()) walk(searching, rng, 40);
        if (HasFailure()) return;
    }
    EXPECT_GT(made, runs * 10);
}

TEST_F(MovesTest, LeaveAloneWhatIsGiven) {
    Rng rng(45);
    const std::int64_t runs = test::count(20'000);
    std::int64_t refusedCases = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        test::SearchCase given = test::randomSearchCase(rng, 6, 4);
        bindSome(given, rng);
        const Searching searching(std::move(given));
        if (searching.seeds().empty()) {
            ++refusedCases;
        } else {
            walk(searching, rng, 20);
        }
        if (HasFailure()) return;
    }
    EXPECT_LT(2 * refusedCases, runs);
    EXPECT_GT(made, runs * 3);
}

}  // namespace
}  // namespace millrace::search
