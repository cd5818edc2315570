#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/tiling/grid.h"
#include "explore/workload/lower.h"
#include "shared.h"
#include "tiling/needs_reference.h"
#include "tiling/random_workload.h"
#include "workload/nets.h"

namespace millrace::tiling {
namespace {

using test::addBox;
using test::Bitmap;
using test::Bitmaps;
using test::elementsRead;
using test::elementsWritten;
using test::holds;
using test::mustBeExact;
using test::Net;
using test::Shape;
using test::touchesBox;
using workload::LayerId;
using workload::Operand;
using workload::Piece;
using workload::Workload;

/// What was compared.
struct Tally {
    std::int64_t operands = 0, exact = 0, equal = 0, views = 0, barriers = 0, written = 0, writtenExact = 0;
};

/// The first contradiction between the needs of a tile in one workload and the reference in another (the same one, but
/// for planted faults); empty if none.
std::string compare(const Workload& reference, const Workload& tested, LayerId id, const Tile& tile, Tally& tally) {
    const workload::Layer& layer = reference.layers[id];
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        const Operand& operand = layer.inputs[i];
        const Bitmaps read = elementsRead(reference, operand, tile);
        Bitmaps got;
        for (const workload::Need& need : tileNeeds(tested, tested.layers[id].inputs[i], tile)) {
            const workload::Tensor& tensor = tested.tensors[need.tensor];
            Bitmap& elements = got.try_emplace(need.tensor, static_cast<std::size_t>(tensor.elements())).first->second;
            if (!addBox(elements, tensor.shape, need.box)) return operand.name + ": a box leaves its tensor or repeats";
        }
        const bool exact = mustBeExact(operand, tile, read);
        if (!holds(got, read)) return operand.name + ": something is missing";
        if (exact && got != read) return operand.name + ": something is not needed";
        const auto* pieces = std::get_if<std::vector<Piece>>(&operand.source);
        ++tally.operands;
        tally.exact += exact;
        tally.equal += got == read;
        tally.barriers += pieces == nullptr;
        tally.views += pieces != nullptr && !pieces->empty() && !pieces->front().viewShape.empty();
    }
    const Bitmap written = elementsWritten(layer, tile);
    Bitmap got(written.size());
    const Box box = writtenBox(tested.layers[id], tile);
    if (volume(box) > 0 && !addBox(got, tested.tensors[layer.result].shape, box)) return "the result is left";
    const bool exact = touchesBox(layer.output, tile);
    if (!holds({{layer.result, got}}, {{layer.result, written}})) return "what is written is missing";
    if (exact && got != written) return "what is not written";
    ++tally.written;
    tally.writtenExact += exact;
    return "";
}

TEST(TileNeeds, AgreeWithEveryPointOfTheLoops) {
    Rng rng(99);
    Tally tally;
    std::set<std::string> types;
    const std::int64_t runs = test::count(100000);
    for (std::int64_t run = 0; run < runs; ++run) {
        const Workload workload = test::randomSmallWorkload(rng);
        for (const LayerId id : workload.layers.ids()) {
            types.insert(workload.layers[id].type);
            for (int i = 0; i < 2; ++i) {
                const Tile tile = test::randomTile(workload.layers[id], rng);
                ASSERT_EQ(compare(workload, workload, id, tile, tally), "") << "layer " << id.index() << "\n"
                                                                            << printText(workload);
            }
        }
    }
    for (const char* type : {"Conv", "ConvTranspose", "MaxPool", "GlobalAveragePool", "MatMul", "Resize", "Add", "Mul",
                             "LRN", "ReduceMean", "Relu"}) {
        EXPECT_EQ(types.count(type), 1u) << type;
    }
    EXPECT_GT(tally.operands, 8 * runs);
    EXPECT_GT(10 * tally.exact, 8 * tally.operands) << "most are held against the exact answer";
    EXPECT_GT(10 * tally.equal, 8 * tally.operands);
    EXPECT_GT(60 * tally.views, tally.operands);
    EXPECT_GT(500 * tally.barriers, tally.operands);
    EXPECT_GT(10 * tally.writtenExact, 8 * tally.written);
}

Workload lowered(const Net& net) {
    Diagnostics diagnostics;
    auto result = workload::lower(net.network, {}, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(Workload{});
}

/// The element numbers that are set.
std::vector<std::size_t> numbers(const Bitmap& elements) {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (elements[i]) result.push_back(i);
    }
    return result;
}

using Numbers = std::vector<std::size_t>;

TEST(NeedsReference, StridesAndDilationsHaveHoles) {
    Net net;
    // Rows 2*oy + 2*fy - 1 of 6, columns ox of 2.
    net.output(net.conv(net.input({1, 1, 6, 2}), 1, {2, 1}, {2, 1}, {1, 0, 0, 0}, {2, 1}));
    const Workload workload = lowered(net);
    const workload::Layer& layer = workload.layers[LayerId(0)];
    Tile tile = wholeLayer(layer);
    tile[*layer.dim("OY")] = {1, 2};
    tile[*layer.dim("OX")] = {0, 1};
    const Operand& input = layer.inputs[1];
    const auto read = elementsRead(workload, input, tile);
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(numbers(read.begin()->second), (Numbers{2, 6}));
    EXPECT_EQ(numbers(elementsWritten(layer, tile)), (Numbers{2}));
    tile[*layer.dim("OY")] = {0, 1};
    EXPECT_EQ(numbers(elementsRead(workload, input, tile).begin()->second), (Numbers{2})) << "row -1 is padding";
    tile[*layer.dim("FY")] = {0, 1};
    EXPECT_TRUE(elementsRead(workload, input, tile).empty());
    EXPECT_EQ(elementsRead(workload, layer, tile).size(), 1u) << "the weights";
}

TEST(NeedsReference, NegativeIndicesAreRoundedDown) {
    Net net;
    net.output(net.op("Relu", {net.input({1, 1, 1, 4})}, {1, 1, 1, 4}));
    Workload workload = lowered(net);
    workload::Layer& layer = workload.layers[LayerId(0)];
    workload::AffineExpr& column = layer.inputs[0].axes[3].index;
    column.offset = -3;
    column.divisor = 2;  // columns -2, -1, -1, 0
    Tile tile = wholeLayer(layer);
    EXPECT_EQ(numbers(elementsRead(workload, layer, tile).begin()->second), (Numbers{0}));
    tile[column.terms[0].dim] = {0, 3};
    EXPECT_TRUE(elementsRead(workload, layer, tile).empty());
    EXPECT_TRUE(tileNeeds(workload, layer.inputs[0], tile).empty());
}

/// A concatenation of the last two columns and the whole, transposed, under another shape.
Net moved() {
    Net net;
    const auto x = net.input({1, 2, 3, 4});
    const auto y = net.op("Relu", {x}, {1, 2, 3, 4});
    const auto tail =
        net.op("Slice", {y, net.integers({2}), net.integers({4}), net.integers({3}), net.integers({1})}, {1, 2, 3, 2});
    const auto both = net.op("Concat", {tail, y}, {1, 2, 3, 6}, {{"axis", std::int64_t{3}}});
    const auto turned = net.op("Transpose", {both}, {1, 2, 6, 3}, {{"perm", Shape{0, 1, 3, 2}}});
    const auto relu = net.op("Relu", {turned}, {1, 2, 6, 3});
    const auto flat = net.op("Reshape", {relu}, {1, 4, 3, 3});
    net.output(net.conv(flat, 2, {2, 2}, {1, 1}, {0, 1, 0, 0}));
    return net;
}

TEST(NeedsReference, FollowsPiecesAndViews) {
    const Workload workload = lowered(moved());
    ASSERT_EQ(workload.layers.size(), 3u) << printText(workload);
    const workload::Layer& relu = workload.layers[LayerId(1)];
    // Rows 1 and 2 of the transposed are column 3 of the first part and column 0 of the second; column 1 is row 1.
    const Tile tile{{0, 1}, {1, 2}, {1, 3}, {1, 2}};
    const auto read = elementsRead(workload, relu, tile);
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(numbers(read.begin()->second), (Numbers{16, 19}));
    const workload::Layer& conv = workload.layers[LayerId(2)];
    Tile all = wholeLayer(conv);
    all[*conv.dim("C")] = {1, 2};
    all[*conv.dim("OY")] = {0, 1};
    all[*conv.dim("OX")] = {0, 1};
    // Channel 1 of 3 x 3: elements 9 to 17; kernel 2 x 2 with a column of padding: column 0 of rows 0 and 1.
    EXPECT_EQ(numbers(elementsRead(workload, conv.inputs[1], all).begin()->second), (Numbers{9, 12}));
}

TEST(NeedsReference, BoxesThatLeaveOrRepeatAreSeen) {
    Bitmap elements(6);
    EXPECT_TRUE(addBox(elements, {2, 3}, {{0, 2}, {1, 2}}));
    EXPECT_EQ(numbers(elements), (Numbers{1, 4}));
    EXPECT_FALSE(addBox(elements, {2, 3}, {{1, 2}, {0, 2}})) << "4 again";
    EXPECT_FALSE(addBox(elements, {2, 3}, {{1, 3}, {0, 1}}));
    EXPECT_FALSE(addBox(elements, {2, 3}, {{0, 1}}));
}

/// True if some of many tiles shows a contradiction.
bool caught(const Workload& good, const Workload& bad) {
    Rng rng(3);
    Tally tally;
    for (int i = 0; i < 300; ++i) {
        const LayerId id(rng.below(good.layers.size()));
        if (!compare(good, bad, id, test::randomTile(good.layers[id], rng), tally).empty()) return true;
    }
    return false;
}

TEST(TileNeeds, PlantedFaultsAreCaught) {
    const Workload good = lowered(moved());
    EXPECT_FALSE(caught(good, good));
    for (const LayerId id : good.layers.ids()) {
        for (std::size_t i = 0; i < good.layers[id].inputs.size(); ++i) {
            const Operand& operand = good.layers[id].inputs[i];
            for (std::size_t axis = 0; axis < operand.axes.size(); ++axis) {
                if (operand.axes[axis].extent == 1) continue;
                Workload bad = good;
                bad.layers[id].inputs[i].axes[axis].index.offset += 1;
                EXPECT_TRUE(caught(good, bad)) << "offset of axis " << axis << " of operand " << i;
                bad = good;
                --bad.layers[id].inputs[i].axes[axis].extent;
                EXPECT_TRUE(caught(good, bad)) << "extent of axis " << axis << " of operand " << i;
            }
            for (std::size_t p = 0; p < std::get<std::vector<Piece>>(operand.source).size(); ++p) {
                Workload bad = good;
                Piece& piece = std::get<std::vector<Piece>>(bad.layers[id].inputs[i].source)[p];
                for (workload::AxisMap& map : piece.map) map.offset += piece.region.back().begin > 0 ? -1 : 0;
                ++piece.region.back().begin;
                EXPECT_TRUE(caught(good, bad)) << "piece " << p;
            }
        }
        Workload bad = good;
        std::swap(bad.layers[id].output.axes[2].index, bad.layers[id].output.axes[3].index);
        EXPECT_TRUE(caught(good, bad)) << "rows and columns of the result";
    }
    Workload bad = good;
    auto& view = std::get<std::vector<Piece>>(bad.layers[LayerId(2)].inputs[1].source).front();
    ASSERT_FALSE(view.viewShape.empty());
    view.viewShape = {1, 2, 6, 3};
    EXPECT_TRUE(caught(good, bad)) << "another shape of the view";
}

}  // namespace
}  // namespace millrace::tiling
