#pragma once
#include <algorithm>

#include "explore/steady/problem.h"

/// Sums over what options take.
namespace millrace::steady {

inline double cyclesOn(const std::vector<Load>& loads, std::size_t resource) {
    double cycles = 0;
    for (const Load& load : loads) cycles += load.resource == resource ? load.cycles : 0;
    return cycles;
}

inline bool has(const std::vector<Load>& loads, std::size_t resource) {
    return std::any_of(loads.begin(), loads.end(), [&](const Load& load) { return load.resource == resource; });
}

inline double bitsIn(const std::vector<Room>& rooms, std::size_t memory) {
    double bits = 0;
    for (const Room& room : rooms) bits += room.memory == memory ? room.bits : 0;
    return bits;
}

}  // namespace millrace::steady
