#include "explore/tiling/tilegrid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "layers.h"
#include "shared.h"
#include "tiling/random_grid.h"
#include "tiling/random_workload.h"

namespace millrace::tiling {
namespace {

using test::Splits;
using workload::DimKind;
using workload::Layer;
using workload::LayerId;

Layer conv(std::int64_t k, std::int64_t c, std::int64_t oy, std::int64_t ox) {
    workload::Workload workload;
    test::ConvShape shape;
    shape.k = k;
    shape.c = c;
    shape.oy = oy;
    shape.ox = ox;
    test::addConv(workload, "conv", test::addInput(workload, {c, shape.iy(), shape.ix()}), shape);
    return workload.layers[LayerId(0)];
}

constexpr workload::DimIndex kK = 0, kC = 1, kOY = 2, kOX = 3, kFY = 4;

/// Ranges of one loop, tile by tile.
std::vector<Interval> ranges(const TileGrid& grid, workload::DimIndex dim) {
    std::vector<Interval> result;
    for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) result.push_back(grid.tile(grid.at(tile))[dim]);
    return result;
}
using Ranges = std::vector<Interval>;

/// stream.md 12, no. 1.
TEST(TileGrid, TheFirstLoopIsTheFastest) {
    const TileGrid grid(conv(8, 4, 8, 8), {}, {{kOY, 4}, {kOX, 2}});
    ASSERT_EQ(grid.tiles(), 8u);
    EXPECT_EQ(grid.tile(grid.at(1))[kOY], (Interval{2, 4}));
    EXPECT_EQ(grid.tile(grid.at(1))[kOX], (Interval{0, 4}));
    EXPECT_EQ(grid.tile(grid.at(4))[kOY], (Interval{0, 2}));
    EXPECT_EQ(grid.tile(grid.at(4))[kOX], (Interval{4, 8}));
}

/// stream.md 12, nos. 2 and 3. Stream pads K to 9 (3, 3, 3).
TEST(TileGrid, AllOfThemAndRaggedOnes) {
    EXPECT_EQ(TileGrid(conv(8, 4, 7, 8), {}, {{kOY, 7}}).tiles(), 7u);
    EXPECT_EQ(TileGrid(conv(8, 4, 7, 8), {}, {{kOY, 1000}}).tiles(), 7u);
    EXPECT_EQ(ranges(TileGrid(conv(8, 4, 7, 8), {}, {{kK, 3}}), kK), (Ranges{{0, 3}, {3, 6}, {6, 8}}));
}

/// GitHub issue 52 of Stream, where it is not possible.
TEST(TileGrid, OneLoopIsCutOverCoresAndInTime) {
    const TileGrid grid(conv(8, 4, 11, 8), {{kOY, 2}}, {{kOY, 3}});
    EXPECT_EQ(grid.parts(), 2u);
    EXPECT_EQ(grid.steps(), 3u);
    EXPECT_EQ(ranges(grid, kOY), (Ranges{{0, 2}, {2, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 11}}))
        << "parts side by side run at the same time";
    const TileGrid many(conv(8, 4, 7, 8), {{kOY, 3}}, {{kOY, 9}});
    EXPECT_EQ(many.tiles(), 6u) << "what is left of 7 after 3 parts is 2";
    const TileGrid twice(conv(8, 4, 8, 8), {}, {{kOY, 2}, {kOY, 2}});
    EXPECT_EQ(ranges(twice, kOY), (Ranges{{0, 2}, {2, 4}, {4, 6}, {6, 8}}));
}

/// stream.md 12, no. 5: of the parts of a sum only the last gives results.
TEST(TileGrid, PartsOfSums) {
    const TileGrid grid(conv(8, 4, 6, 8), {{kK, 2}}, {{kC, 2}, {kOY, 3}, {kFY, 3}});
    EXPECT_EQ(grid.sums(), 6u);
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::uint32_t>> sums;
    for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
        const Tile ranges = grid.tile(grid.at(tile));
        sums[{ranges[kK].begin, ranges[kOY].begin}].push_back(tile);
    }
    ASSERT_EQ(sums.size(), 6u);
    for (const auto& [where, tiles] : sums) {
        ASSERT_EQ(tiles.size(), 6u);
        for (const std::uint32_t tile : tiles) {
            const Coordinates at = grid.at(tile);
            EXPECT_EQ(grid.startsSum(at), tile == tiles.front());
            EXPECT_EQ(grid.endsSum(at), tile == tiles.back());
            EXPECT_EQ(grid.step(at), tile / 2);
            EXPECT_EQ(grid.lastStep(at), tiles.back() / 2);
        }
    }
}

TEST(TileGrid, NoMoreThan32BitsOfTilesAndEightLoops) {
    Layer layer = conv(1 << 20, 4, 1 << 20, 8);
    const TileGrid grid(layer, {{kK, 1 << 20}}, {{kOY, 1 << 20}});
    EXPECT_EQ(grid.tiles(), 1u << 31);
    layer.dims.resize(9, {"X", 2, DimKind::parallel});
    for (workload::LoopDim& dim : layer.dims) dim.size = 2;
    std::vector<Split> all;
    for (std::size_t i = 0; i < 9; ++i) all.push_back({i, 2});
    EXPECT_EQ(TileGrid(layer, {}, all).slots().size(), kMostCuts);
}

/// Each point of the loops is in one tile, parts differ by one at most.
void checkCover(const Layer& layer, const Splits& splits) {
    std::map<std::vector<Interval>, int> tiles;
    std::int64_t count = 1;
    for (const auto* list : {&splits.inter, &splits.intra}) {
        for (const Split& split : *list) count *= split.parts;
    }
    std::int64_t points = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> sizes(layer.dims.size(), {1 << 30, 0});
    for (std::int64_t number = 0; number < count; ++number) {
        const Tile tile = test::tileByNumber(layer, splits, number);
        ASSERT_EQ(++tiles[tile], 1);
        points += volume(tile);
        for (std::size_t i = 0; i < tile.size(); ++i) {
            ASSERT_GT(tile[i].size(), 0);
            sizes[i].first = std::min(sizes[i].first, tile[i].size());
            sizes[i].second = std::max(sizes[i].second, tile[i].size());
        }
    }
    ASSERT_EQ(points, layer.operations());
    for (const auto& [least, most] : sizes) ASSERT_LE(most - least, 1);
}

TEST(TileGrid, AgreesWithTheWordsOnRandomLayers) {
    Rng rng(41);
    const std::int64_t runs = test::count(40000);
    std::int64_t bothWays = 0, sums = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        const workload::Workload workload = test::randomSmallWorkload(rng);
        const Layer& layer = workload.layers[LayerId(rng.below(workload.layers.size()))];
        const Splits splits = test::randomSplits(layer, rng, 40);
        const TileGrid grid(layer, splits.inter, splits.intra);
        std::int64_t parts = 1;
        for (const Split& split : splits.inter) parts *= split.parts;
        ASSERT_EQ(grid.parts(), parts);
        std::map<Tile, std::uint32_t> last;
        std::map<Tile, std::uint32_t> first;
        const auto results = [&](Tile tile) {
            for (std::size_t i = 0; i < tile.size(); ++i) {
                if (layer.dims[i].kind == DimKind::reduction) tile[i] = {0, 0};
            }
            return tile;
        };
        for (std::uint32_t number = 0; number < grid.tiles(); ++number) {
            const Coordinates at = grid.at(number);
            ASSERT_EQ(grid.tile(at), test::tileByNumber(layer, splits, number));
            ASSERT_EQ(grid.step(at), number / grid.parts());
            first.try_emplace(results(grid.tile(at)), number);
            last[results(grid.tile(at))] = number;
        }
        for (std::uint32_t number = 0; number < grid.tiles(); ++number) {
            const Tile result = results(grid.tile(grid.at(number)));
            ASSERT_EQ(grid.startsSum(grid.at(number)), first[result] == number);
            ASSERT_EQ(grid.endsSum(grid.at(number)), last[result] == number);
            ASSERT_EQ(grid.lastStep(grid.at(number)), last[result] / grid.parts());
        }
        ASSERT_EQ(grid.tiles(), grid.sums() * last.size());
        checkCover(layer, splits);
        sums += grid.sums() > 1;
        bothWays += grid.loops().size() > grid.slots().size();
    }
    EXPECT_GT(20 * sums, runs);
    EXPECT_GT(100 * bothWays, runs);
}

}  // namespace
}  // namespace millrace::tiling
