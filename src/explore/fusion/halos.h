#pragma once
#include "explore/fusion/plan.h"
#include "explore/tiling/cells.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Halos that tiles compute again.
namespace millrace::fusion {

/// The tiles of a plan and what they need. `recompute`: layers whose readers are all in their own stack compute the
/// halos of their tiles again, unless the plan keeps them (`LayerPlan::keepsHalos`).
tiling::Cells cellsOf(const workload::Workload& workload, const Plan& plan, bool recompute);

/// Sets `LayerPlan::keepsHalos` where tiles that compute halos again, or tiles that read theirs, would not fit their
/// cores; from the last layer on, as few as that takes. A warning for each, with numbers.
void keepHalosThatDoNotFit(const workload::Workload& workload, const hardware::Chip& chip, Plan& plan,
                           Diagnostics& diagnostics);

}  // namespace millrace::fusion
