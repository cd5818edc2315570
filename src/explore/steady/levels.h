#pragma once
#include <cstdint>
#include <vector>

/// How much of a tensor stays between iterations (stream.md 4.9.5): over which of the temporal loops it is reused.
namespace millrace::steady {

/// A temporal loop as a tensor sees it.
struct TemporalLoop {
    std::int64_t size = 1;
    bool varies = false;  ///< its index addresses the tensor; otherwise the same data are used again
};

/// The tensor is kept over the `level + 1` innermost loops; -1: over none.
struct Level {
    int level = -1;
    std::int64_t reuse = 1;  ///< iterations that a tile is fetched once for
    std::int64_t tiles = 1;  ///< tiles that are kept
    /// How often each of its tiles is fetched over the whole run.
    std::int64_t fetches = 1;
};

/// All levels, -1 first; loops innermost first. `doubleBuffer`: of tensors of several tiles two are there at level -1.
std::vector<Level> levelsOf(const std::vector<TemporalLoop>& loops, bool doubleBuffer);

/// Those that no other one beats in both room and fetches; the one that is fetched least last.
std::vector<Level> usefulLevels(const std::vector<Level>& levels);

}  // namespace millrace::steady
