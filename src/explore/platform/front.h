#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "support/units.h"

/// Schedules of which none beats another in everything.
namespace millrace::explore {

/// `a` is as good as `b` in latency, energy and peak memory, and better in one of them at least. Of anything that has
/// the three.
template <class A, class B>
bool beats(const A& a, const B& b) {
    if (a.latency > b.latency || a.energy > b.energy || a.peakMemory > b.peakMemory) return false;
    return a.latency < b.latency || a.energy < b.energy || a.peakMemory < b.peakMemory;
}

/// Adds a point to a front by rising latency, then energy, unless one that is there beats or equals it; those that it
/// beats go. True if it was added. `figures(point)` has the three figures.
template <class Point, class Figures>
bool addToFront(std::vector<Point>& front, Point point, const Figures& figures) {
    const auto& mine = figures(point);
    const auto refuses = [&](const Point& other) {
        const auto& its = figures(other);
        return its.latency <= mine.latency && its.energy <= mine.energy && its.peakMemory <= mine.peakMemory;
    };
    if (std::any_of(front.begin(), front.end(), refuses)) return false;
    const auto beaten = [&](const Point& other) { return beats(mine, figures(other)); };
    front.erase(std::remove_if(front.begin(), front.end(), beaten), front.end());
    const auto before = [&](const Point& a, const Point& b) {
        const auto& first = figures(a);
        const auto& second = figures(b);
        return std::tie(first.latency, first.energy, first.peakMemory) <
               std::tie(second.latency, second.energy, second.peakMemory);
    };
    front.insert(std::upper_bound(front.begin(), front.end(), point, before), std::move(point));
    return true;
}

struct FrontPoint {
    Cycles latency;
    Picojoules energy;
    Bits peakMemory;         ///< platform/peak.h
    std::string how;         ///< how it was found, for people
    std::int64_t index = 0;  ///< number of the candidate, in the order in which candidates were found

    double edp() const { return energy.value() * static_cast<double>(latency.value()); }
};

/// A Pareto front over latency, energy and peak memory.
struct Front {
    /// None beats another or equals it; by rising latency, then energy.
    std::vector<FrontPoint> points;
    /// What the front is to be compared with, if it is known. May be points, too.
    std::optional<FrontPoint> layerByLayer;
    std::optional<FrontPoint> rules;  ///< what the rules choose without a search (docs/fusion.md)

    /// As `addToFront`.
    bool add(FrontPoint point);
};

}  // namespace millrace::explore
