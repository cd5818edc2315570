#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "chips.h"
#include "explore/fusion/plan.h"
#include "layers.h"

/// What the tests of plans share.
namespace millrace::test {

/// Tiles of a layer in order, from the definition in plan.h: digits of mixed radix, splits over cores fastest, each
/// list's first split fastest; of a loop that is cut both ways the cut in time is the outer one.
inline std::vector<tiling::Tile> tilesOf(const workload::Layer& layer, const fusion::LayerPlan& plan) {
    std::vector<tiling::Tile> tiles;
    for (std::int64_t number = 0; number < plan.tiles(); ++number) {
        std::vector<std::int64_t> place(layer.dims.size(), 0);
        std::vector<std::int64_t> parts(layer.dims.size(), 1);
        std::int64_t rest = number;
        for (const auto* list : {&plan.inter, &plan.intra}) {
            for (const tiling::Split& split : *list) {
                place[split.dim] += rest % split.parts * parts[split.dim];
                parts[split.dim] *= split.parts;
                rest /= split.parts;
            }
        }
        tiling::Tile tile;
        for (std::size_t dim = 0; dim < place.size(); ++dim) {
            const auto all = tiling::cut({0, layer.dims[dim].size}, parts[dim]);
            tile.push_back(all.at(static_cast<std::size_t>(place[dim])));
        }
        tiles.push_back(std::move(tile));
    }
    return tiles;
}

/// Four convolutions and an addition in between: conv0, conv1, add (of both), conv2, conv3.
inline workload::Workload fiveLayers(std::int64_t rows = 8) {
    workload::Workload workload;
    workload.name = "small";
    ConvShape shape;
    shape.k = shape.c = 8;
    shape.oy = rows;
    const auto input = addInput(workload, {shape.c, shape.iy(), shape.ix()});
    const auto a = addConv(workload, "conv0", input, shape);
    const auto b = addConv(workload, "conv1", a, shape);
    const auto sum = addElementwise(workload, "add", {a, b});
    addConv(workload, "conv3", addConv(workload, "conv2", sum, shape), shape);
    return workload;
}

struct Planning : testing::Test {
    fusion::Plan good(const std::string& mappingText = "") {
        const auto plan = make(mappingText);
        EXPECT_TRUE(plan) << diagnostics.text();
        return plan.value_or(fusion::Plan());
    }
    std::string problems(const std::string& mappingText = "") {
        EXPECT_FALSE(make(mappingText));
        return diagnostics.text();
    }
    std::optional<fusion::Plan> make(const std::string& mappingText) {
        diagnostics = {};
        std::optional<mapping::Mapping> mapping;
        if (!mappingText.empty()) mapping = mapping::parseMapping(mappingText, "m.yaml", diagnostics);
        EXPECT_TRUE(mapping || mappingText.empty()) << diagnostics.text();
        return fusion::makePlan(workload, chip, mapping ? &*mapping : nullptr, options, diagnostics);
    }
    std::string text(const std::string& mappingText = "") { return fusion::printText(good(mappingText), workload); }
    void stacks(const std::string& words) {
        Diagnostics wrong;
        EXPECT_TRUE(fusion::parseStacks(words, options, wrong)) << wrong.text();
    }
    void tile(const std::string& words) {
        Diagnostics wrong;
        EXPECT_TRUE(fusion::parseTile(words, options, wrong)) << wrong.text();
    }
    std::string stackList() {
        std::string list;
        for (const auto& stack : good().stacks) {
            list += list.empty() ? "" : " ";
            for (const workload::LayerId id : stack) list += std::to_string(id.index());
        }
        return list;
    }

    workload::Workload workload = fiveLayers();
    hardware::Chip chip = smallChip(3, 1 << 20);
    fusion::PlanOptions options;
    Diagnostics diagnostics;
};

}  // namespace millrace::test
