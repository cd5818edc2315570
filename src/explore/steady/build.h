#pragma once
#include <optional>
#include <vector>

#include "explore/steady/carry.h"
#include "explore/steady/footprint.h"
#include "explore/steady/levels.h"

/// From a plan, and other ways of laying each of its layers, to a `Problem`.
namespace millrace::steady {

/// All of it must outlive what is made of it.
struct Question {
    const workload::Workload& workload;
    const hardware::Chip& chip;
    const platform::Platform& platform;
    const schedule::Problem& resources;  ///< cores, links and memories
    const fusion::Plan& plan;            ///< stacks
    /// By layer: how it may be laid over cores and cut, the plan's own way first. Not empty.
    const Table<workload::LayerId, std::vector<fusion::LayerPlan>>& ways;
    CostOf cost;
    /// Is it time to ask for no more ways than the first of each layer? May be empty.
    std::function<bool()> late = {};
};

struct Built {
    Problem problem;
    std::vector<workload::LayerId> layers;  ///< by node
    struct Way {
        fusion::LayerPlan plan;
        Level level;  ///< of its weights; without any: of no loops
    };
    std::vector<std::vector<Way>> ways;  ///< by node and option
};

/// Nothing with an `infeasible` entry for a layer that runs in none of its ways.
std::optional<Built> build(const Question& question, Diagnostics& diagnostics);

}  // namespace millrace::steady
