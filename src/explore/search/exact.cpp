#include "explore/search/exact.h"

#include <algorithm>
#include <numeric>

#include "explore/bounds/work.h"
#include "explore/platform/writing.h"
#include "explore/tiling/splits.h"

namespace millrace::search {

using hardware::CoreId;
using workload::Layer;
using workload::LayerId;

namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
constexpr std::size_t kBatch = 32;
/// Work without a new schedule after which the search gives up: branches, and what a leaf costs in them.
constexpr std::uint64_t kMostIdle = 30'000'000;
constexpr std::uint64_t kLeaf = 1000;

std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > kMost / b ? kMost : a * b; }
std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return std::min(a + b, kMost); }

/// Steps of a loop that each of its parts over cores has at least, however it is cut in time too: in t parts, which
/// differ by one step, each core has t of them.
std::int64_t leastShare(std::int64_t size, std::int64_t parts) {
    std::int64_t least = size / parts;
    for (std::int64_t times = 2; parts > 1 && times <= size / parts; ++times) {
        least = std::min(least, times * (size / (parts * times)));
    }
    return least;
}

/// Cycles that each core is busy with a layer at least, by core.
std::vector<double> loadsOf(const Layer& layer, const Layout& layout, const Scene& scene, fusion::Halo halo) {
    std::vector<double> loads(scene.chip().cores.size(), 0.0);
    // Tiles that write nothing are left out, and stretched ones take from each other: then parts may have less to do
    // than their share.
    if (halo == fusion::Halo::recompute || platform::Writing(layer).operations() != layer.operations()) return loads;
    double share = 1;
    for (std::size_t dim = 0; dim < layer.dims.size(); ++dim) {
        share *= static_cast<double>(leastShare(layer.dims[dim].size, tiling::partsOf(layout.inter, dim)));
    }
    const auto parts = static_cast<std::size_t>(tiling::partsOf(layout.inter));
    for (std::size_t part = 0; part < parts; ++part) {
        const CoreId core = layout.cores[part % layout.cores.size()];
        loads[core.index()] += share / bounds::peakRate(layer, scene.chip().cores[core], scene.mapping());
    }
    return loads;
}

/// What is known to be needed of cores.
class Loads {
public:
    Loads(const Scene& scene, const Choices& choices) : sums_(scene.chip().cores.size(), 0.0) {
        for (const LayerId id : scene.workload().layers.ids()) {
            loads_.emplace_back();
            double least = 0;
            for (const Layout& layout : choices.layouts[id]) {
                loads_.back().push_back(loadsOf(scene.workload().layers[id], layout, scene, choices.base.policy.halo));
                const auto& mine = loads_.back().back();
                const double all = std::accumulate(mine.begin(), mine.end(), 0.0);
                least = loads_.back().size() == 1 ? all : std::min(least, all);
            }
            least_.push_back(least);
            left_ += least;
        }
    }

    void give(std::size_t layer, std::size_t layout) { add(layer, layout, 1); }
    void takeBack(std::size_t layer, std::size_t layout) { add(layer, layout, -1); }

    /// No schedule of what was decided is shorter.
    double cycles() const {
        const double all = std::accumulate(sums_.begin(), sums_.end(), 0.0) + left_;
        const double even = all / static_cast<double>(sums_.size());
        return std::max(even, *std::max_element(sums_.begin(), sums_.end())) * (1 - 1e-9);
    }

private:
    void add(std::size_t layer, std::size_t layout, double sign) {
        for (std::size_t core = 0; core < sums_.size(); ++core) sums_[core] += sign * loads_[layer][layout][core];
        left_ -= sign * least_[layer];
    }

    std::vector<std::vector<std::vector<double>>> loads_;  ///< by layer, layout, core
    std::vector<double> least_;                            ///< by layer, all cores together
    std::vector<double> sums_;                             ///< by core
    double left_ = 0;
};

class Exact {
public:
    Exact(Search& search, const Choices& choices)
        : search_(search), choices_(choices), loads_(search.judge.scene(), choices), layers_(choices.layouts.size()) {
        proof_.choices = count(choices);
        const auto cuts = search.workshop.cutsOf(choices.base.plan);
        cuts_ = cuts ? *cuts : std::vector<bool>(layers_, true);
        chosen_.resize(layers_);
        fits_.resize(layers_);
        tiles_.resize(layers_, 0);
    }

    Proof run() {
        search_.judge.setMethod("exact");
        branch(0);
        flush();
        proof_.complete = !stopped_;
        return proof_;
    }

private:
    bool hopeless() const {
        const Scene& scene = search_.judge.scene();
        const double latency = std::max(loads_.cycles(), static_cast<double>(scene.bounds().latency.value()));
        const double energy = scene.bounds().energy.value();
        const bool isEnergy = scene.objective() == explore::Objective::energy;
        const double least = isEnergy                                       ? energy
                             : scene.objective() == explore::Objective::edp ? latency * energy
                                                                            : latency;
        return least >= search_.judge.bestValue();
    }

    /// Choices below a node that has decided about this many layers and whether a new stack begins.
    std::uint64_t below(std::size_t layer, bool begins) const {
        std::uint64_t sum = choices_.orders.size();
        std::size_t stacksLeft = begins ? 1 : 0;
        for (std::size_t i = layer; i < layers_; ++i) {
            sum = times(sum, choices_.layouts[LayerId(i)].size());
            if (i + 1 == layers_) continue;
            if (choices_.stacks) {
                sum = times(sum, 1 + choices_.tiles.size());
            } else {
                stacksLeft += cuts_[i] ? 1 : 0;
            }
        }
        for (std::size_t i = 0; i < stacksLeft; ++i) sum = times(sum, choices_.tiles.size());
        return sum;
    }

    /// Asked once each.
    bool fits(std::size_t layer, std::size_t layout) {
        auto& known = fits_[layer];
        const LayerId id(layer);
        known.resize(choices_.layouts[id].size());
        if (!known[layout]) known[layout] = search_.workshop.fits(id, choices_.layouts[id][layout]);
        return *known[layout];
    }

    /// Branches that end without a schedule look at the limits too.
    void work(std::uint64_t cost) {
        static constexpr std::uint64_t kBetween = 64 * kLeaf;
        const bool look = idle_ / kBetween != (idle_ + cost) / kBetween;
        idle_ += cost;
        stopped_ = stopped_ || idle_ > kMostIdle || (look && search_.judge.effort().limits.reached());
    }

    void branch(std::size_t layer, bool begins = true) {
        if (stopped_) return;
        if (layer == layers_) {
            leaf();
            return;
        }
        const std::size_t tiles = begins ? choices_.tiles.size() : 1;
        for (std::size_t t = 0; t < tiles; ++t) {
            if (begins) tiles_[layer] = choices_.tiles[t];
            for (std::size_t i = 0; i < choices_.layouts[LayerId(layer)].size() && !stopped_; ++i) {
                work(1);
                chosen_[layer] = i;
                loads_.give(layer, i);
                if (!fits(layer, i) || hopeless()) {
                    proof_.ruledOut = plus(proof_.ruledOut, belowChosen(layer));
                } else {
                    next(layer);
                }
                loads_.takeBack(layer, i);
            }
        }
    }

    std::uint64_t belowChosen(std::size_t layer) const {
        if (layer + 1 == layers_) return below(layers_, false);
        if (!choices_.stacks) return below(layer + 1, cuts_[layer]);
        return plus(below(layer + 1, true), below(layer + 1, false));
    }

    void next(std::size_t layer) {
        if (!choices_.stacks || layer + 1 == layers_) {
            branch(layer + 1, cuts_[layer]);
            return;
        }
        for (const bool ends : {false, true}) {
            cuts_[layer] = ends;
            branch(layer + 1, ends);
        }
    }

    void leaf() {
        Candidate candidate = choices_.base;
        for (std::size_t i = 0; i < layers_; ++i) {
            const LayerId id(i);
            search_.workshop.setLayout(candidate.plan, id, choices_.layouts[id][chosen_[i]]);
        }
        if (choices_.stacks) search_.workshop.setCuts(candidate.plan, cuts_);
        for (std::size_t s = 0; s < candidate.plan.stacks.size(); ++s) {
            const std::size_t first = candidate.plan.stacks[s].front().index();
            search_.workshop.retile(candidate.plan, s, tiles_[first], search_.workshop.rules().fill);
        }
        work(kLeaf);
        if (stopped_) return;
        proof_.tried += choices_.orders.size();
        if (!search_.workshop.repair(candidate)) return;
        for (const fusion::Order order : choices_.orders) {
            batch_.push_back(candidate);
            batch_.back().policy.order = order;
        }
        if (batch_.size() >= kBatch) flush();
    }

    void flush() {
        const std::int64_t before = search_.judge.evaluations();
        const auto scores = search_.judge.scores(batch_, search_.judge.slowestUseful());
        const bool bound = search_.judge.atBound();
        // What is as short as the bound needs no further proof.
        stopped_ = stopped_ || (scores.size() < batch_.size() || (search_.judge.ended() && !bound));
        if (search_.judge.evaluations() > before) idle_ = 0;
        batch_.clear();
    }

    Search& search_;
    const Choices& choices_;
    Loads loads_;
    std::size_t layers_;
    std::vector<bool> cuts_;
    std::vector<std::size_t> chosen_;                     ///< layout, by layer
    std::vector<std::int64_t> tiles_;                     ///< by layer, of the stack that it begins
    std::vector<std::vector<std::optional<bool>>> fits_;  ///< by layer, layout
    std::vector<Candidate> batch_;
    Proof proof_;
    std::uint64_t idle_ = 0;
    bool stopped_ = false;
};

}  // namespace

Choices allChoices(const Workshop& workshop, const Candidate& base) {
    Choices choices;
    for (const LayerId id : workshop.scene().workload().layers.ids()) choices.layouts.add(workshop.layouts(id));
    choices.stacks = workshop.mayStack() && workshop.cutsOf(base.plan).has_value();
    if (!workshop.cutsOf(base.plan)) choices.tiles = {workshop.rules().tilesPerLayer};
    choices.base = base;
    return choices;
}

std::uint64_t count(const Choices& choices) {
    const std::size_t layers = choices.layouts.size();
    std::uint64_t sum = choices.orders.size();
    for (const std::vector<Layout>& layouts : choices.layouts) sum = times(sum, layouts.size());
    // Each layer but the last ends a stack, and then the next one has its own number of tiles, or it does not.
    const std::size_t ends = choices.stacks && layers > 0 ? layers - 1 : 0;
    for (std::size_t i = 0; i < ends; ++i) sum = times(sum, 1 + choices.tiles.size());
    const std::size_t stacks = choices.stacks ? 1 : choices.base.plan.stacks.size();
    for (std::size_t i = 0; i < stacks; ++i) sum = times(sum, choices.tiles.size());
    return sum;
}

Proof searchExactly(Search& search, const Choices& choices) { return Exact(search, choices).run(); }

}  // namespace millrace::search
