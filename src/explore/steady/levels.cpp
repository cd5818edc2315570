#include "explore/steady/levels.h"

#include <algorithm>

namespace millrace::steady {

std::vector<Level> levelsOf(const std::vector<TemporalLoop>& loops, bool doubleBuffer) {
    std::int64_t invariant = 1;
    std::int64_t varying = 1;
    for (const TemporalLoop& loop : loops) (loop.varies ? varying : invariant) *= loop.size;
    Level level{-1, 1, doubleBuffer && varying > 1 ? 2 : 1, invariant};
    std::vector<Level> result{level};
    level.tiles = 1;
    for (const TemporalLoop& loop : loops) {
        ++level.level;
        (loop.varies ? level.tiles : level.reuse) *= loop.size;
        level.fetches = invariant / level.reuse;
        result.push_back(level);
    }
    return result;
}

std::vector<Level> usefulLevels(const std::vector<Level>& levels) {
    std::vector<Level> result;
    for (const Level& level : levels) {
        const bool beaten = std::any_of(levels.begin(), levels.end(), [&](const Level& other) {
            const bool asGood = other.tiles <= level.tiles && other.fetches <= level.fetches;
            const bool better = other.tiles < level.tiles || other.fetches < level.fetches;
            return asGood && (better || other.level < level.level);
        });
        // What is dropped after each tile takes room only while that runs, whatever the others take.
        if (!beaten || level.level == -1) result.push_back(level);
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const Level& a, const Level& b) { return a.fetches > b.fetches; });
    return result;
}

}  // namespace millrace::steady
