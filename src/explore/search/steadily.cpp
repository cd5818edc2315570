#include <algorithm>
#include <chrono>

#include "explore/search/methods.h"

namespace millrace::search {

using workload::LayerId;

namespace {

/// Ways of laying a layer over cores that the solver chooses from.
constexpr std::size_t kMostWays = 12;
/// Without a time limit: nodes of the solver's tree, so that the answer is the same on every machine.
constexpr std::int64_t kNodes = 20'000;
constexpr double kNoLimit = 3600;

Table<LayerId, std::vector<fusion::LayerPlan>> waysOf(const Workshop& workshop, const fusion::Plan& plan) {
    Table<LayerId, std::vector<fusion::LayerPlan>> result;
    for (const LayerId id : plan.layers.ids()) {
        const fusion::LayerPlan& own = plan.layers[id];
        std::vector<fusion::LayerPlan> ways{own};
        const std::vector<Layout>& layouts = workshop.layouts(id);
        const std::size_t count = std::min(kMostWays, layouts.size());
        for (std::size_t i = 0; i < count; ++i) {
            const auto way = workshop.laid(plan, id, layouts[i * layouts.size() / count]);
            const auto same = [&](const fusion::LayerPlan& other) {
                const auto splits = [](const std::vector<tiling::Split>& a, const std::vector<tiling::Split>& b) {
                    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const tiling::Split& x, const tiling::Split& y) {
                                          return x.dim == y.dim && x.parts == y.parts;
                                      });
                };
                return other.cores == way->cores && splits(other.inter, way->inter) && splits(other.intra, way->intra);
            };
            if (way && std::none_of(ways.begin(), ways.end(), same)) ways.push_back(*way);
        }
        result.add(std::move(ways));
    }
    return result;
}

/// The rules' plan, and layers by themselves.
std::vector<fusion::Plan> plansOf(const Search& search) {
    std::vector<fusion::Plan> plans{search.seeds.front().plan};
    const Workshop& workshop = search.workshop;
    if (!workshop.mayStack()) return plans;
    fusion::PlanOptions rules = workshop.rules();
    rules.stacking = fusion::Stacking::layers;
    Diagnostics ignored;
    const Scene& scene = workshop.scene();
    auto plan = fusion::makePlan(scene.workload(), scene.chip(), scene.mapping(), rules, ignored);
    if (plan && plan->stacks.size() != plans.front().stacks.size()) plans.push_back(std::move(*plan));
    return plans;
}

/// Of what is left of the time, an even share for each plan that is still to be asked, and one for schedules.
steady::Limit limitOf(const mapper::Limits& limits, std::size_t plans) {
    steady::Limit limit;
    limit.stop = limits.stop;
    limit.nodes = kNodes;
    limit.seconds = kNoLimit;
    if (!limits.deadline) return limit;
    const auto left = *limits.deadline - std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(left).count();
    limit.seconds = std::max(seconds / static_cast<double>(plans + 1), 0.1);
    return limit;
}

}  // namespace

void searchSteadily(Search& search) {
    const Workshop& workshop = search.workshop;
    const Scene& scene = workshop.scene();
    search.judge.setMethod("steady");
    const std::vector<fusion::Plan> plans = plansOf(search);
    std::vector<Candidate> candidates;
    std::vector<std::size_t> origins;
    std::vector<steady::Answer> answers;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const auto ways = waysOf(workshop, plans[i]);
        const auto cost = [&](LayerId layer, const tiling::Tile& tile, hardware::CoreId core) {
            return scene.tileCost(layer, tile, core);
        };
        // Half of what is left of the time is for costs of tiles, the rest for the solver and for schedules.
        mapper::Limits half = search.judge.effort().limits;
        const auto now = std::chrono::steady_clock::now();
        if (half.deadline) half.deadline = now + (*half.deadline - now) / static_cast<int>(2 * (plans.size() - i));
        const steady::Question question{
            scene.workload(), scene.chip(), scene.platform(), scene.resources(), plans[i], ways, cost, [&half] {
                return half.reached();
            }};
        Diagnostics messages;
        auto answer = steady::choose(question, limitOf(search.judge.effort().limits, plans.size() - i), messages);
        if (!answer) {
            if (!search.refused.failed()) search.refused = std::move(messages);
            continue;
        }
        for (const Candidate& seed : search.seeds) {
            Candidate candidate{answer->plan, seed.policy};
            if (!workshop.repair(candidate)) continue;
            candidates.push_back(std::move(candidate));
            origins.push_back(answers.size());
        }
        answers.push_back(std::move(*answer));
    }
    if (candidates.empty()) return;
    search.refused = {};
    const auto scores = search.judge.scores(candidates);
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (!scores[i]) continue;
        const double value = valueOf(*scores[i], scene.objective());
        if (!best || value < valueOf(*scores[*best], scene.objective())) best = i;
    }
    if (best) search.steady = std::move(answers[origins[*best]]);
}

}  // namespace millrace::search
