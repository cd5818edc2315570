#pragma once
#include <memory>
#include <optional>

#include "explore/explore.h"
#include "explore/fusion/coresums.h"
#include "explore/fusion/run.h"
#include "explore/fusion/tally.h"
#include "explore/platform/costs.h"
#include "explore/platform/platform.h"

/// A workload and a chip, ready for many plans to be tried on them.
namespace millrace::search {

/// A decision: what is fused and cut, who runs it, and how it is scheduled.
struct Candidate {
    fusion::Plan plan;
    fusion::Policy policy;
};

/// What one candidate is scheduled on. References into itself: stays where it is.
struct Stage {
    fusion::CoreSums sums;  ///< only of plans that have some
    const workload::Workload* workload = nullptr;
    const fusion::Plan* plan = nullptr;
    std::optional<platform::TileCosts> ownCosts;
    platform::TileCosts* costs = nullptr;
    std::optional<tiling::Cells> cells;
    std::optional<fusion::Setup> setup;
    std::optional<fusion::Engine> engine;
};

/// What tiles cost is asked once and remembered for all candidates. All that is const may be called from several
/// threads at once, and answers do not depend on what was asked before.
class Scene {
public:
    /// `workload`, `mapping` and `options` must outlive it. Null with errors if mapping and chip do not fit the
    /// workload.
    static std::unique_ptr<Scene> make(const workload::Workload& workload, const hardware::Chip& chip,
                                       const mapping::Mapping* mapping, const explore::Options& options,
                                       Diagnostics& diagnostics);

    /// With the operand links of the mapping.
    const workload::Workload& workload() const { return workload_; }
    const hardware::Chip& chip() const { return start_.chip; }
    const mapping::Mapping* mapping() const { return mapping_; }
    /// Cores, links and memories.
    const schedule::Problem& resources() const { return start_.problem; }
    const platform::Platform& platform() const { return platform_; }
    /// Of a tile of one of the workload's layers; null if the mapper finds no way.
    const explore::TileKind* tileCost(workload::LayerId layer, const tiling::Tile& tile, hardware::CoreId core) const {
        return costs_->cost(layer, tile, core);
    }
    explore::Objective objective() const { return start_.objective; }
    const explore::Bounds& bounds() const { return start_.bounds; }

    /// Schedules a candidate. Nothing with an `infeasible` entry if a tile fits nowhere, with an error if its order is
    /// none, and without a word if it was given up.
    std::optional<fusion::Tally> score(const Candidate& candidate, const fusion::Patience& patience,
                                       Diagnostics& diagnostics) const;
    /// The schedule of a candidate in full, verified. Nothing with an entry as above, or an error if verification fails
    /// (our bug).
    std::optional<explore::Result> realise(const Candidate& candidate, Diagnostics& diagnostics) const;

    /// The engine for a candidate, which must outlive it, with nothing committed. Null with an error.
    std::unique_ptr<Stage> stage(const Candidate& candidate, Diagnostics& diagnostics) const;

    /// Mappings that the mapper evaluated so far.
    std::int64_t mappingsEvaluated() const { return cache_->evaluations(); }

private:
    explicit Scene(platform::Platform platform) : platform_(std::move(platform)) {}

    explore::Result start_;  ///< chip, resources, bounds
    platform::Platform platform_;
    workload::Workload workload_;
    const mapping::Mapping* mapping_ = nullptr;
    const explore::Options* options_ = nullptr;
    std::shared_ptr<mapper::Cache> cache_;
    std::unique_ptr<platform::TileCosts> costs_;  ///< of plans without sums over cores
};

/// The figure that an objective minimises.
double valueOf(double latency, double energy, explore::Objective objective);
double valueOf(const fusion::Tally& tally, explore::Objective objective);
double valueOf(const explore::Result& result, explore::Objective objective);

}  // namespace millrace::search
