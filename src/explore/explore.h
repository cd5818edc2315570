#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explore/cost/area.h"
#include "explore/cost/nest.h"
#include "explore/fusion/orderfile.h"
#include "explore/fusion/plan.h"
#include "explore/fusion/run.h"
#include "explore/fusion/setup.h"
#include "explore/mapper/mapper.h"
#include "explore/mapper/sensitivity.h"
#include "explore/mapping/mapping.h"
#include "explore/platform/costs.h"
#include "explore/platform/result.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Front door of exploration: a workload on a chip, scheduled, verified and explained; or on a single core, layer by
/// layer.
namespace millrace::explore {

struct Options {
    Objective objective = Objective::latency;
    /// Loop prime factors that the intra-core mapper orders (zigzag.md 6.2).
    int lpfLimit = 6;
    /// Weights may come in before their layer's turn.
    bool prefetch = false;
    /// As Stream (2025) counts a layer that is alone in its stack: the core's hierarchy ends in the off-chip memory,
    /// which all operands come from and go to at the bandwidth of its port; no transfers, no sharing of the port. For
    /// comparisons.
    bool offchipInCore = false;
    /// What tiles are costed with. Bounds on energy hold with `cost::Correction::shares`; without it small tiles cost
    /// what ZigZag says.
    cost::Corrections corrections = platform::tileCorrections();
};

/// Schedules the workload layer by layer: a layer starts only after every earlier layer has ended. Cores and splits as
/// the mapping says (null: by the kind of work, see `search/allocation.h`). The result has passed `schedule::verify`.
/// Empty with an `infeasible` entry if a layer cannot be placed, with the smallest reason; with an error if
/// verification fails (our bug); without a word if `patience` ends before.
std::optional<Result> exploreLayerByLayer(const workload::Workload& workload, const hardware::Chip& chip,
                                          const mapping::Mapping* mapping, const Options& options,
                                          Diagnostics& diagnostics, const fusion::Patience& patience = {});

struct FusedOptions {
    Options common;
    fusion::PlanOptions plan;
    /// Its order is one of `orders`, its `prefetch` counts and not that of `common`.
    fusion::Policy policy;
    fusion::Said said;
    /// Schedules that hold more at their peak (`fusion::Tally::peakMemory`) do not count, unless all do.
    std::optional<Bits> memory;
    /// Tried one after another; the best by the objective is taken, the first of equals.
    std::vector<fusion::Order> orders = fusion::ownOrders();
    /// For `fusion::Order::given`: the text of fusion/orderfile.h, and where it comes from (for messages).
    std::string order;
    std::string orderFile;
    /// Also the Pareto front of all schedules that were tried (`Result::front`).
    bool front = false;
};

/// Schedules the workload tile by tile, layers of a stack side by side; see `fusion/plan.h` for what is decided before
/// and `fusion/engine.h` for the rest. Errors as for `exploreLayerByLayer`.
std::optional<Result> exploreFused(const workload::Workload& workload, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping, const FusedOptions& options,
                                   Diagnostics& diagnostics);

/// What a search has so far, after each batch of schedules.
struct Progress {
    std::string method;
    std::int64_t schedules = 0;  ///< evaluated so far
    /// Of the best one; without one all are 0.
    double value = 0;  ///< of the objective
    Cycles latency;
    Picojoules energy;
    const Bounds* bounds = nullptr;
};

struct SearchOptions {
    /// What is said here is not changed: stacks, cuts, cores of the mapping file. `orders` do not count.
    FusedOptions fused;
    /// A name of `search/methods.h`.
    std::string method = "auto";
    mapper::Limits limits;
    /// Schedules to evaluate: with this and no time limit the same result, to the byte, for any number of threads.
    std::optional<std::int64_t> evaluations;
    int threads = 1;
    std::uint64_t seed = 1;
    std::function<void(const Progress&)> report;
};

/// Names of the methods, with a line about each.
std::vector<std::pair<std::string, std::string>> searchMethods();

/// Searches for the best schedule by the objective: fused layers, tiles, cores, orders. Never worse than
/// `exploreLayerByLayer`, whose result it returns if nothing better is found in time; but the method "rules" is
/// `exploreFused`. Stopped before anything was found: empty with an `infeasible` entry. Errors as for the other two.
std::optional<Result> exploreBest(const workload::Workload& workload, const hardware::Chip& chip,
                                  const mapping::Mapping* mapping, const SearchOptions& options,
                                  Diagnostics& diagnostics);

struct CostOptions {
    mapper::Options mapper;
    /// Cost element-wise and pooling layers too (ZigZag does so for hand-written layers, not for networks).
    bool allLayers = false;
    /// Keep results and weights in the lowest memories that have room for them between layers; see
    /// `search/locality.h`. ZigZag always does so when it mixes loops (`mapper.mixedSpatial`).
    bool dataLocality = false;
    int threads = 1;
    /// When exact searches give up, over all layers together.
    mapper::Limits limits;
    /// Also all mappings that no other one beats in energy and in latency (`CoreLayer::front`).
    bool front = false;
    /// For layers whose names contain this (empty: all), also what would help; see mapper/sensitivity.h.
    std::optional<std::string> helpFor;
};

/// One layer on one core.
struct CoreLayer {
    workload::LayerId layer;
    cost::Nest nest;
    /// As the layer sees it: with data locality, operands lack the memories above the lowest with room for them.
    /// Memories have the indices that they have in `CoreResult::core`.
    hardware::Core core;
    std::optional<mapper::Mapping> mapping;
    std::vector<mapper::Mapping> front;  ///< by rising energy; see `mapper::front`
    std::optional<mapper::Sensitivity> sensitivity;
    Diagnostics diagnostics;
};

struct CoreResult {
    hardware::Core core;
    workload::Workload workload;
    std::vector<CoreLayer> layers;
    std::vector<workload::LayerId> otherLayers;  ///< not costed
    double energy = 0;                           ///< pJ, sum over `layers`
    double latency = 0;                          ///< cycles, sum over `layers`
    std::int64_t evaluations = 0;                ///< without those that `CostOptions::helpFor` asks for
    Objective objective = Objective::latency;
    cost::Corrections corrections;  ///< that the costs were computed with
    /// Of an array that computes in memory: ns of a cycle, by part.
    std::optional<cost::ImcBreakdown> clock;
    std::optional<cost::Area> area;
};

/// Every layer by itself on the core's whole memory hierarchy, off-chip memory included, as ZigZag does. The same
/// result for any number of threads. On a core that computes in memory, layers of the types Pooling and Add are not
/// costed. Empty with a message for each layer that has no mapping.
std::optional<CoreResult> costLayers(const workload::Workload& workload, const hardware::Core& core,
                                     const mapping::Mapping* mapping, const CostOptions& options,
                                     Diagnostics& diagnostics);

}  // namespace millrace::explore
