#include "explore/workload/uniquenames.h"

#include <gmock/gmock.h>

#include "explore/workload/layerfile.h"

namespace millrace::workload {
namespace {

using testing::ElementsAre;

std::vector<std::string> namesOf(const Workload& workload) {
    std::vector<std::string> names;
    for (const Layer& layer : workload.layers) names.push_back(layer.name);
    return names;
}

TEST(UniqueNames, EachLayerHasItsOwn) {
    Workload workload;
    for (const char* name : {"a", "b", "a", "a#2", "a", "", "", "b#2", "b"}) {
        Layer layer;
        layer.name = name;
        workload.layers.add(std::move(layer));
    }
    Diagnostics diagnostics;
    makeNamesUnique(workload, diagnostics);
    EXPECT_THAT(namesOf(workload), ElementsAre("a", "b", "a#3", "a#2", "a#4", "", "#2", "b#2", "b#3"));
    EXPECT_EQ(diagnostics.all().size(), 4U);
    EXPECT_FALSE(diagnostics.failed());
    makeNamesUnique(workload, diagnostics);
    EXPECT_EQ(diagnostics.all().size(), 4U);
}

TEST(UniqueNames, OfLayerFiles) {
    const std::string layer =
        "  name: twice\n  operator_type: Gemm\n  equation: O[d][k]+=I[d][c]*W[c][k]\n  loop_dims: [D, K, C]\n"
        "  loop_sizes: [4, 4, 4]\n  operand_precision: {O: 16, O_final: 8, W: 8, I: 8}\n  operand_source: {}\n";
    Diagnostics diagnostics;
    const auto workload = parseLayers("- id: 0\n" + layer + "- id: 1\n" + layer, "l.yaml", diagnostics);
    ASSERT_TRUE(workload) << diagnostics.text();
    EXPECT_THAT(namesOf(*workload), ElementsAre("twice", "twice#2"));
    EXPECT_THAT(diagnostics.text(), testing::HasSubstr("warning: layer 1 has the name 'twice' of an earlier one; it "
                                                       "is now 'twice#2'"));
}

}  // namespace
}  // namespace millrace::workload
