#pragma once
#include <vector>

#include "explore/fusion/groups.h"
#include "explore/fusion/layout.h"
#include "explore/fusion/memories.h"

/// Cuts in time.
namespace millrace::fusion {

/// Cuts layers of a stack as a group of the mapping file says. A tile of `tile` steps on each core means
/// ceil(size / (tile * p)) parts in time, p the most parts over cores that any layer of the stack makes of that axis;
/// all layers of the stack that share the axis are cut into as many (Stream's rule). A layer that a tiling names itself
/// keeps its own. Adds an error for a loop that a layer lacks.
void cutAsGroup(const workload::Workload& workload, const mapping::FusedGroup& group,
                const std::vector<workload::LayerId>& stack, Plan& plan, Diagnostics& diagnostics);

/// Cuts the layers of a fused stack for which nothing is said (`free`), along the axis that most of them share, rows
/// first, channels only if they share nothing else: as finely as the live data of the stack (`StackRoom`) need to fit
/// the memories beside its weights, and into about `options.tilesPerLayer` parts, where the loops are that long.
/// Weights leave them a share of 1 - `options.fill` at least: more of them come in again and again. Where rows are not
/// enough, images of a batch and then columns are taken apart too; if nothing is, only rows are cut, to single ones.
void cutByMemory(const workload::Workload& workload, const Memories& memories, const PlanOptions& options,
                 const std::vector<workload::LayerId>& stack, const std::vector<workload::LayerId>& free, Plan& plan);

/// Makes sure that a tile of the layer fits each of its cores by itself: cuts it on, rows before channels, and sums
/// last. `asked`: the cut was asked for, and a change of it is a warning. An `infeasible` entry if not even single
/// elements fit.
void cutToFit(const workload::Workload& workload, const hardware::Chip& chip, const Memories& memories,
              const PlanOptions& options, workload::LayerId layer, bool asked, Plan& plan, Diagnostics& diagnostics);

/// The layer's plan with its rows cut to single steps: what it needs at least beside others in a stack.
LayerPlan finest(const workload::Layer& layer, LayerPlan plan);

}  // namespace millrace::fusion
