#include "explore/platform/front.h"

#include <algorithm>
#include <tuple>

namespace millrace::explore {

bool FrontPoint::equals(const FrontPoint& other) const {
    return latency == other.latency && energy == other.energy && peakMemory == other.peakMemory;
}

bool FrontPoint::beats(const FrontPoint& other) const {
    return latency <= other.latency && energy <= other.energy && peakMemory <= other.peakMemory && !equals(other);
}

bool Front::add(FrontPoint point) {
    const auto refuses = [&](const FrontPoint& other) { return other.beats(point) || other.equals(point); };
    if (std::any_of(points.begin(), points.end(), refuses)) return false;
    const auto beaten = [&](const FrontPoint& other) { return point.beats(other); };
    points.erase(std::remove_if(points.begin(), points.end(), beaten), points.end());
    const auto before = [](const FrontPoint& a, const FrontPoint& b) {
        return std::tie(a.latency, a.energy, a.peakMemory) < std::tie(b.latency, b.energy, b.peakMemory);
    };
    points.insert(std::upper_bound(points.begin(), points.end(), point, before), std::move(point));
    return true;
}

}  // namespace millrace::explore
