#include "explore/search/methods.h"

#include <algorithm>

namespace millrace::search {

/// Schedules without a better one after which a method gives up by itself.
static constexpr std::int64_t kPatience = 4000;

const std::vector<Method>& methods() {
    static const std::vector<Method> all{
        {"auto", "the rules, then local and genetic search in turn", searchAutomatically},
        {"genetic", "NSGA-II over latency, energy and peak memory",
         [](Search& search) { searchGenetically(search, -1); }},
        {"local", "changes of the best schedules so far", [](Search& search) { searchLocally(search, kPatience); }},
        {"rules", "no search: the planner's rules in each order of tiles", {}},
    };
    return all;
}

const Method* findMethod(std::string_view name) {
    const auto& all = methods();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Method& method) { return method.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::vector<Candidate> ruleSeeds(const Workshop& workshop, const fusion::Policy& policy, Diagnostics& diagnostics) {
    static constexpr std::int64_t kTiles[] = {32, 8, 64, 16};
    std::vector<Candidate> seeds;
    const Scene& scene = workshop.scene();
    const auto add = [&](const fusion::PlanOptions& options, Diagnostics& messages) {
        const auto plan = fusion::makePlan(scene.workload(), scene.chip(), scene.mapping(), options, messages);
        if (!plan) return;
        for (const fusion::Order order : fusion::ownOrders()) {
            seeds.push_back({*plan, policy});
            seeds.back().policy.order = order;
        }
    };
    add(workshop.rules(), diagnostics);
    if (seeds.empty()) return seeds;
    for (const std::int64_t tiles : kTiles) {
        fusion::PlanOptions options = workshop.rules();
        Diagnostics ignored;
        if (tiles == options.tilesPerLayer) continue;
        options.tilesPerLayer = tiles;
        add(options, ignored);
    }
    if (workshop.mayStack()) {
        fusion::PlanOptions options = workshop.rules();
        Diagnostics ignored;
        options.stacking = fusion::Stacking::layers;
        add(options, ignored);
    }
    return seeds;
}

void searchAutomatically(Search& search) {
    static constexpr std::int64_t kLocal = 320;
    static constexpr std::int64_t kGenerations = 6;
    search.judge.scores(search.seeds);
    while (!search.judge.ended() && search.judge.best() != nullptr && search.judge.sinceBest() < kPatience) {
        searchLocally(search, kLocal);
        if (!search.judge.ended()) searchGenetically(search, kGenerations);
    }
}

}  // namespace millrace::search
