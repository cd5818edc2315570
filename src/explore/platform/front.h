#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/units.h"

/// Schedules of which none beats another in everything.
namespace millrace::explore {

struct FrontPoint {
    Cycles latency;
    Picojoules energy;
    Bits peakMemory;         ///< platform/peak.h
    std::string how;         ///< how it was found, for people
    std::int64_t index = 0;  ///< number of the candidate, in the order in which candidates were found

    double edp() const { return energy.value() * static_cast<double>(latency.value()); }
    /// As good in latency, energy and peak memory, and better in one of them at least.
    bool beats(const FrontPoint& other) const;
    bool equals(const FrontPoint& other) const;  ///< in all three
};

/// A Pareto front over latency, energy and peak memory.
struct Front {
    /// None beats another or equals it; by rising latency, then energy.
    std::vector<FrontPoint> points;
    /// What the front is to be compared with, if it is known. May be points, too.
    std::optional<FrontPoint> layerByLayer;
    std::optional<FrontPoint> rules;  ///< what the rules choose without a search (docs/fusion.md)

    /// Takes the point unless one that is there beats or equals it; those that it beats go. True if it was taken.
    bool add(FrontPoint point);
};

}  // namespace millrace::explore
