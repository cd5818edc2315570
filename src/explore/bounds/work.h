#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// What a layer does at least, however it is cut into tiles. Proofs: docs/bounds.md.
namespace millrace::bounds {

/// Most operations of the layer that a core can finish in a cycle: the product over the array's dimensions of what the
/// dataflow (or the mapping's spatial unrolling) can use of them; a core without either: all its units. Arrays that
/// compute in memory take several cycles for each.
double peakRate(const workload::Layer& layer, const hardware::Core& core, const mapping::Mapping* mapping);

/// For each loop of the layer the most that one pass over the core's array advances it, for tiles of any size. Nothing
/// if the mapper chooses the unrolling of the whole array.
std::optional<std::vector<std::int64_t>> passSpacing(const workload::Layer& layer, const hardware::Core& core,
                                                     const mapping::Mapping* mapping);

/// Points of a grid of this spacing in the layer's loops: the product of ceil(size / spacing). A pass over an array
/// that advances no loop further covers one of them at most. To be used where all points of the layer are computed.
std::int64_t fewestPasses(const workload::Layer& layer, const std::vector<std::int64_t>& spacing);

/// Does a loop move along two axes of the operand, or twice along one?
bool sharesLoops(const workload::Operand& operand);

/// Elements of an input operand that exist and that at least one point of the layer touches which writes something
/// (results may be cropped). Exact for each axis by itself; axes with a loop in common are counted as one index each (a
/// lower bound), and nothing where what is written depends on several loops of the operand together.
std::int64_t touchedElements(const workload::Layer& layer, const workload::Operand& operand);

/// The tensor that an operand reads by a single piece without padding of the source's own, so that each element that is
/// touched is an element of the tensor. Invalid otherwise.
workload::TensorId onlyTensor(const workload::Operand& operand);

}  // namespace millrace::bounds
