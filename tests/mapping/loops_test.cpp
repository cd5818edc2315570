#include "explore/mapping/loops.h"

#include <gtest/gtest.h>

#include "layers.h"

namespace millrace::mapping {
namespace {

using workload::DimKind;

workload::Layer layerOf(const std::string& type, const std::vector<std::string>& loops, bool elementwise = false) {
    workload::Layer layer;
    layer.type = type;
    layer.elementwise = elementwise;
    for (const std::string& loop : loops) layer.dims.push_back({loop, 4, DimKind::parallel});
    return layer;
}

MappingEntry entryWith(std::vector<Tiling> intra, std::vector<Tiling> inter = {}) {
    MappingEntry entry;
    entry.intraCoreTiling = std::move(intra);
    entry.interCoreTiling = std::move(inter);
    return entry;
}

Tiling named(const std::string& dim) { return {dim, Tiling::Kind::all, 1}; }
Tiling placed(std::size_t place) { return {"D" + std::to_string(place), Tiling::Kind::all, 1, place}; }

TEST(Loops, StreamsNamesInElementwiseEntries) {
    const workload::Layer relu = layerOf("Relu", {"B", "K", "OY", "OX"}, true);
    const workload::Layer conv = layerOf("Conv", {"B", "K", "OX", "OY", "C"});
    const MappingEntry stream = entryWith({named("D")}, {named("H")});
    EXPECT_EQ(resolve(relu, stream, named("H")), relu.dim("K"));
    EXPECT_EQ(resolve(relu, stream, named("D")), relu.dim("OY"));
    EXPECT_EQ(resolve(relu, stream, named("K")), relu.dim("OX"));
    const MappingEntry ours = entryWith({}, {named("K")});
    EXPECT_EQ(resolve(relu, ours, named("K")), relu.dim("K"));
    EXPECT_EQ(resolve(conv, stream, named("H")), std::nullopt) << "what a layer lacks is not split";
}

TEST(Loops, FiltersOfGroupsAreSplitByGroups) {
    workload::Layer grouped = layerOf("Conv", {"B", "K", "G", "OX", "OY", "C", "FX", "FY"});
    const MappingEntry entry = entryWith({}, {named("K")});
    EXPECT_EQ(resolve(grouped, entry, named("K")), grouped.dim("G"));
    EXPECT_EQ(resolve(grouped, entry, placed(6)), grouped.dim("G"));
    grouped.dims[*grouped.dim("G")].size = 1;
    EXPECT_EQ(resolve(grouped, entry, named("K")), grouped.dim("K"));
}

TEST(Loops, StreamsOrderOfEachOperator) {
    const struct {
        workload::Layer layer;
        std::string order;
    } cases[] = {
        {layerOf("Conv", {"B", "K", "G", "OX", "OY", "C", "FX", "FY"}), "D0 B, D1 OX, D2 OY, D3 FX, D4 FY, D5 C, D6 K"},
        {layerOf("Gemm", {"C", "D", "K"}), "D0 D, D1 C, D2 K"},
        {layerOf("Gemm", {"B", "K", "C"}), "D0 B, D1 C, D2 K"},
        {layerOf("MatMul", {"C", "D", "K"}), "D0 D, D1 K, D2 C"},
        {layerOf("MatMul", {"C", "D", "K", "B", "H"}), "D0 B, D1 H, D2 D, D3 K, D4 C"},
        {layerOf("MaxPool", {"B", "K", "OY", "OX", "FY", "FX"}, true), "D0 B, D1 K, D2 OY, D3 OX, D4 FY, D5 FX"},
        {layerOf("GlobalAveragePool", {"B", "K", "OY", "OX", "FY", "FX"}, true),
         "D0 B, D1 K, D2 OY, D3 OX, D4 FY, D5 FX"},
        {layerOf("Relu", {"B", "K", "OY", "OX"}, true), "D0 B, D1 K, D2 OY, D3 OX"},
        {layerOf("Silu", {"D", "K"}, true), "D0 D, D1 K"},
        {layerOf("Conv", {"K", "C", "OY", "OX"}), "D0 (none), D1 OX, D2 OY, D3 (none), D4 (none), D5 C, D6 K"},
    };
    for (const auto& [layer, order] : cases) EXPECT_EQ(placesText(layer), order) << layer.type;
}

TEST(Loops, PlacesThatALayerLacks) {
    const workload::Layer gemm = layerOf("Gemm", {"C", "D", "K"});
    const workload::Layer conv = layerOf("Conv", {"K", "C", "OY", "OX"});
    EXPECT_EQ(resolve(gemm, {}, placed(2)), gemm.dim("K"));
    EXPECT_EQ(resolve(gemm, {}, placed(3)), std::nullopt);
    EXPECT_EQ(resolve(conv, {}, placed(0)), std::nullopt) << "no batch loop";
}

}  // namespace
}  // namespace millrace::mapping
