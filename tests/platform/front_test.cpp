#include "explore/platform/front.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared.h"
#include "support/rng.h"

namespace millrace::explore {
namespace {

/// After any points: those that none of all beats, each once, by rising latency.
TEST(Front, HoldsWhatNothingBeats) {
    const std::int64_t seeds = test::count(20000);
    for (std::int64_t seed = 0; seed < seeds; ++seed) {
        Rng rng(static_cast<std::uint64_t>(seed) + 1);
        std::vector<FrontPoint> all;
        Front front;
        const std::int64_t count = rng.between(1, 40);
        for (std::int64_t i = 0; i < count; ++i) {
            const auto value = [&] { return rng.between(1, 6); };
            FrontPoint point;
            point.latency = Cycles(value());
            point.energy = Picojoules(static_cast<double>(value()));
            point.peakMemory = Bits(value());
            point.index = i;
            all.push_back(point);
            front.add(point);
        }
        std::vector<std::int64_t> wanted;
        for (const FrontPoint& point : all) {
            const auto better = [&](const FrontPoint& other) {
                const bool least = other.latency <= point.latency && other.energy <= point.energy &&
                                   other.peakMemory <= point.peakMemory;
                const bool same = other.latency == point.latency && other.energy == point.energy &&
                                  other.peakMemory == point.peakMemory;
                return least && (!same || other.index < point.index);
            };
            if (std::none_of(all.begin(), all.end(), better)) wanted.push_back(point.index);
        }
        std::vector<std::int64_t> found;
        for (std::size_t i = 0; i < front.points.size(); ++i) {
            found.push_back(front.points[i].index);
            if (i > 0) {
                ASSERT_LE(front.points[i - 1].latency, front.points[i].latency);
            }
        }
        std::sort(found.begin(), found.end());
        ASSERT_EQ(found, wanted) << "seed " << seed;
    }
}

}  // namespace
}  // namespace millrace::explore
