#pragma once
#include <cstdint>
#include <vector>

#include "explore/workload/workload.h"

/// Layers that wait for layers, however they are cut into tiles.
namespace millrace::bounds {

/// How a layer waits for another one.
enum class Wait : std::uint8_t {
    result,     ///< no element of its result is complete before an element of the other's is
    operation,  ///< and none of its operations starts before
    all,        ///< none of its operations starts before all of the other's have ended: an opaque source, or the host
};
struct Dependency {
    workload::LayerId producer;
    workload::LayerId reader;
    Wait wait = Wait::result;
};
/// In the order of the readers, producers before readers.
std::vector<Dependency> dependencies(const workload::Workload& workload);

/// Cycles that the longest chain takes at least: each tile at least one, and layers that others wait for entirely as
/// long as all cores that may run them need, `alone`. `crosses[i]`: along dependency i, data must move, for a cycle at
/// least.
double longestChain(const std::vector<Dependency>& dependencies, const std::vector<double>& alone,
                    const std::vector<bool>& crosses);

}  // namespace millrace::bounds
