#include "explore/tiling/cells.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/workload/lower.h"
#include "layers.h"
#include "shared.h"
#include "tiling/needs_reference.h"
#include "tiling/random_grid.h"
#include "tiling/random_workload.h"
#include "workload/nets.h"

namespace millrace::tiling {
namespace {

using test::Bitmap;
using test::Bitmaps;
using test::Net;
using test::Shape;
using workload::Layer;
using workload::LayerId;
using workload::Operand;
using workload::TensorId;
using workload::Workload;

/// What each cell of a cut axis of a layer's result holds. Tiles that compute halos again hold what they compute, and
/// tiles follow each other otherwise.
std::vector<Interval> intervalsOf(const Workload& workload, const Cells& cells, TensorId id,
                                  const TensorCells::Axis& axis) {
    std::vector<Interval> result;
    for (std::size_t i = 0; i + 1 < axis.sums.size(); ++i) result.push_back({axis.sums[i], axis.sums[i + 1]});
    const workload::Tensor& tensor = workload.tensors[id];
    if (tensor.origin != workload::TensorOrigin::layer || !axis.slot) return result;
    const TileGrid& grid = cells.grid(tensor.producer);
    const std::vector<Interval>& ranges = grid.slots()[*axis.slot].intervals;
    bool one = ranges.front().begin == 0;
    for (std::size_t i = 0; i + 1 < ranges.size(); ++i) one = one && ranges[i].end == ranges[i + 1].begin;
    if (one) return result;
    const std::int64_t offset = workload.layers[tensor.producer].output.axes[axis.axis].index.offset;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const Interval& range = ranges[axis.coordinates[i]];
        result[i] = {range.begin + offset, range.end + offset};
    }
    return result;
}

/// The elements of the tensor that cells hold.
Bitmap elementsOf(const Workload& workload, const Cells& cells, TensorId id, const CellBox& box) {
    const workload::Tensor& tensor = workload.tensors[id];
    const TensorCells& cut = cells.cells(id);
    Bitmap result(static_cast<std::size_t>(tensor.elements()), false);
    std::vector<std::vector<Interval>> intervals;
    for (const TensorCells::Axis& axis : cut.axes()) intervals.push_back(intervalsOf(workload, cells, id, axis));
    cut.each(box, [&](std::uint32_t, const CellPlace& at) {
        Box cell = wholeBox(tensor.shape);
        for (std::size_t i = 0; i < intervals.size(); ++i) cell[cut.axes()[i].axis] = intervals[i][at[i]];
        EXPECT_TRUE(contains(wholeBox(tensor.shape), cell));
        test::addBox(result, tensor.shape, cell);
        return true;
    });
    return result;
}

void add(Bitmap& all, const Bitmap& more) {
    all.resize(more.size());
    for (std::size_t i = 0; i < more.size(); ++i) all[i] = all[i] || more[i];
}

/// Do the numbers that cells tell of themselves agree?
std::string contradiction(const TensorCells& cells, const CellBox& box) {
    std::int64_t elements = 0;
    std::uint32_t count = 0;
    std::set<std::uint32_t> seen;
    bool first = true;
    cells.each(box, [&](std::uint32_t cell, const CellPlace& at) {
        if (first && cell != cells.first(box)) elements -= 1000000;
        first = false;
        if (cell < cells.size()) seen.insert(cell);
        elements += cells.elementsAt(at);
        ++count;
        return true;
    });
    if (seen.size() != count || cells.cells(box) != count) return "cells are counted wrong";
    if (elements != cells.elements(box)) return "elements of cells";
    if (volume(cells.box(box)) != elements) return "volume of the box";
    return contains(wholeBox(cells.shape()), cells.box(box)) ? "" : "the box leaves the shape";
}

struct Tally {
    std::int64_t operands = 0, exact = 0, views = 0, tiles = 0, stretched = 0;
};

/// The first contradiction between what a tile needs by cells and by the reference; empty if none.
std::string compareNeeds(const Workload& workload, const Cells& cells, LayerId id, const Coordinates& at,
                         Tally& tally) {
    const Layer& layer = workload.layers[id];
    const Tile tile = cells.grid(id).tile(at);
    std::vector<Bitmaps> got(layer.inputs.size());
    std::string wrong;
    cells.needs(id, at, [&](TensorId tensor, const CellBox& box, std::size_t input) {
        const std::string numbers = contradiction(cells.cells(tensor), box);
        if (!numbers.empty()) wrong = numbers;
        add(got[input][tensor], elementsOf(workload, cells, tensor, box));
    });
    if (!wrong.empty()) return wrong;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        const Operand& operand = layer.inputs[i];
        const Bitmaps read = test::elementsRead(workload, operand, tile);
        if (!test::holds(got[i], read)) return operand.name + ": something is missing";
        const bool exact = test::mustBeExact(operand, tile, read);
        if (exact && tally.stretched == 0 && got[i] != read) return operand.name + ": something is not needed";
        const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
        ++tally.operands;
        tally.exact += exact;
        tally.views += pieces != nullptr && !pieces->empty() && !pieces->front().viewShape.empty();
    }
    return "";
}

/// The same for what all tiles of a layer write.
std::string compareWrites(const Workload& workload, const Cells& cells, LayerId id) {
    const Layer& layer = workload.layers[id];
    const TileGrid& grid = cells.grid(id);
    const TensorCells& result = cells.cells(layer.result);
    std::vector<std::uint32_t> writers(result.size(), 0);
    Bitmap all(static_cast<std::size_t>(workload.tensors[layer.result].elements()), false);
    for (std::uint32_t number = 0; number < grid.tiles(); ++number) {
        const Coordinates at = grid.at(number);
        const Bitmap written = test::elementsWritten(layer, grid.tile(at));
        add(all, written);
        CellBox box;
        if (!cells.written(id, at, box)) {
            if (test::countOf(written) > 0) return "what is written is missing";
            continue;
        }
        const std::string numbers = contradiction(result, box);
        if (!numbers.empty()) return numbers;
        const Bitmap got = elementsOf(workload, cells, layer.result, box);
        if (!test::holds({{layer.result, got}}, {{layer.result, written}})) return "something written is missing";
        if (test::touchesBox(layer.output, grid.tile(at)) && got != written) return "something is not written";
        result.each(box, [&](std::uint32_t cell, const CellPlace&) {
            ++writers[cell];
            return true;
        });
    }
    if (all != test::elementsWritten(layer, wholeLayer(layer))) return "no tile writes some element";
    for (const std::uint32_t count : writers) {
        if (count != grid.sums()) return "a cell has " + std::to_string(count) + " writers";
    }
    return "";
}

std::string compare(const Workload& workload, const Cells& cells, Tally& tally) {
    for (const LayerId id : workload.layers.ids()) {
        for (std::uint32_t number = 0; number < cells.grid(id).tiles(); ++number) {
            ++tally.tiles;
            const std::string wrong = compareNeeds(workload, cells, id, cells.grid(id).at(number), tally);
            if (!wrong.empty()) return workload.layers[id].name + ": " + wrong;
        }
        const std::string wrong = compareWrites(workload, cells, id);
        if (!wrong.empty()) return workload.layers[id].name + ": " + wrong;
    }
    return "";
}

TEST(Cells, AgreeWithEveryPointOfTheLoops) {
    Rng rng(2026);
    Tally tally;
    const std::int64_t runs = test::count(30000);
    for (std::int64_t run = 0; run < runs; ++run) {
        const Workload workload = test::randomSmallWorkload(rng);
        const Cells cells(workload, test::randomGrids(workload, rng, 12));
        ASSERT_EQ(compare(workload, cells, tally), "") << "run " << run << "\n" << printText(workload);
    }
    EXPECT_GT(tally.tiles, 10 * runs);
    EXPECT_GT(10 * tally.exact, 8 * tally.operands) << "most are held against the exact answer";
    EXPECT_GT(60 * tally.views, tally.operands);
}

/// All layers that have these loops, cut alike: as tiles must be that compute their halos again.
Table<LayerId, TileGrid> alike(const Workload& workload, Rng& rng) {
    const std::vector<std::string> loops{"OY", "OX", "K", "D"};
    std::vector<std::pair<std::string, std::int64_t>> cuts;
    for (const std::string& loop : loops) {
        if (rng.below(2) == 0) cuts.emplace_back(loop, rng.between(2, 3));
    }
    Table<LayerId, TileGrid> grids;
    for (const Layer& layer : workload.layers) {
        test::Splits splits;
        for (const auto& [loop, parts] : cuts) {
            const auto dim = layer.dim(loop);
            if (!dim) continue;
            const bool over = layer.dims[*dim].kind == workload::DimKind::parallel && rng.below(4) == 0;
            test::tryCut(layer, splits, over, *dim, parts);
        }
        grids.add(TileGrid(layer, splits.inter, splits.intra));
    }
    return grids;
}

/// Every tile computes all that the tiles of its readers need: nothing is read of others' copies.
TEST(Cells, TilesThatRecomputeHoldWhatIsNeeded) {
    Rng rng(77);
    std::int64_t stretched = 0;
    const std::int64_t runs = test::count(30000);
    for (std::int64_t run = 0; run < runs; ++run) {
        const Workload workload = test::randomSmallWorkload(rng);
        const auto grids = alike(workload, rng);
        const Cells cells(workload, grids, std::vector<bool>(workload.layers.size(), true));
        Tally tally;
        for (const LayerId id : workload.layers.ids()) {
            for (std::size_t slot = 0; slot < grids[id].slots().size(); ++slot) {
                const auto& before = grids[id].slots()[slot].intervals;
                const auto& after = cells.grid(id).slots()[slot].intervals;
                ASSERT_EQ(before.size(), after.size());
                tally.stretched += before != after;
            }
        }
        stretched += tally.stretched > 0;
        ASSERT_EQ(compare(workload, cells, tally), "") << "run " << run << "\n" << printText(workload);
    }
    EXPECT_GT(10 * stretched, runs);
}

/// Convolutions of 3 rows with padding, each with all its rows as tiles.
Workload chain(std::int64_t layers, std::int64_t rows) {
    Workload workload;
    test::ConvShape shape;
    shape.k = shape.c = 4;
    shape.oy = rows;
    TensorId last = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    for (std::int64_t i = 0; i < layers; ++i) last = test::addConv(workload, "conv" + std::to_string(i), last, shape);
    return workload;
}

Table<LayerId, TileGrid> cutAll(const Workload& workload, const std::string& loop, std::int64_t parts) {
    Table<LayerId, TileGrid> grids;
    for (const Layer& layer : workload.layers) grids.add(TileGrid(layer, {}, {{*layer.dim(loop), parts}}));
    return grids;
}

/// Pairs of a tile of one layer and a tile of another that needs something of it.
std::int64_t edges(const Cells& cells, LayerId from, LayerId to, TensorId tensor) {
    std::int64_t count = 0;
    for (std::uint32_t reader = 0; reader < cells.grid(to).tiles(); ++reader) {
        std::set<std::uint32_t> needed;
        cells.needs(to, cells.grid(to).at(reader), [&](TensorId read, const CellBox& box, std::size_t) {
            if (read != tensor) return;
            cells.cells(tensor).each(box, [&](std::uint32_t cell, const CellPlace&) {
                needed.insert(cell);
                return true;
            });
        });
        for (std::uint32_t writer = 0; writer < cells.grid(from).tiles(); ++writer) {
            CellBox box;
            if (!cells.grid(from).endsSum(cells.grid(from).at(writer))) continue;
            if (!cells.written(from, cells.grid(from).at(writer), box)) continue;
            count += !cells.cells(tensor).each(
                box, [&](std::uint32_t cell, const CellPlace&) { return needed.count(cell) == 0; });
        }
    }
    return count;
}

/// stream.md 12, no. 4.
TEST(Cells, RowsOfAConvolutionNeedTheirNeighbours) {
    const Workload workload = chain(2, 8);
    const Cells cells(workload, cutAll(workload, "OY", 8));
    EXPECT_EQ(edges(cells, LayerId(0), LayerId(1), workload.layers[LayerId(0)].result), 22);
}

/// stream.md 12, no. 5: only the last step of a sum has readers, and 7.2, no. 5: of a tile of 4 rows its neighbours
/// need one row each, not all 4.
TEST(Cells, OnlyWhatIsNeededOfATile) {
    const Workload workload = chain(2, 8);
    Table<LayerId, TileGrid> grids;
    grids.add(TileGrid(workload.layers[LayerId(0)], {}, {{1, 2}, {2, 2}}));
    grids.add(TileGrid(workload.layers[LayerId(1)], {}, {{2, 2}}));
    const Cells cells(workload, grids);
    const TensorId middle = workload.layers[LayerId(0)].result;
    EXPECT_EQ(edges(cells, LayerId(0), LayerId(1), middle), 4);
    const std::int64_t row = 4 * 10;
    cells.needs(LayerId(1), cells.grid(LayerId(1)).at(1), [&](TensorId tensor, const CellBox& box, std::size_t) {
        if (tensor != middle) return;
        EXPECT_EQ(cells.elements(tensor, box), 5 * row) << "4 rows and the last of the other tile";
    });
}

Workload lowered(const Net& net) {
    Diagnostics diagnostics;
    auto result = workload::lower(net.network, {}, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(Workload{});
}

/// stream.md 12, nos. 6 and 7.
TEST(Cells, FlatteningAndTransposingNeedAll) {
    Net flat;
    const auto x = flat.conv(flat.input({1, 2, 6, 4}), 4, {3, 1}, {1, 1}, {1, 0, 1, 0});
    const auto row = flat.op("Reshape", {x}, {1, 96});
    flat.output(flat.op("MatMul", {row, flat.weights({96, 5})}, {1, 5}));
    const Workload gemm = lowered(flat);
    ASSERT_EQ(gemm.layers.size(), 2u);
    const Layer& conv = gemm.layers[LayerId(0)];
    Table<LayerId, TileGrid> grids;
    grids.add(TileGrid(conv, {}, {{*conv.dim("OY"), 6}}));
    grids.add(TileGrid(gemm.layers[LayerId(1)], {}, {}));
    EXPECT_EQ(edges(Cells(gemm, grids), LayerId(0), LayerId(1), conv.result), 6);

    Net turn;
    const auto a = turn.op("MatMul", {turn.input({6, 3}), turn.weights({3, 4})}, {6, 4});
    const auto turned = turn.op("Transpose", {a}, {4, 6}, {{"perm", Shape{1, 0}}});
    turn.output(turn.op("MatMul", {turned, turn.weights({6, 5})}, {4, 5}));
    const Workload both = lowered(turn);
    ASSERT_EQ(both.layers.size(), 2u);
    const Cells cells(both, cutAll(both, "D", 100));
    EXPECT_EQ(edges(cells, LayerId(0), LayerId(1), both.layers[LayerId(0)].result), 6 * 4);
}

/// stream.md 12, no. 24.
TEST(Cells, RowsThatAStridedWindowTouches) {
    Workload workload;
    test::ConvShape shape;
    shape.strideY = 2;
    shape.oy = 10;
    const TensorId input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const std::int64_t rows = shape.iy();
    test::addConv(workload, "conv", input, shape);
    Table<LayerId, TileGrid> grids;
    grids.add(TileGrid(workload.layers[LayerId(0)], {}, {{2, 3}}));
    const Cells cells(workload, grids);
    std::vector<Interval> touched;
    for (std::uint32_t tile = 0; tile < 3; ++tile) {
        cells.needs(LayerId(0), cells.grid(LayerId(0)).at(tile), [&](TensorId tensor, const CellBox& box, std::size_t) {
            if (tensor == input) touched.push_back(cells.cells(tensor).box(box)[1]);
        });
    }
    EXPECT_EQ(touched, (std::vector<Interval>{{0, 8}, {7, 14}, {13, rows}}));
    const Interval fourToEight = workload::range(workload.layers[LayerId(0)].inputs[1].axes[1].index,
                                                 {{0, 1}, {0, 1}, {4, 8}, {0, 1}, {0, 3}, {0, 1}});
    EXPECT_EQ(fourToEight, (Interval{7, 16}));
}

/// Halos that are computed again, by hand: tiles of 4 of 8 rows, through windows of 3 rows.
TEST(Cells, CopiesOfAChain) {
    const Workload workload = chain(3, 8);
    const Cells cells(workload, cutAll(workload, "OY", 2), {true, true, true});
    const auto rows = [&](std::size_t layer) { return cells.grid(LayerId(layer)).slots()[0].intervals; };
    EXPECT_EQ(rows(0), (std::vector<Interval>{{0, 6}, {2, 8}}));
    EXPECT_EQ(rows(1), (std::vector<Interval>{{0, 5}, {3, 8}}));
    EXPECT_EQ(rows(2), (std::vector<Interval>{{0, 4}, {4, 8}}));
    EXPECT_EQ(cells.cells(workload.layers[LayerId(0)].result).shape()[1], 12);
    EXPECT_EQ(edges(cells, LayerId(0), LayerId(1), workload.layers[LayerId(0)].result), 2);
}

}  // namespace
}  // namespace millrace::tiling
