#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explore/mapper/mapper.h"
#include "explore/mapping/mapping.h"
#include "explore/platform/front.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/diagnostics.h"
#include "support/units.h"

/// What a run of the exploration knows in the end.
namespace millrace::explore {

/// What loop orders inside of cores are chosen for.
using mapper::Objective;

/// How one kind of tile of a layer runs on one core. Tiles of a layer with equal sizes on equal cores share an entry.
struct TileKind {
    std::vector<std::int64_t> sizes;  ///< of the layer's loop dimensions
    hardware::CoreId core;
    std::int64_t count = 0;  ///< tiles of this kind in the schedule
    Cycles duration;
    Picojoules energy;
    Picojoules arrayEnergy;    ///< of `energy`, the multiply-accumulate units
    double idealCycles = 0;    ///< operations / units of the array
    double spatialCycles = 0;  ///< with the spatial unrolling, without stalls
    double stallCycles = 0;
    double loadCycles = 0;  ///< on-loading and off-loading inside of the core
    std::string spatial;    ///< "K 32 | C 32"
    std::string temporal;   ///< innermost first, "FX 7, FY 7, OY 16 ..."
    /// Energy of each memory of the core, in the order of `hardware::Core::memories`.
    std::vector<Picojoules> memoryEnergy;
};

struct LayerResult {
    schedule::GroupId group;
    std::vector<hardware::CoreId> cores;
    std::vector<schedule::TaskId> tasks;
    schedule::Span span;          ///< first start to last end of its tasks and of the transfers they wait for
    std::int64_t operations = 0;  ///< of its tiles; what is computed again counts again
    Picojoules energy;            ///< of its tasks
    /// operations / (units of its cores * cycles those cores are busy with it)
    double utilisation = 0;
    std::vector<TileKind> kinds;
};

/// A part of a lower bound.
struct BoundTerm {
    std::string name;  ///< "compute on core 0 (tpu_like) and 3 others", "links of the off-chip memory"
    double value = 0;  ///< in the bound's unit
};

/// Lower bounds on any schedule, fused or not; computed without a solver. Proofs: docs/bounds.md.
struct Bounds {
    Cycles compute;  ///< work, spread over the cores in the best way
    Cycles offchip;  ///< compulsory traffic over the off-chip links
    Cycles latency;  ///< the largest of `latencyTerms`
    Picojoules energy;
    Bits offchipBits;
    std::vector<BoundTerm> latencyTerms;  ///< cycles, largest first; each of them is a bound
    std::vector<BoundTerm> energyTerms;   ///< pJ, largest first; they add up
    std::vector<BoundTerm> offchipTerms;  ///< bits, largest first; they add up
};

/// How a schedule was searched for.
struct SearchRecord {
    std::string method;
    std::int64_t schedules = 0;  ///< evaluated
    std::int64_t found = 0;      ///< which of them is this one, from 1; 0: the layer-by-layer one
    std::uint64_t seed = 0;
    /// "bound reached", "evaluations", "time", "interrupted" or "nothing better found"
    std::string end;
    /// Of an exact search: choices that there were, those that bounds ruled out, and whether none is left.
    std::uint64_t choices = 0;
    std::uint64_t ruledOut = 0;
    bool proven = false;
};

/// Layers that run side by side in a steady state, iteration by iteration.
struct SteadyPhase {
    std::vector<workload::LayerId> layers;
    double iterations = 1;
    double interval = 0;  ///< cycles from one iteration to the next
    std::string limiter;  ///< the core or link that is never idle
    double start = 0;     ///< cycles
    double end = 0;
};
/// A part of the difference between what was predicted and what the schedule takes, on the busiest core.
struct SteadyPart {
    std::string name;
    double cycles = 0;
};
/// A steady state that a solver chose, beside the schedule that it became (docs/steady.md).
struct SteadyRecord {
    std::string status;         ///< "optimal", or "limit": a time or count came first
    double prediction = 0;      ///< cycles
    double safePrediction = 0;  ///< cycles, if no tile of a core fits between those of another iteration
    /// Of the objective (cycles and a little for traffic): no choice of the formulation is below it.
    std::optional<double> solverBound;
    double objective = 0;
    std::vector<SteadyPhase> phases;
    std::size_t choices = 0;  ///< decisions
    std::size_t variables = 0;
    std::size_t rows = 0;
    std::string core;  ///< the busiest
    Cycles simulated;
    std::vector<SteadyPart> parts;  ///< add up to simulated - prediction
};
/// How far a value is above its bound: value / bound - 1. Nothing without a bound.
std::optional<double> gap(double value, double bound);

/// All that is known about a run. Core and link ids of the problem are those of the chip (same index).
struct Result {
    hardware::Chip chip;
    workload::Workload workload;
    schedule::Problem problem;
    schedule::Schedule schedule;
    Table<workload::LayerId, LayerResult> layers;
    Bounds bounds;
    Bits offchipTraffic;  ///< bits read from and written to off-chip memory by transfers
    Bits peakMemory;      ///< on-chip, see platform/peak.h
    bool verified = false;
    std::int64_t evaluations = 0;  ///< mappings evaluated by the intra-core mapper
    std::string policy;            ///< "layer-by-layer" or "fused"
    /// Fused: the order in which tiles were scheduled, "depth-first"; as given, and which tile (its number in its
    /// layer) stood where.
    std::string order;
    std::vector<std::pair<workload::LayerId, std::uint32_t>> tileOrder;
    /// Layers that were fused, stack by stack, in order of execution. Layer by layer: none.
    std::vector<std::vector<workload::LayerId>> stacks;
    Objective objective = Objective::latency;
    std::optional<SearchRecord> search;
    std::optional<SteadyRecord> steady;  ///< of the method of that name
    /// What was decided, as a mapping that fixes it: given back, it gives this schedule again (docs/mapping.md). If
    /// `found.schedule->orderIsFile()`, that file holds `tileOrder`.
    mapping::Mapping found;
    std::optional<Front> front;  ///< of a search that was asked for it
};

}  // namespace millrace::explore
