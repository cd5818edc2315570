#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/explore.h"
#include "explore/fusion/coresums.h"
#include "explore/fusion/engine.h"
#include "explore/fusion/order.h"
#include "explore/fusion/plan.h"
#include "explore/platform/costs.h"
#include "explore/platform/platform.h"
#include "support/rng.h"

/// The engine of fused exploration, taken apart: tests say what is cut how, and commit tile by tile.
namespace millrace::test {

using FusedTile = fusion::Lanes::Tile;

/// All that a schedule follows from.
struct FusedCase {
    workload::Workload workload;
    hardware::Chip chip;
    fusion::Plan plan;
    fusion::Policy policy;
};

/// A plan of one stack in which each layer is one tile on core 0.
fusion::Plan plainPlan(const workload::Workload& workload);

/// A case under way. What `explore::exploreFused` does after it has a plan, in steps.
class FusedRun {
public:
    explicit FusedRun(FusedCase given);
    FusedRun(const FusedRun&) = delete;

    /// As given, but layers that are cut over cores along a sum are chains of layers (`fusion::sumOverCores`).
    const FusedCase& given() const { return given_; }
    const fusion::Setup& setup() const { return *setup_; }
    fusion::Engine& engine() { return *engine_; }
    const fusion::Record& record() const { return engine_->record(); }
    const schedule::Problem& resources() const { return resources_; }
    platform::TileCosts& costs() { return *costs_; }
    schedule::MemoryId offchip() const { return platform_->offchip(); }

    /// The tiles in the order of the policy (the engine is told it; for earliest ready as far as that is usual).
    bool all();
    /// The same for an order that is given, from tile `from` on.
    bool all(const std::vector<FusedTile>& order, std::size_t from = 0);
    bool commit(FusedTile tile);
    /// Tiles that were committed, in order.
    const std::vector<FusedTile>& committed() const { return committed_; }

    /// The schedule; empty with what `check` or `verify` say if it is not legal.
    std::optional<explore::Result> finish(Diagnostics& diagnostics);

private:
    FusedCase given_;
    workload::Workload costed_;
    explore::Result result_;
    schedule::Problem resources_;
    std::optional<platform::Platform> platform_;
    std::optional<tiling::Cells> cells_;
    std::optional<platform::TileCosts> costs_;
    std::optional<fusion::Setup> setup_;
    std::optional<fusion::Engine> engine_;
    std::vector<FusedTile> committed_;
};

/// A random order in which producers stand before consumers, from some tiles on that stand first.
std::vector<FusedTile> randomOrder(const fusion::Setup& setup, Rng& rng, const std::vector<FusedTile>& first = {});

/// Where two records differ; empty if nowhere. What only the commit under way looks at does not count.
std::string difference(const fusion::Record& a, const fusion::Record& b);

}  // namespace millrace::test
