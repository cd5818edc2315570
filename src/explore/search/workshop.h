#pragma once
#include <optional>
#include <set>
#include <vector>

#include "explore/fusion/memories.h"
#include "explore/fusion/stacks.h"
#include "explore/search/layouts.h"
#include "explore/search/scene.h"

/// Makes plans and changes them; what comes out can be scheduled.
namespace millrace::search {

class Workshop {
public:
    /// `scene` and `rules` must outlive it. What the mapping file and the rules say of a layer's cores, cuts and stacks
    /// is not changed, but for cuts of tiles that do not fit.
    Workshop(const Scene& scene, const fusion::PlanOptions& rules, const fusion::Said& said = {});

    const Scene& scene() const { return scene_; }
    const fusion::PlanOptions& rules() const { return rules_; }
    const fusion::Said& said() const { return said_; }
    /// Where the layer may run, in parts without holes; one if nothing of it may be changed.
    const std::vector<Layout>& layouts(workload::LayerId layer) const { return layouts_[layer]; }
    /// May the layer's cuts in time be changed?
    bool mayCut(workload::LayerId layer) const { return mayCut_[layer.index()]; }
    /// May stacks be changed?
    bool mayStack() const { return mayStack_; }
    /// Loops that the layer may be cut along in time, without sums.
    const std::vector<workload::DimIndex>& loops(workload::LayerId layer) const { return loops_[layer]; }

    /// Where stacks end, by layer; true for the last. Nothing if stacks are no runs of consecutive layers.
    std::optional<std::vector<bool>> cutsOf(const fusion::Plan& plan) const;
    void setCuts(fusion::Plan& plan, const std::vector<bool>& cuts) const;
    void setLayout(fusion::Plan& plan, workload::LayerId layer, const Layout& layout) const;
    /// Cuts the layers of a stack anew into about this many tiles each along an axis that they share, more if memory
    /// asks for it; `fill`: `PlanOptions::fill`.
    void retile(fusion::Plan& plan, std::size_t stack, std::int64_t tiles, double fill) const;
    /// The layer's plan, laid out so and cut on until its tiles fit; nothing if they never do.
    std::optional<fusion::LayerPlan> laid(const fusion::Plan& plan, workload::LayerId layer,
                                          const Layout& layout) const;
    /// Cuts a layer in time as said, as far as its loops have steps.
    void setIntra(fusion::Plan& plan, workload::LayerId layer, const std::vector<tiling::Split>& intra) const;
    /// Cuts on what does not fit, and keeps halos that do not. False if a layer fits nowhere.
    bool repair(Candidate& candidate) const;
    /// Can the layer, laid out so, be cut into tiles that fit?
    bool fits(workload::LayerId layer, const Layout& layout) const;

private:
    void setAsked(fusion::Plan& plan, workload::LayerId layer) const;

    const Scene& scene_;
    const fusion::PlanOptions& rules_;
    const fusion::Said said_;
    fusion::Memories memories_;
    Table<workload::LayerId, std::vector<Layout>> layouts_;
    Table<workload::LayerId, std::vector<workload::DimIndex>> loops_;
    std::vector<bool> mayCut_;  ///< by layer
    /// Cuts in time that are asked for: by an option always, by the mapping file where layers are fused.
    struct Asked {
        const mapping::MappingEntry* entry = nullptr;  ///< null: nothing is asked for
        bool always = false;
    };
    std::vector<Asked> asked_;  ///< by layer
    bool mayStack_ = true;
};

/// What tells candidates apart, but for an order that is given.
std::vector<std::int64_t> keyOf(const Candidate& candidate);

}  // namespace millrace::search
