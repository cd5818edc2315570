#pragma once
#include <cstdint>
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Which cores may run a layer.
namespace millrace::mapping {

/// What a layer is made of, as far as the choice of cores goes.
enum class Work : std::uint8_t { matrix, pooling, elementwise };
Work workOf(const workload::Layer& layer);

/// Cores that may run the layer when no mapping names any: those whose `operatorTypes` list it; else, of the cores that
/// list none, those made for the kind of work (matrix: dataflow unrolls K and C, or D and K; pooling: FX and FY;
/// element-wise: arrays with one dimension larger than 1); else all of them.
std::vector<hardware::CoreId> coresByKind(const workload::Layer& layer, const hardware::Chip& chip);

/// The cores that the layer itself names, else those of the file's entry for it, as written: with repeats. Empty if
/// none are named.
std::vector<hardware::CoreId> namedCores(const workload::Layer& layer, const MappingEntry* entry);

/// The cores a layer may run on: the named ones, each once, else `coresByKind`.
std::vector<hardware::CoreId> allowedCores(const workload::Layer& layer, const hardware::Chip& chip,
                                           const Mapping* mapping);

/// Can the chip run what the layer itself asks of cores? An error for each core that it lacks or that is its off-chip
/// memory. True if none.
bool checkNamedCores(const workload::Layer& layer, const hardware::Chip& chip, Diagnostics& diagnostics);

}  // namespace millrace::mapping
