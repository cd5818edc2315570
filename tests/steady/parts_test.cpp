#include <gtest/gtest.h>

#include <set>

#include "explore/steady/levels.h"
#include "explore/steady/region.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace {
namespace {

using namespace steady;

/// stream.md 12, no. 19.
TEST(Levels, TablesOfThreeLoops) {
    const std::vector<TemporalLoop> loops{{4, true}, {2, false}, {3, true}};
    std::vector<std::int64_t> reuse, tiles, fetches;
    for (const Level& level : levelsOf(loops, false)) {
        reuse.push_back(level.reuse);
        tiles.push_back(level.tiles);
        fetches.push_back(level.fetches);
    }
    EXPECT_EQ(reuse, (std::vector<std::int64_t>{1, 1, 2, 2}));
    EXPECT_EQ(tiles, (std::vector<std::int64_t>{1, 4, 4, 12}));
    EXPECT_EQ(fetches, (std::vector<std::int64_t>{2, 2, 1, 1}));
    EXPECT_EQ(levelsOf(loops, true).front().tiles, 2);
    EXPECT_EQ(levelsOf({{5, false}}, true).front().tiles, 1) << "a tensor of one tile needs no second buffer";
}

TEST(Levels, UsefulOnesAreNotBeaten) {
    const auto useful = usefulLevels(levelsOf({{4, true}, {2, false}, {3, true}}, false));
    ASSERT_EQ(useful.size(), 2U);
    EXPECT_EQ(useful.front().level, -1);
    EXPECT_EQ(useful.back().level, 1) << "four tiles are enough to fetch each once";
    EXPECT_EQ(usefulLevels(levelsOf({}, false)).size(), 1U);
}

/// Boxes along one axis, point by point.
TEST(Region, CountsWhatBoxesCover) {
    Rng rng(3);
    const std::int64_t count = test::count(20'000);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t width = rng.between(1, 4);
        const auto draw = [&](Region& region) {
            std::set<std::int64_t> points;
            const std::int64_t boxes = rng.between(0, 4);
            for (std::int64_t b = 0; b < boxes; ++b) {
                const std::int64_t begin = rng.between(0, 12);
                const std::int64_t end = begin + rng.between(0, 5);
                region.add({{begin, end}, {2, 2 + width}});
                for (std::int64_t x = begin; x < end; ++x) points.insert(x);
            }
            return points;
        };
        Region a, b, c;
        const auto inA = draw(a), inB = draw(b), inC = draw(c);
        std::int64_t expected = 0;
        for (const std::int64_t x : inA) expected += inB.count(x) > 0 && inC.count(x) == 0 ? width : 0;
        ASSERT_DOUBLE_EQ(elementsIn(a, b, c), static_cast<double>(expected)) << "case " << i;
        ASSERT_DOUBLE_EQ(a.elements(), static_cast<double>(inA.size()) * static_cast<double>(width));
        ASSERT_EQ(a.empty(), inA.empty());
    }
}

}  // namespace
}  // namespace millrace
