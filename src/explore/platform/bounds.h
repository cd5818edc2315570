#pragma once
#include "explore/mapping/mapping.h"
#include "explore/platform/result.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// Lower bounds that hold for every schedule, fused or not, however it was found. Proofs: docs/bounds.md.
namespace millrace::platform {

/// Most operations of the layer that a core can finish in a cycle: the product over the array's dimensions of what the
/// dataflow (or the mapping's spatial unrolling) can use of them; a core without either: all its units. Arrays that
/// compute in memory take several cycles for each.
double peakRate(const workload::Layer& layer, const hardware::Core& core, const mapping::Mapping* mapping);

/// Elements of an input operand that exist and that at least one point of the layer touches which writes something
/// (results may be cropped). Exact for each axis by itself; axes with a loop in common are counted as one index each (a
/// lower bound), and nothing where what is written depends on several loops of the operand together.
std::int64_t touchedElements(const workload::Layer& layer, const workload::Operand& operand);

/// - compute: for each set S of cores that some layer is confined to, the layers confined to subsets of S need at least
///   sum(operations / best rate) / |S| cycles;
/// - off-chip: every element that is off-chip at the start and touched must come in once, every result must go out,
/// over the links that
///   reach the off-chip memory;
/// - energy: each operation at the cheapest allowed core's array (nothing for one that computes in memory), and the
///   compulsory traffic's reads and writes of off-chip memory.
explore::Bounds bounds(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping);

}  // namespace millrace::platform
