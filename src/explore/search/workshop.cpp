#include "explore/search/workshop.h"

#include <algorithm>

#include "explore/fusion/axes.h"
#include "explore/fusion/halos.h"
#include "explore/fusion/layout.h"
#include "explore/fusion/plancheck.h"
#include "explore/fusion/steps.h"
#include "explore/mapping/cores.h"
#include "explore/tiling/splits.h"

namespace millrace::search {

using fusion::LayerPlan;
using fusion::Plan;
using tiling::Split;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

static std::vector<DimIndex> loopsOf(const Layer& layer) {
    std::vector<DimIndex> result;
    for (DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        const workload::LoopDim& loop = layer.dims[dim];
        const bool free = loop.size > 1 && loop.kind == workload::DimKind::parallel && tiling::writes(layer, dim);
        if (free && loop.name[0] != 'P') result.push_back(dim);
    }
    return result;
}

/// "*" leaves it to the search.
static bool binds(const std::vector<mapping::Tiling>& tilings) {
    return std::any_of(tilings.begin(), tilings.end(),
                       [](const mapping::Tiling& tiling) { return tiling.kind != mapping::Tiling::Kind::wildcard; });
}

static bool leavesHoles(const Layer& layer, const Layout& layout) {
    Diagnostics ignored;
    return !fusion::checkGrid(layer, {0, layout.inter, {}, layout.cores}, ignored);
}

static bool cutsGroups(const mapping::Mapping& file) {
    return std::any_of(file.fusedGroups.begin(), file.fusedGroups.end(),
                       [](const mapping::FusedGroup& group) { return !group.tilings.empty(); });
}

Workshop::Workshop(const Scene& scene, const fusion::PlanOptions& rules, const fusion::Said& said)
    : scene_(scene), rules_(rules), said_(said), memories_(scene.chip()) {
    const mapping::Mapping* file = scene.mapping();
    mayStack_ = rules.stacking == fusion::Stacking::automatic && (file == nullptr || file->fusedGroups.empty());
    const bool groupsCut = rules.stacking == fusion::Stacking::automatic && file != nullptr && cutsGroups(*file);
    fusion::CoreChoice choice(scene.workload(), scene.chip(), file);
    for (const LayerId id : scene.workload().layers.ids()) {
        const Layer& layer = scene.workload().layers[id];
        const fusion::Wish wish = fusion::wishFor(scene.workload(), id, file, rules);
        LayerPlan asked;
        choice.choose(id, wish, asked);
        const bool listed =
            wish.entry != nullptr && wish.entry->allocationIsFixed && mapping::namedCores(layer, wish.entry).size() > 1;
        const bool fixed = listed || (wish.inter != nullptr && binds(wish.inter->interCoreTiling));
        layouts_.add(fixed ? std::vector<Layout>{{asked.inter, asked.cores}}
                           : layoutsOf(layer, mapping::allowedCores(layer, scene.chip(), file), scene.chip(), file));
        std::vector<Layout>& layouts = layouts_[id];
        layouts.erase(std::remove_if(layouts.begin(), layouts.end(),
                                     [&](const Layout& layout) { return leavesHoles(layer, layout); }),
                      layouts.end());
        if (layouts.empty()) layouts.push_back({asked.inter, asked.cores});
        loops_.add(loopsOf(layer));
        const bool isAsked = wish.intra != nullptr && binds(wish.intra->intraCoreTiling);
        const bool counts = isAsked && (wish.intraIsOption || !groupsCut);
        asked_.push_back(counts ? Asked{wish.intra, wish.intraIsOption} : Asked{});
        mayCut_.push_back(!groupsCut && !isAsked);
    }
}

std::optional<std::vector<bool>> Workshop::cutsOf(const Plan& plan) const {
    std::vector<bool> cuts(plan.layers.size(), false);
    std::size_t next = 0;
    for (const std::vector<LayerId>& stack : plan.stacks) {
        for (const LayerId id : stack) {
            if (id.index() != next++) return std::nullopt;
        }
        cuts[next - 1] = true;
    }
    return cuts;
}

void Workshop::setCuts(Plan& plan, const std::vector<bool>& cuts) const {
    plan.stacks.assign(1, {});
    for (const LayerId id : plan.layers.ids()) {
        plan.layers[id].stack = plan.stacks.size() - 1;
        plan.stacks.back().push_back(id);
        if (cuts[id.index()] && id.index() + 1 < plan.layers.size()) plan.stacks.emplace_back();
    }
    for (const LayerId id : plan.layers.ids()) setAsked(plan, id);
}

void Workshop::setAsked(Plan& plan, LayerId id) const {
    const Asked& asked = asked_[id.index()];
    if (asked.entry == nullptr) return;
    LayerPlan& mine = plan.layers[id];
    const bool counts = asked.always || plan.stacks[mine.stack].size() > 1;
    mine.intra.clear();
    if (!counts) return;
    mine.intra = tiling::intraSplits(scene_.workload().layers[id], *asked.entry, mine.inter, rules_.tilesPerLayer);
}

void Workshop::setLayout(Plan& plan, LayerId layer, const Layout& layout) const {
    plan.layers[layer].inter = layout.inter;
    plan.layers[layer].cores = layout.cores;
    setIntra(plan, layer, plan.layers[layer].intra);
    setAsked(plan, layer);
}

void Workshop::setIntra(Plan& plan, LayerId id, const std::vector<Split>& intra) const {
    LayerPlan& mine = plan.layers[id];
    std::vector<Split> result;
    for (const Split& split : intra) {
        const std::int64_t size = scene_.workload().layers[id].dims[split.dim].size;
        tiling::addSplit(result, split.dim, split.parts, size / tiling::partsOf(mine.inter, split.dim));
    }
    mine.intra = std::move(result);
}

void Workshop::retile(Plan& plan, std::size_t stack, std::int64_t tiles, double fill) const {
    fusion::PlanOptions options = rules_;
    options.tilesPerLayer = tiles;
    options.fill = fill;
    std::vector<LayerId> free;
    for (const LayerId id : plan.stacks[stack]) {
        if (!mayCut_[id.index()]) continue;
        plan.layers[id].intra.clear();
        free.push_back(id);
    }
    if (plan.stacks[stack].size() == 1 && tiles == 1) return;
    fusion::cutByMemory(scene_.workload(), memories_, options, plan.stacks[stack], free, plan);
}

bool Workshop::repair(Candidate& candidate) const {
    Plan& plan = candidate.plan;
    Diagnostics diagnostics;
    for (LayerPlan& layer : plan.layers) layer.keepsHalos = false;
    for (const LayerId id : plan.layers.ids()) {
        fusion::cutToFit(scene_.workload(), scene_.chip(), memories_, rules_, id, true, plan, diagnostics);
        if (diagnostics.failed()) return false;
    }
    if (!fusion::checkGrids(scene_.workload(), plan, diagnostics)) return false;
    if (candidate.policy.halo == fusion::Halo::recompute)
        fusion::keepHalosThatDoNotFit(scene_.workload(), scene_.chip(), plan, diagnostics);
    return true;
}

std::optional<LayerPlan> Workshop::laid(const Plan& plan, LayerId layer, const Layout& layout) const {
    Plan changed = plan;
    setLayout(changed, layer, layout);
    Diagnostics diagnostics;
    if (!fusion::checkGrid(scene_.workload().layers[layer], changed.layers[layer], diagnostics)) return std::nullopt;
    fusion::cutToFit(scene_.workload(), scene_.chip(), memories_, rules_, layer, true, changed, diagnostics);
    if (diagnostics.failed()) return std::nullopt;
    return changed.layers[layer];
}

bool Workshop::fits(LayerId layer, const Layout& layout) const {
    Plan plan;
    plan.layers.resize(scene_.workload().layers.size());
    plan.layers[layer] = {0, layout.inter, {}, layout.cores};
    plan.stacks = {{layer}};
    Diagnostics diagnostics;
    fusion::cutToFit(scene_.workload(), scene_.chip(), memories_, rules_, layer, true, plan, diagnostics);
    return !diagnostics.failed();
}

static void add(const std::vector<Split>& splits, std::vector<std::int64_t>& key) {
    key.push_back(static_cast<std::int64_t>(splits.size()));
    for (const Split& split : splits) {
        key.push_back(static_cast<std::int64_t>(split.dim));
        key.push_back(split.parts);
    }
}

std::vector<std::int64_t> keyOf(const Candidate& candidate) {
    const fusion::Policy& policy = candidate.policy;
    std::vector<std::int64_t> key{static_cast<std::int64_t>(policy.order),
                                  static_cast<std::int64_t>(policy.halo),
                                  policy.lookahead,
                                  policy.prefetch ? 1 : 0,
                                  policy.fillGaps ? 1 : 0,
                                  policy.multicast ? 1 : 0};
    for (const LayerPlan& layer : candidate.plan.layers) {
        key.push_back(static_cast<std::int64_t>(layer.stack) * 2 + (layer.keepsHalos ? 1 : 0));
        add(layer.inter, key);
        add(layer.intra, key);
        key.push_back(static_cast<std::int64_t>(layer.cores.size()));
        for (const hardware::CoreId core : layer.cores) key.push_back(static_cast<std::int64_t>(core.index()));
    }
    for (const auto& [layer, tile] : policy.given) {
        key.push_back(static_cast<std::int64_t>(layer.index()));
        key.push_back(tile);
    }
    return key;
}

}  // namespace millrace::search
