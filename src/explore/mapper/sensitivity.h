#pragma once
#include <cstddef>
#include <vector>

#include "explore/mapper/mapper.h"

/// What would help: the search again, on cores with twice of one thing.
namespace millrace::mapper {

/// A core with twice of one thing, and what the best mapping on it costs.
struct Change {
    enum class Kind : std::uint8_t {
        memory,  ///< each instance of the memory holds twice as much, at the same energy an access
        port,    ///< `bandwidthMax` of the port is twice as large, at the same energy an access
        array    ///< twice as many units along an array dimension
    };
    Kind kind = Kind::memory;
    hardware::MemoryIndex memory = 0;
    std::size_t port = 0;       ///< into `hardware::Memory::ports`
    std::size_t dimension = 0;  ///< into `OperationalArray::dimensions`
    double energy = 0;          ///< pJ
    double latency = 0;         ///< cycles
};

struct Sensitivity {
    std::vector<Change> gains;  ///< those that lower the objective, best first
    std::size_t tried = 0;
};

/// What the objective minimises, of a mapping's energy and latency.
double objectiveOf(Objective objective, double energy, double latency);

/// Tries each memory and each port of the request's core, and each array dimension whose unrolling is searched; `base`
/// is the answer to the request itself. Memories that hold nothing of the layer are left out. Searches through the
/// cache.
Sensitivity sensitivity(const Request& request, const Mapping& base, Cache& cache);

}  // namespace millrace::mapper
