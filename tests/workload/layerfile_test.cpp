#include "explore/workload/layerfile.h"

#include <gmock/gmock.h>

#include "shared.h"
#include "support/rng.h"

namespace millrace::workload {
namespace {

using testing::HasSubstr;

const char* const kConv = R"(
0:
  operator_type: Conv
  equation: O[b][g][k][oy][ox] += W[g][k][c][fy][fx] * I[b][g][c][iy][ix]
  dimension_relations: [ix=3*ox+1*fx, iy=2*oy+1*fy]
  loop_dim_size: {B: 1, K: 4, G: 2, OX: 7, OY: 5, C: 3, FX: 3, FY: 3}
  operand_precision: {W: 4, I: 8, O: 24, O_final: 8}
  padding: {IY: [1, 0], IX: [2, 1]}
  core_allocation: [0, 2]
  spatial_mapping: {D1: [K, 4], D2: ["C, 3", "FX, 3"]}
1:
  name: pool
  operator_type: MaxPool
  equation: O[b][g][oy][ox] += W[fy][fx] * I[b][g][iy][ix]
  dimension_relations: [ix=2*ox+fx, iy=oy+fy]
  loop_dim_size: {B: 1, G: 8, OX: 3, OY: 4, FX: 2, FY: 2}
  operand_precision: {W: 0, I: 8, O: 8}
  operand_source: {I: 0, W: [1]}
  operand_source_dimension_mapping: {I: {IX: OX, IY: OY, G: K}}
)";

Workload read(const std::string& text) {
    Diagnostics diagnostics;
    auto result = parseLayers(text, "layers.yaml", diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(Workload{});
}

/// All messages for a text that must not load.
std::string errorsOf(const std::string& text) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseLayers(text, "layers.yaml", diagnostics));
    EXPECT_TRUE(diagnostics.failed());
    return diagnostics.text();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

std::string axes(const Layer& layer, const Operand& operand) {
    std::string result;
    for (const Axis& axis : operand.axes) {
        result += (result.empty() ? "" : ", ") + text(axis.index, layer.dims) + " of " + std::to_string(axis.extent);
    }
    return result;
}

TEST(LayerFile, OwnFormSaysEverything) {
    const Workload workload = read(kConv);
    ASSERT_EQ(workload.layers.size(), 2U);
    const Layer& conv = workload.layers[LayerId(0)];
    EXPECT_EQ(conv.name, "Layer0");
    EXPECT_EQ(axes(conv, conv.output), "B of 1, 4*G + K of 8, OY of 5, OX of 7");
    EXPECT_EQ(axes(conv, conv.inputs[0]), "4*G + K of 8, C of 3, FY of 3, FX of 3");
    EXPECT_EQ(axes(conv, conv.inputs[1]), "B of 1, 3*G + C of 6, 2*OY + FY - 1 of 10, 3*OX + FX - 2 of 18");
    EXPECT_EQ(conv.inputs[0].bits, 4);
    EXPECT_EQ(conv.output.bits, 24);
    EXPECT_FALSE(conv.elementwise);
    EXPECT_THAT(conv.mapping.coreAllocation, testing::ElementsAre(0, 2));
    ASSERT_EQ(conv.mapping.spatialMapping.size(), 3U);
    EXPECT_EQ(conv.mapping.spatialMapping[2].arrayDimension, "D2");
    EXPECT_EQ(conv.mapping.spatialMapping[2].loop, "FX");
    EXPECT_EQ(conv.mapping.spatialMapping[2].factor, 3);
    const Layer& pool = workload.layers[LayerId(1)];
    EXPECT_EQ(pool.name, "pool");
    EXPECT_TRUE(pool.elementwise);
    EXPECT_EQ(axes(pool, pool.inputs[1]), "B of 1, G of 8, OY + FY of 5, 2*OX + FX of 7");
    const std::vector<Need> touched = needs(workload, pool.inputs[1].source, {{0, 1}, {2, 5}, {1, 3}, {4, 9}});
    ASSERT_EQ(touched.size(), 1U);
    EXPECT_EQ(touched[0].tensor, conv.result);
    EXPECT_EQ(touched[0].box, (Box{{0, 1}, {2, 5}, {1, 3}, {4, 7}}));
    EXPECT_FALSE(workload.tensors[conv.result].isOutput);
    EXPECT_TRUE(workload.tensors[pool.result].isOutput);
}

TEST(LayerFile, MissingBordersAreSymmetricPadding) {
    const std::string text = replaced(kConv, "  padding: {IY: [1, 0], IX: [2, 1]}\n", "");
    std::string reader = R"(
2:
  operator_type: Conv
  equation: O[b][k][oy][ox] += W[k][c][fy][fx] * I[b][c][iy][ix]
  dimension_relations: [ix=1*ox+1*fx, iy=2*oy+1*fy]
  loop_dim_size: {B: 1, K: 4, OX: 7, OY: 3, C: 8, FX: 3, FY: 2}
  operand_precision: {W: 4, I: 8, O: 24, O_final: 8}
  operand_source: {I: 0, W: 2}
)";
    const Workload workload = read(text + reader);
    const Layer& conv = workload.layers[LayerId(2)];
    // 9 columns of 7: one on each side. 6 rows of 5: the odd one at the beginning.
    EXPECT_EQ(axes(conv, conv.inputs[1]), "B of 1, C of 8, 2*OY + FY - 1 of 5, OX + FX - 1 of 7");
}

TEST(LayerFile, MistakesAreNamedWithTheirPlace) {
    const auto error = [](const std::string& from, const std::string& to) {
        return errorsOf(replaced(kConv, from, to));
    };
    EXPECT_THAT(error("{B: 1, K: 4,", "{B: 1, K: 0,"),
                HasSubstr("layers.yaml:6:28: error: layer 0: loop K has size 0"));
    EXPECT_THAT(error("K: 4, G: 2,", "K: 4, k: 4, G: 2,"), HasSubstr("loop K is given twice"));
    EXPECT_THAT(error("C: 3, FX: 3, FY: 3}", "FX: 3, FY: 3}"),
                HasSubstr("operand W has dimension C, which has no size"));
    EXPECT_THAT(error("ix=3*ox+1*fx", "ix=3*ox+1*fz"), HasSubstr("uses loop FZ, which has no size"));
    EXPECT_THAT(error("ix=3*ox+1*fx", "ix=3*ox-1*fx"), HasSubstr("cannot be read at '-1*fx'"));
    EXPECT_THAT(error("ix=3*ox+1*fx", "ix=ox+fx+c"), HasSubstr("more than two terms"));
    EXPECT_THAT(error("ix=3*ox+1*fx", "iy=3*ox+1*fx"), HasSubstr("dimension IY has two relations"));
    EXPECT_THAT(error("FY: 3}", "FY: 3, IX: 18}"), HasSubstr("has a relation and a loop size"));
    EXPECT_THAT(error("O[b][g][k]", "P[b][g][k]"), HasSubstr("calls its output 'P'"));
    EXPECT_THAT(error(" * I[b]", " - I[b]"), HasSubstr("the equation cannot be read at '-I[b]"));
    EXPECT_THAT(error(" * I[b]", " * J[b] * I[b]"), HasSubstr("has 3 inputs"));
    EXPECT_THAT(error("{W: 4, I: 8, O: 24, O_final: 8}", "{W: 4, I: 8, O_final: 8}"),
                HasSubstr("operand_precision has no O"));
    EXPECT_THAT(error("{W: 4, I: 8, O: 24,", "{O: 24,"), HasSubstr("operand_precision has no W"));
    EXPECT_THAT(error("{W: 4, I: 8,", "{W: 4, I: 80,"), HasSubstr("operand I has 80 bits"));
    EXPECT_THAT(error("{I: 0, W: [1]}", "{I: 7, W: [1]}"),
                HasSubstr("layers.yaml:18:23: error: layer 1: operand I reads layer 7"));
    EXPECT_THAT(error("{I: 0, W: [1]}", "{X: 0}"), HasSubstr("names operand X, which the equation does not have"));
    EXPECT_THAT(error("G: 8, OX: 3", "G: 9, OX: 3"), HasSubstr("reads 9 values of G, but what it reads has 8"));
    EXPECT_THAT(error("IX: [2, 1]", "IX: [2]"), HasSubstr("two numbers"));
    EXPECT_THAT(error("IX: [2, 1]", "IX: [-2, 1]"), HasSubstr("a padding of -2"));
    EXPECT_THAT(error("IX: [2, 1]", "IX: [20, 10]"), HasSubstr("nothing of dimension IX is left"));
    EXPECT_THAT(error("IX: [2, 1]", "OX: [2, 1]"),
                HasSubstr("dimension OX is given a size or padding, but has no relation"));
    EXPECT_THAT(error("  core_allocation", "  core_alocation"), HasSubstr("core_allocation"));
    EXPECT_THAT(error("OX: 7, OY: 5", "OX: 1099511627776, OY: 1099511627776"), HasSubstr("2^62 points"));
}

TEST(LayerFile, AllMistakesComeAtOnce) {
    const std::string text = errorsOf(replaced(replaced(kConv, "K: 4", "K: -4"), "I: 0, W: [1]", "I: x, W: [1]"));
    EXPECT_THAT(text, HasSubstr("loop K has size -4"));
    EXPECT_THAT(text, HasSubstr("source of I"));
}

TEST(LayerFile, ListsMustHaveTheSameLength) {
    const std::string head = "- id: 0\n  operator_type: Add\n  equation: O[b][k]=W[b][k]+I[b][k]\n";
    const std::string bits = "  operand_precision: {O: 8, W: 8, I: 8}\n";
    EXPECT_THAT(errorsOf(head + "  loop_dims: [B, K]\n  loop_sizes: [1, 2, 3]\n" + bits),
                HasSubstr("3 loop_sizes for 2 loop_dims"));
    EXPECT_THAT(errorsOf(head + bits), HasSubstr("it has no loop sizes"));
    const std::string good = head + "  loop_dims: [B, K]\n  loop_sizes: [1, 2]\n";
    EXPECT_THAT(errorsOf(good + bits + "  pr_loop_dims: [IX]\n  padding: [[0, 0], [0, 0]]\n"),
                HasSubstr("2 values in padding for 1"));
    EXPECT_EQ(read(good + bits).layers.size(), 1U);
    EXPECT_TRUE(read(good + bits).layers[LayerId(0)].elementwise);
}

TEST(LayerFile, AnIdStandsOnce) {
    const std::string layer =
        "- {id: 3, operator_type: Add, equation: 'O[k]=W[k]+I[k]', loop_dim_size: {K: 4}, "
        "operand_precision: {O: 8, W: 8, I: 8}}\n";
    EXPECT_EQ(read(layer).layers.size(), 1U);
    EXPECT_THAT(errorsOf(layer + layer), HasSubstr("layers.yaml:2:3: error: two layers have id 3"));
}

TEST(LayerFile, HostileBytesEndInErrors) {
    Rng rng(7);
    const std::int64_t runs = test::count(200000);
    for (std::int64_t run = 0; run < runs; ++run) {
        std::string text = kConv;
        for (std::uint64_t edits = 1 + rng.below(6); edits-- > 0;) {
            const std::size_t at = rng.below(text.size());
            const std::string_view pieces = "0:[]{}*+=,-9 \n\"&~OIWkgx";
            if (rng.below(3) == 0) {
                text.erase(at, 1 + rng.below(12));
            } else if (rng.below(2) == 0) {
                text[at] = pieces[rng.below(pieces.size())];
            } else {
                text.insert(at, 1 + rng.below(3), pieces[rng.below(pieces.size())]);
            }
            if (text.empty()) text = "x";
        }
        Diagnostics diagnostics;
        const bool loaded = parseLayers(text, "f", diagnostics).has_value();
        EXPECT_NE(loaded, diagnostics.failed()) << text << diagnostics.text();
    }
}

TEST(LayerFile, PeersFilesLoad) {
    MILLRACE_NEEDS_SHARED();
    int files = 0;
    for (const char* peer : {"zigzag", "stream-2025", "stream-2026"}) {
        const std::string folder = test::sharedDir() + "/peers/" + peer + "/workload";
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            if (entry.path().extension() != ".yaml") continue;
            ++files;
            Diagnostics diagnostics;
            const auto workload = readLayers(entry.path().string(), diagnostics);
            ASSERT_TRUE(workload) << entry.path() << "\n" << diagnostics.text();
            EXPECT_GT(workload->layers.size(), 0U);
        }
    }
    EXPECT_EQ(files, 9);
}

TEST(LayerFile, PeersResNetHasTheKnownPadding) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto workload = readLayers(test::sharedDir() + "/peers/zigzag/workload/resnet18.yaml", diagnostics);
    ASSERT_TRUE(workload) << diagnostics.text();
    EXPECT_EQ(workload->layers.size(), 31U);
    const Layer& pool = workload->layers[LayerId(1)];
    EXPECT_EQ(axes(pool, pool.inputs[1]), "B of 1, G of 64, 2*OY + FY - 1 of 112, 2*OX + FX - 1 of 112");
    const Layer& conv = workload->layers[LayerId(2)];
    EXPECT_EQ(axes(conv, conv.inputs[1]), "B of 1, C of 64, OY + FY - 1 of 56, OX + FX - 1 of 56");
    std::int64_t outputs = 0;
    for (const Tensor& tensor : workload->tensors) outputs += tensor.isOutput ? 1 : 0;
    EXPECT_EQ(outputs, 1);
}

}  // namespace
}  // namespace millrace::workload
