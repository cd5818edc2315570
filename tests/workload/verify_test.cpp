#include <gmock/gmock.h>

#include <functional>

#include "explore/workload/lower.h"
#include "workload/nets.h"

namespace millrace::workload {
namespace {

using test::Net;
using testing::HasSubstr;

Workload example() {
    Net net;
    const auto x = net.input({1, 4, 6, 8});
    const auto y = net.conv(x, 4, {3, 3}, {1, 1}, {1, 1, 1, 1});
    const auto z = net.op("Add", {x, y}, {1, 4, 6, 8});
    const auto h = net.op("NonMaxSuppression", {z}, {1, 4, 6, 8});
    net.output(net.op("Relu", {h}, {1, 4, 6, 8}));
    Diagnostics diagnostics;
    auto workload = lower(net.network, {}, diagnostics);
    EXPECT_TRUE(workload) << diagnostics.text();
    return workload.value_or(Workload{});
}

/// What verify says about the example after a change.
std::string after(const std::function<void(Workload&)>& change) {
    Workload workload = example();
    change(workload);
    Diagnostics diagnostics;
    EXPECT_FALSE(verify(workload, diagnostics));
    return diagnostics.text();
}

std::vector<Piece>& pieces(Workload& workload, std::size_t layer, std::size_t input) {
    return std::get<std::vector<Piece>>(workload.layers[LayerId(layer)].inputs[input].source);
}

TEST(Verify, AcceptsWhatLowerGives) {
    Diagnostics diagnostics;
    EXPECT_TRUE(verify(example(), diagnostics)) << diagnostics.text();
}

TEST(Verify, NamesEachViolation) {
    const auto dim = [](auto change) { return after([&](Workload& w) { change(w.layers[LayerId(0)].dims); }); };
    EXPECT_THAT(dim([](auto& dims) { dims[1].size = 0; }), HasSubstr("loop K has size 0"));
    EXPECT_THAT(dim([](auto& dims) { dims[1].name = "B"; }), HasSubstr("two loops are called 'B'"));
    EXPECT_THAT(dim([](auto& dims) { dims[1].size = dims[3].size = std::int64_t{1} << 40; }),
                HasSubstr("2^62 operations"));
    const auto layer = [](auto change) { return after([&](Workload& w) { change(w.layers[LayerId(0)]); }); };
    EXPECT_THAT(layer([](Layer& l) { l.inputs[1].axes[2].index.divisor = 0; }), HasSubstr("divisor below 1"));
    EXPECT_THAT(layer([](Layer& l) { l.inputs[1].axes[2].index.terms[0].dim = 8; }),
                HasSubstr("a loop that does not exist"));
    EXPECT_THAT(layer([](Layer& l) { l.output.axes[1].extent = 5; }), HasSubstr("are not the shape of tensor"));
    EXPECT_THAT(layer([](Layer& l) { l.output.bits = 0; }), HasSubstr("outside of 1 to 64 bits"));
    EXPECT_THAT(layer([](Layer& l) { l.result = TensorId(99); }), HasSubstr("its result does not exist"));
    EXPECT_THAT(layer([](Layer& l) { l.inputs[1].bits = 0; }), HasSubstr("of 0 bits reads something"));
    const auto piece = [](auto change) { return after([&](Workload& w) { change(pieces(w, 0, 1)[0]); }); };
    EXPECT_THAT(piece([](Piece& p) { p.tensor = TensorId(77); }), HasSubstr("reads a tensor that does not exist"));
    EXPECT_THAT(piece([](Piece& p) { p.region[3].end = 9; }), HasSubstr("outside of its extent"));
    EXPECT_THAT(piece([](Piece& p) { p.map[3].offset = 1; }), HasSubstr("reads outside of tensor 't0' on axis 3"));
    EXPECT_THAT(piece([](Piece& p) { p.map.pop_back(); }), HasSubstr("a piece of the wrong rank"));
    EXPECT_THAT(piece([](Piece& p) { p.map[3].operandAxis = 4; }), HasSubstr("an axis it does not have"));
    EXPECT_THAT(piece([](Piece& p) { p.viewShape = {1, 4, 6, 9}; }), HasSubstr("another number of elements"));
    EXPECT_THAT(after([](Workload& w) { pieces(w, 0, 1)[0].tensor = w.layers[LayerId(1)].result; }),
                HasSubstr("before its layer has run"));
    EXPECT_THAT(after([](Workload& w) { w.tensors[TensorId(0)].bits = 65; }), HasSubstr("65 bits an element"));
    EXPECT_THAT(after([](Workload& w) { w.tensors[TensorId(0)].producer = LayerId(0); }),
                HasSubstr("a producer belongs to"));
    EXPECT_THAT(after([](Workload& w) { w.tensors[w.layers[LayerId(1)].result].isOutput = false; }),
                HasSubstr("which is not brought off chip"));
}

TEST(Verify, TextSaysWhatIsThere) {
    const std::string text = printText(example());
    EXPECT_THAT(text,
                HasSubstr("layer 0 Conv 'Conv_0': B 1, K 4, G 1, OX 8, OY 6, C+ 4, FX+ 3, FY+ 3 (6912 operations)"));
    EXPECT_THAT(text, HasSubstr("[IY: OY + FY - 1 of 6][IX: OX + FX - 1 of 8]"));
    EXPECT_THAT(text, HasSubstr("[0:1, 0:4, 0:6, 0:8] -> 't0' [i0, i1, i2, i3]"));
    EXPECT_THAT(
        text,
        HasSubstr("host NonMaxSuppression 'NonMaxSuppression_2': operator type 'NonMaxSuppression' has no loop nest"));
}

}  // namespace
}  // namespace millrace::workload
