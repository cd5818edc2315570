#include "explore/search/methods.h"

#include <algorithm>

#include "explore/search/exact.h"

namespace millrace::search {

/// Schedules without a better one after which a method gives up by itself.
static constexpr std::int64_t kPatience = 4000;
static constexpr std::int64_t kSweepPatience = 40;

/// Around the best of the seeds.
static Choices choicesOf(Search& search) {
    search.judge.setMethod("rules");
    if (search.judge.best() == nullptr) search.judge.scores(search.seeds);
    const Scored* best = search.judge.best();
    Choices choices = allChoices(search.workshop, best != nullptr ? best->candidate : search.seeds.front());
    if (search.workshop.said().order) choices.orders = {search.seeds.front().policy.order};
    return choices;
}

const std::vector<Method>& methods() {
    static const std::vector<Method> all{
        {"auto", "the rules, then local and genetic search in turn", searchAutomatically},
        {"exact",
         "every choice of cores, stacks, tiles and order, or a proof that the others are no better: small networks",
         [](Search& search) { search.proof = searchExactly(search, choicesOf(search)); }},
        {"genetic", "NSGA-II over latency, energy and peak memory",
         [](Search& search) { searchGenetically(search, -1); }},
        {"local", "changes of the best schedules so far", [](Search& search) { searchLocally(search, kPatience); }},
        {"reorder", "other orders of the tiles of the rules' plan, tried and taken back",
         [](Search& search) {
             choicesOf(search);
             while (!search.judge.ended() && search.judge.sinceBest() < kSweepPatience && reorder(search, 1)) {
             }
         }},
        {"steady",
         "cores and cuts of all layers at once, by the solver cbc over the steady states of the stacks; prediction and "
         "schedule are compared",
         searchSteadily},
        {"rules", "no search: the planner's rules in each order of tiles", {}},
    };
    return all;
}

const Method* findMethod(std::string_view name) {
    const auto& all = methods();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Method& method) { return method.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::vector<Candidate> ruleSeeds(const Workshop& workshop, const fusion::Policy& policy,
                                 const std::vector<fusion::Order>& orders, Diagnostics& diagnostics) {
    const Scene& scene = workshop.scene();
    fusion::PlanOptions rules = workshop.rules();
    rules.recompute = policy.halo == fusion::Halo::recompute;
    const auto plan = fusion::makePlan(scene.workload(), scene.chip(), scene.mapping(), rules, diagnostics);
    std::vector<Candidate> seeds;
    if (!plan) return seeds;
    std::vector<fusion::Order> own = orders;
    own.erase(std::remove(own.begin(), own.end(), fusion::Order::given), own.end());
    for (const fusion::Order order : own.empty() ? fusion::ownOrders() : own) {
        seeds.push_back({*plan, policy});
        seeds.back().policy.order = order;
    }
    return seeds;
}

/// Coarser and finer tiles, and layers by themselves, in the order that is best so far.
static std::vector<Candidate> variants(const Search& search) {
    static constexpr std::int64_t kTiles[] = {8, 2, 16, 64};
    const Workshop& workshop = search.workshop;
    const Scene& scene = workshop.scene();
    std::vector<fusion::PlanOptions> rules;
    if (workshop.mayStack()) {
        rules.push_back(workshop.rules());
        rules.back().stacking = fusion::Stacking::layers;
    }
    for (const std::int64_t tiles : kTiles) {
        rules.push_back(workshop.rules());
        rules.back().tilesPerLayer = tiles;
    }
    std::vector<Candidate> result;
    for (const fusion::PlanOptions& options : rules) {
        Diagnostics ignored;
        auto plan = fusion::makePlan(scene.workload(), scene.chip(), scene.mapping(), options, ignored);
        if (plan) result.push_back({std::move(*plan), search.judge.best()->candidate.policy});
    }
    return result;
}

void searchAutomatically(Search& search) {
    static constexpr std::int64_t kLocal = 320;
    static constexpr std::int64_t kGenerations = 6;
    static constexpr std::uint64_t kFew = 1000;
    static constexpr int kSweeps = 2;
    search.judge.setMethod("rules");
    search.judge.scores(search.seeds);
    if (search.judge.best() != nullptr) search.judge.scores(variants(search), search.judge.slowestUseful());
    const Choices choices = choicesOf(search);
    if (count(choices) <= kFew && !search.judge.ended()) search.proof = searchExactly(search, choices);
    if (search.judge.best() == nullptr && !search.judge.ended()) searchLocally(search, kLocal);
    while (!search.judge.ended() && search.judge.best() != nullptr && search.judge.sinceBest() < kPatience) {
        const std::int64_t before = search.judge.evaluations();
        searchLocally(search, kLocal);
        if (!search.workshop.said().order) reorder(search, kSweeps);
        if (!search.judge.ended()) searchGenetically(search, kGenerations);
        if (search.judge.evaluations() == before) return;
    }
}

}  // namespace millrace::search
