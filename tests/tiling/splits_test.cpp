#include "explore/tiling/splits.h"

#include <gtest/gtest.h>

#include "layers.h"

namespace millrace::tiling {
namespace {

using mapping::Tiling;

struct Splits : testing::Test {
    void SetUp() override {
        test::addConv(workload, "conv", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    }
    const workload::Layer& conv() const { return workload.layers[workload::LayerId(0)]; }
    /// "K3 OY2", the first one first.
    std::string inter(std::vector<Tiling> tilings, std::size_t cores) {
        mapping::MappingEntry entry;
        entry.interCoreTiling = std::move(tilings);
        return text(interSplits(conv(), entry, cores));
    }
    std::string intra(std::vector<Tiling> tilings, const std::vector<Split>& over, std::int64_t star = 4) {
        mapping::MappingEntry entry;
        entry.intraCoreTiling = std::move(tilings);
        return text(intraSplits(conv(), entry, over, star));
    }
    std::string text(const std::vector<Split>& splits) {
        std::string result;
        for (const Split& split : splits) result += conv().dims[split.dim].name + std::to_string(split.parts) + " ";
        return result;
    }
    test::ConvShape shape{8, 4, 6, 10};  // K 8, C 4, OY 6, OX 10
    workload::Workload workload;
};

Tiling parts(const std::string& dim, std::int64_t n) { return {dim, Tiling::Kind::parts, n}; }
Tiling all(const std::string& dim) { return {dim, Tiling::Kind::all, 1}; }
Tiling star(const std::string& dim) { return {dim, Tiling::Kind::wildcard, 1}; }

TEST_F(Splits, OverCores) {
    EXPECT_EQ(inter({parts("K", 3)}, 4), "K3 ");
    EXPECT_EQ(inter({parts("K", 30)}, 4), "K8 ") << "no part is empty";
    EXPECT_EQ(inter({star("K")}, 6), "K6 ");
    EXPECT_EQ(inter({star("K")}, 60), "K8 ");
    EXPECT_EQ(inter({parts("K", 2), star("OY")}, 6), "K2 OY3 ");
    EXPECT_EQ(inter({star("OY"), parts("K", 2)}, 6), "OY3 K2 ");
    EXPECT_EQ(inter({star("OY"), parts("K", 8)}, 6), "K8 ") << "nothing is left";
    EXPECT_EQ(inter({star("OY"), star("K")}, 6), "OY6 ") << "one of them takes all";
    EXPECT_EQ(inter({all("C"), parts("H", 2)}, 6), "C4 ") << "no loop H";
    EXPECT_EQ(inter({parts("OX", 1)}, 6), "");
}

TEST_F(Splits, InTime) {
    EXPECT_EQ(intra({all("OY")}, {}), "OY6 ");
    EXPECT_EQ(intra({all("OX"), parts("OY", 2)}, {{3, 4}}), "OX2 OY2 ") << "floor(10 / 4) steps of each part";
    EXPECT_EQ(intra({star("OX")}, {}), "OX4 ");
    EXPECT_EQ(intra({star("OX")}, {{3, 4}}), "OX2 ");
    EXPECT_EQ(intra({parts("OX", 2), parts("C", 2), parts("OX", 3)}, {}), "OX6 C2 ") << "of one loop both";
    EXPECT_EQ(intra({parts("OX", 4), parts("OX", 4)}, {}), "OX10 ");
}

TEST_F(Splits, Lists) {
    std::vector<Split> splits;
    addSplit(splits, 2, 1, 10);
    EXPECT_TRUE(splits.empty());
    addSplit(splits, 2, 3, 10);
    addSplit(splits, 1, 4, 4);
    addSplit(splits, 2, std::int64_t{1} << 62, 10);
    EXPECT_EQ(partsOf(splits, 2), 10);
    EXPECT_EQ(partsOf(splits, 0), 1);
    EXPECT_EQ(partsOf(splits), 40);
}

}  // namespace
}  // namespace millrace::tiling
