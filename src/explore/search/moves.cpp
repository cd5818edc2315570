#include "explore/search/moves.h"

#include <algorithm>
#include <cmath>

#include "explore/tiling/splits.h"

namespace millrace::search {

using fusion::LayerPlan;
using fusion::Plan;
using tiling::Split;
using workload::DimIndex;
using workload::LayerId;

namespace {

/// Tiles a layer that a stack is cut into, and shares of memory for weights.
constexpr std::int64_t kTiles[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};
constexpr double kFills[] = {0.25, 0.5, 0.5, 0.75, 0.9};
constexpr int kLookaheads[] = {0, 0, 1, 2, 4, 8, 16, 32};
constexpr int kAttempts = 8;
/// More parts of one loop than this are only taken if all steps are.
constexpr std::int64_t kMostParts = 512;

template <class List>
auto pick(const List& list, Rng& rng) {
    return list[rng.below(std::size(list))];
}

LayerId anyLayer(const Plan& plan, Rng& rng) { return LayerId(rng.below(plan.layers.size())); }

bool same(const std::vector<Split>& a, const std::vector<Split>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Split& x, const Split& y) { return x.dim == y.dim && x.parts == y.parts; });
}

}  // namespace

void Moves::learn(Kind kind, bool helped) {
    double& weight = weights_[static_cast<std::size_t>(kind)];
    weight = std::clamp(helped ? weight + 1.0 : weight * 0.995, 0.3, 6.0);
}

Moves::Kind Moves::choose(Rng& rng) const {
    double sum = 0;
    for (const double weight : weights_) sum += weight;
    double left = rng.unit() * sum;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        left -= weights_[i];
        if (left < 0) return static_cast<Kind>(i);
    }
    return Kind::layout;
}

static void setOrder(Candidate& candidate, fusion::Order order) {
    candidate.policy.order = order;
    candidate.policy.given.clear();
    candidate.policy.givenLines.clear();
}

/// Other tiles than those of the order that was given.
static void dropGivenOrder(Candidate& candidate, Rng& rng) {
    if (candidate.policy.order != fusion::Order::given) return;
    const std::vector<fusion::Order> own = fusion::ownOrders();
    setOrder(candidate, own[rng.below(own.size())]);
}

std::optional<Candidate> Moves::mutate(const Candidate& parent, Rng& rng, Kind& kind) const {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        Candidate child = parent;
        kind = choose(rng);
        if (!apply(kind, child, rng)) continue;
        bool samePlan = kind == Kind::order || kind == Kind::policy;
        while (rng.below(4) == 0) {
            const Kind next = choose(rng);
            if (apply(next, child, rng)) samePlan = samePlan && (next == Kind::order || next == Kind::policy);
        }
        if (!samePlan) dropGivenOrder(child, rng);
        if (workshop_.repair(child)) return child;
    }
    return std::nullopt;
}

bool Moves::apply(Kind kind, Candidate& candidate, Rng& rng) const {
    switch (kind) {
        case Kind::layout: return layout(candidate, rng);
        case Kind::spread: return spread(candidate, rng);
        case Kind::cut: return cut(candidate, rng);
        case Kind::shift: return shift(candidate, rng);
        case Kind::retile: return retile(candidate, rng);
        case Kind::scale: return scale(candidate, rng);
        case Kind::tile: return tile(candidate, rng);
        case Kind::order: return order(candidate, rng);
        case Kind::policy: return policy(candidate, rng);
        case Kind::count: break;
    }
    return false;
}

bool Moves::layout(Candidate& candidate, Rng& rng) const {
    const LayerId layer = anyLayer(candidate.plan, rng);
    const std::vector<Layout>& all = workshop_.layouts(layer);
    if (all.size() < 2) return false;
    workshop_.setLayout(candidate.plan, layer, all[rng.below(all.size())]);
    return true;
}

bool Moves::spread(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    const LayerId from = anyLayer(plan, rng);
    const LayerPlan model = plan.layers[from];
    const auto& loops = workshop_.scene().workload().layers[from].dims;
    const std::size_t end = std::min(plan.layers.size(), from.index() + 1 + rng.below(6));
    bool changed = false;
    for (std::size_t i = from.index() - std::min<std::size_t>(from.index(), rng.below(6)); i < end; ++i) {
        const LayerId to(i);
        std::vector<const Layout*> fitting;
        for (const Layout& layout : workshop_.layouts(to)) {
            const auto& dims = workshop_.scene().workload().layers[to].dims;
            const auto alike = [&](const Split& a, const Split& b) {
                return loops[a.dim].name == dims[b.dim].name && a.parts == b.parts;
            };
            if (layout.cores == model.cores &&
                std::equal(model.inter.begin(), model.inter.end(), layout.inter.begin(), layout.inter.end(), alike))
                fitting.push_back(&layout);
        }
        if (fitting.empty() || to == from) continue;
        changed = changed || plan.layers[to].cores != fitting.front()->cores ||
                  !same(plan.layers[to].inter, fitting.front()->inter);
        workshop_.setLayout(plan, to, *fitting.front());
    }
    return changed;
}

bool Moves::cut(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    auto cuts = workshop_.mayStack() ? workshop_.cutsOf(plan) : std::nullopt;
    if (!cuts || plan.layers.size() < 2) return false;
    const LayerId at(rng.below(plan.layers.size() - 1));
    (*cuts)[at.index()] = !(*cuts)[at.index()];
    workshop_.setCuts(plan, *cuts);
    const bool joined = !(*cuts)[at.index()];
    if (joined || rng.below(2) == 0)
        workshop_.retile(plan, plan.layers[at].stack, pick(kTiles, rng), pick(kFills, rng));
    if (!joined && rng.below(2) == 0)
        workshop_.retile(plan, plan.layers[at].stack + 1, pick(kTiles, rng), pick(kFills, rng));
    return true;
}

bool Moves::shift(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    auto cuts = workshop_.mayStack() ? workshop_.cutsOf(plan) : std::nullopt;
    if (!cuts || plan.stacks.size() < 2) return false;
    const std::size_t stack = rng.below(plan.stacks.size() - 1);
    const std::size_t end = plan.stacks[stack].back().index();
    const bool later = rng.below(2) == 0;
    if (later ? end + 2 >= plan.layers.size() : end == 0) return false;
    const std::size_t to = later ? end + 1 : end - 1;
    if ((*cuts)[to]) return false;
    (*cuts)[end] = false;
    (*cuts)[to] = true;
    const LayerId moved(later ? to : end);
    const LayerId beside(later ? end : end + 1);
    const std::vector<Split> model = plan.layers[beside].intra;
    workshop_.setCuts(plan, *cuts);
    if (!workshop_.mayCut(moved)) return true;
    // The moved layer is cut as its new neighbours are, where it has their loops.
    std::vector<Split> intra;
    const auto& layers = workshop_.scene().workload().layers;
    for (const Split& split : model) {
        const auto dim = layers[moved].dim(layers[beside].dims[split.dim].name);
        if (dim && std::count(workshop_.loops(moved).begin(), workshop_.loops(moved).end(), *dim) > 0)
            intra.push_back({*dim, split.parts});
    }
    workshop_.setIntra(plan, moved, intra);
    return true;
}

bool Moves::retile(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    const std::size_t stack = plan.layers[anyLayer(plan, rng)].stack;
    workshop_.retile(plan, stack, pick(kTiles, rng), pick(kFills, rng));
    return true;
}

bool Moves::scale(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    const std::size_t stack = plan.layers[anyLayer(plan, rng)].stack;
    const bool finer = rng.below(2) == 0;
    bool changed = false;
    for (const LayerId id : plan.stacks[stack]) {
        if (!workshop_.mayCut(id) || plan.layers[id].intra.empty()) continue;
        std::vector<Split> intra = plan.layers[id].intra;
        Split& last = intra.back();
        if (finer ? last.parts > kMostParts : last.parts == 1) continue;
        last.parts = finer ? last.parts * 2 : (last.parts + 1) / 2;
        workshop_.setIntra(plan, id, intra);
        changed = true;
    }
    return changed;
}

bool Moves::tile(Candidate& candidate, Rng& rng) const {
    Plan& plan = candidate.plan;
    const LayerId layer = anyLayer(plan, rng);
    const std::vector<DimIndex>& loops = workshop_.loops(layer);
    if (!workshop_.mayCut(layer) || loops.empty()) return false;
    std::vector<Split> intra = plan.layers[layer].intra;
    const DimIndex dim = loops[rng.below(loops.size())];
    const std::int64_t most = workshop_.scene().workload().layers[layer].dims[dim].size;
    const std::int64_t parts = most <= kMostParts && rng.below(8) == 0 ? most : std::min(pick(kTiles, rng), most);
    if (rng.below(3) == 0) intra.clear();
    intra.erase(std::remove_if(intra.begin(), intra.end(), [&](const Split& split) { return split.dim == dim; }),
                intra.end());
    const auto place = static_cast<std::ptrdiff_t>(rng.below(intra.size() + 1));
    if (parts > 1) intra.insert(intra.begin() + place, {dim, parts});
    if (same(intra, plan.layers[layer].intra)) return false;
    workshop_.setIntra(plan, layer, intra);
    return true;
}

bool Moves::order(Candidate& candidate, Rng& rng) const {
    if (workshop_.said().order) return false;
    const std::vector<fusion::Order> all = fusion::ownOrders();
    const fusion::Order next = all[rng.below(all.size())];
    const bool changed = next != candidate.policy.order;
    setOrder(candidate, next);
    return changed;
}

bool Moves::policy(Candidate& candidate, Rng& rng) const {
    const fusion::Said& said = workshop_.said();
    fusion::Policy& policy = candidate.policy;
    const fusion::Policy before = policy;
    switch (rng.below(3)) {
        case 0: {
            if (said.halo) return false;
            static constexpr fusion::Halo kHalos[] = {fusion::Halo::keep, fusion::Halo::again, fusion::Halo::recompute};
            policy.halo = pick(kHalos, rng);
            break;
        }
        case 1:
            if (said.lookahead) return false;
            policy.lookahead = pick(kLookaheads, rng);
            break;
        default:
            if (said.prefetch) return false;
            policy.prefetch = !policy.prefetch;
            break;
    }
    return policy.halo != before.halo || policy.lookahead != before.lookahead || policy.prefetch != before.prefetch;
}

std::optional<Candidate> Moves::cross(const Candidate& a, const Candidate& b, Rng& rng) const {
    Candidate child = a;
    const std::size_t layers = a.plan.layers.size();
    std::size_t begin = rng.below(layers);
    std::size_t end = rng.below(layers) + 1;
    if (begin >= end) std::swap(begin, --end);
    end = std::max(end, begin + 1);
    for (std::size_t i = begin; i < end; ++i) {
        const LayerId id(i);
        child.plan.layers[id].inter = b.plan.layers[id].inter;
        child.plan.layers[id].cores = b.plan.layers[id].cores;
        child.plan.layers[id].intra = b.plan.layers[id].intra;
    }
    auto mine = workshop_.cutsOf(a.plan);
    const auto others = workshop_.cutsOf(b.plan);
    if (workshop_.mayStack() && mine && others) {
        std::copy(others->begin() + static_cast<std::ptrdiff_t>(begin),
                  others->begin() + static_cast<std::ptrdiff_t>(end),
                  mine->begin() + static_cast<std::ptrdiff_t>(begin));
        workshop_.setCuts(child.plan, *mine);
    }
    if (rng.below(2) == 0) child.policy = b.policy;
    dropGivenOrder(child, rng);
    return workshop_.repair(child) ? std::optional(std::move(child)) : std::nullopt;
}

}  // namespace millrace::search
