#include "model/quantize/bits.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::quantize {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

BitsModel four() {
    BitsModel model{"first.onnx", {}};
    for (const char* name : {"conv2d_0", "conv2d_1", "important_conv", "dense_layer"})
        model.layers.push_back({name, {}, true});
    return model;
}

BitsModel other() {
    return {
        "second.onnx",
        {{"conv1", {"features.0", "features.0.weight"}, true}, {"pool", {}, false}, {"/block/conv2/Conv", {}, true}}};
}

WeightBits read(std::string_view text, const std::vector<BitsModel>& models, const BitsRules& rules = dataflowBits()) {
    Diagnostics diagnostics;
    const auto bits = parseBits(text, "t.json", models, rules, diagnostics);
    EXPECT_TRUE(bits) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    return bits.value_or(WeightBits());
}

std::string said(std::string_view text, const std::vector<BitsModel>& models, const BitsRules& rules = dataflowBits()) {
    Diagnostics diagnostics;
    const auto bits = parseBits(text, "t.json", models, rules, diagnostics);
    EXPECT_EQ(bits.has_value(), !diagnostics.failed());
    return diagnostics.text();
}

TEST(Bits, OneModel) {
    EXPECT_THAT(read("{\n\"important_conv\": 16,\n\"dense_layer\": 4\n}", {four()}),
                ElementsAre(ElementsAre(8, 8, 16, 4)));
    EXPECT_THAT(read("{\n\"__DEFAULT__\" : 16\n}", {four()}), ElementsAre(ElementsAre(16, 16, 16, 16)));
    EXPECT_THAT(read("{\"conv2d_0\": 4, \"__DEFAULT__\" : 16}", {four()}), ElementsAre(ElementsAre(4, 16, 16, 16)));
    EXPECT_THAT(read("{}", {four()}), ElementsAre(ElementsAre(8, 8, 8, 8)));
    EXPECT_THAT(read("{\"conv2d_1\": 3}", {four()}, anyBits()), ElementsAre(ElementsAre(8, 3, 8, 8)));
}

TEST(Bits, SeveralModels) {
    const std::vector<BitsModel> models = {four(), other()};
    EXPECT_THAT(read("{\n\"0\": {\"__DEFAULT__\": 16, \"conv2d_1\": 8, \"dense_layer\": 4},\n\"1\": {\"__DEFAULT__\": "
                     "4, \"conv1\": 16}\n}",
                     models),
                ElementsAre(ElementsAre(16, 8, 16, 4), ElementsAre(16, 4, 4)));
    EXPECT_THAT(read("{\n\"1\": {\"__DEFAULT__\": 16}\n}", models),
                ElementsAre(ElementsAre(8, 8, 8, 8), ElementsAre(16, 16, 16)));
    EXPECT_THAT(read("{\"0\": {}, \"1\": {}}", models), ElementsAre(ElementsAre(8, 8, 8, 8), ElementsAre(8, 8, 8)));
    EXPECT_THAT(read("{\"0\": {\"conv2d_0\": 4}}", {four()}), ElementsAre(ElementsAre(4, 8, 8, 8)));
    EXPECT_THAT(said("{\"__DEFAULT__\": 16}", models),
                HasSubstr("t.json:1:1: error: this is a table for one model, but there are 2: 0 first.onnx, 1 "
                          "second.onnx (write {\"0\": {...}"));
}

TEST(Bits, ALayerCalledZeroIsNoModel) {
    const BitsModel model{"m", {{"0", {}, true}, {"1", {}, true}}};
    EXPECT_THAT(read("{\"0\": 16}", {model}), ElementsAre(ElementsAre(16, 8)));
    EXPECT_THAT(read("{\"0\": {\"0\": 4}}", {model}), ElementsAre(ElementsAre(4, 8)));
    EXPECT_THAT(said("{\"0\": 16,\n \"1\": {}}", {model}),
                HasSubstr("t.json:2:7: error: '1' is a map, but other values of this table are not"));
}

TEST(Bits, OtherNamesOfALayer) {
    EXPECT_THAT(read("{\"features.0\": 16}", {other()}), ElementsAre(ElementsAre(16, 8, 8)));
    EXPECT_THAT(read("{\"features.0\": 16, \"conv1\": 16}", {other()}), ElementsAre(ElementsAre(16, 8, 8)));
    EXPECT_THAT(said("{\"features.0\": 16,\n\"conv1\": 4}", {other()}),
                HasSubstr("t.json:2:1: error: 'conv1' and 'features.0' (line 1) are both layer 'conv1', with 4 and 16 "
                          "bits (keep one of them)"));
    // A name goes before another layer's other name; a name of several layers stands for all.
    const BitsModel model{"m", {{"a", {"b"}, true}, {"b", {"c"}, true}, {"d", {"c"}, true}}};
    EXPECT_THAT(read("{\"b\": 4, \"c\": 4}", {model}), ElementsAre(ElementsAre(8, 4, 4)));
}

TEST(Bits, MistakesAreNamedWithTheirPlaces) {
    EXPECT_EQ(said("{\n \"conv2d_0\": 12}", {four()}),
              "t.json:2:14: error: the precision of 'conv2d_0' is 12 bits; 4, 8 or 16 are possible (write 16)\n");
    EXPECT_EQ(said("{\"__DEFAULT__\": 32}", {four()}),
              "t.json:1:17: error: the precision of '__DEFAULT__' is 32 bits; 4, 8 or 16 are possible (write 16)\n");
    EXPECT_THAT(said("{\"conv2d_0\": 0}", {four()}, anyBits()), HasSubstr("is 0 bits; 1 to 16 are possible (write 1)"));
    EXPECT_THAT(said("{\"conv2d_0\": \"16\"}", {four()}),
                HasSubstr("t.json:1:14: error: the precision of 'conv2d_0' must be a whole number, but is the text "
                          "'16' (remove the quotes)"));
    EXPECT_THAT(said("{\"conv2d_0\": 4.5}", {four()}), HasSubstr("must be a whole number"));
    EXPECT_THAT(said("{\"conv2d_0\": null}", {four()}), HasSubstr("must be a whole number"));
    EXPECT_EQ(said("{\"imporant_conv\": 16}", {four()}),
              "t.json:1:2: error: first.onnx has no layer 'imporant_conv' (did you mean 'important_conv'?)\n");
    EXPECT_THAT(said("{\"Conv2\": 16}", {other()}), HasSubstr("(did you mean '/block/conv2/Conv'?)"));
    EXPECT_THAT(said("{\"xyz\": 16}", {four()}),
                HasSubstr("(layers with weights: 'conv2d_0', 'conv2d_1', 'important_conv', ...)"));
    EXPECT_THAT(
        said("{\"2\": {}}", {four(), other()}),
        HasSubstr(
            "t.json:1:2: error: '2' is not the number of a model, from 0 to 1 (models: 0 first.onnx, 1 second.onnx)"));
    for (const char* key : {"00", "0x", "01", "-1", "first.onnx", "", " 1", "99999999999999999999"})
        EXPECT_THAT(said(fmt::format("{{\"{}\": {{}}}}", key), {four()}), HasSubstr("is not the number of a model"))
            << key;
    EXPECT_THAT(said("[8]", {four()}), HasSubstr("a table of precision must be a map, but is a list"));
    EXPECT_THAT(said("", {four()}), HasSubstr("t.json:1:1: error"));
    EXPECT_THAT(said("{\"x\": 5,\n\"y\": 16}", {four()}),
                AllOf(HasSubstr("t.json:1:7"), HasSubstr("layer 'x'"), HasSubstr("layer 'y'")));
}

TEST(Bits, WarningsDoNotStop) {
    EXPECT_EQ(said("{\"pool\": 4}", {other()}),
              "t.json:1:2: warning: layer 'pool' has no weights; this changes nothing\n");
    EXPECT_THAT(said("{\"conv1\": 4,}", {other()}), HasSubstr("t.json:1:12: warning: a comma before '}'"));
    EXPECT_THAT(said("{\"conv1\": 4 // low\n}", {other()}), HasSubstr("warning: comments"));
}

TEST(Bits, ManyMistakesAreCounted) {
    std::string text = "{\"__DEFAULT__\": 8";
    for (int i = 0; i < 50'000; ++i) text += fmt::format(", \"nowhere{}\": 3", i);
    Diagnostics diagnostics;
    EXPECT_FALSE(parseBits(text + "}", "t.json", std::vector{four()}, dataflowBits(), diagnostics));
    EXPECT_LT(diagnostics.all().size(), 100U);
    EXPECT_THAT(diagnostics.text(), HasSubstr("50000 names are no layers of first.onnx; 20 of them are listed"));
}

TEST(Bits, PrintedTablesReadBack) {
    Rng rng(31);
    const std::int64_t n = test::count(100'000);
    for (std::int64_t k = 0; k < n; ++k) {
        std::vector<BitsModel> models(1 + rng.below(3));
        WeightBits bits;
        for (BitsModel& model : models) {
            std::vector<int>& values = bits.emplace_back();
            const auto layers = rng.below(6);
            for (std::uint64_t i = 0; i < layers; ++i) {
                model.layers.push_back({fmt::format("l\"{}\\\n", i), {}, true});
                values.push_back(dataflowBits().allowed[rng.below(3)]);
            }
        }
        Diagnostics diagnostics;
        const std::string text = printBits(bits, models, dataflowBits());
        const auto again = parseBits(text, "t.json", models, dataflowBits(), diagnostics);
        ASSERT_TRUE(again) << text << diagnostics.text();
        ASSERT_EQ(*again, bits) << text;
        ASSERT_EQ(diagnostics.text(), "");
    }
    EXPECT_EQ(printBits({{8, 8, 16, 4}}, std::vector{four()}, dataflowBits()),
              "{\n  \"important_conv\": 16,\n  \"dense_layer\": 4\n}\n");
    EXPECT_EQ(printBits({{16, 16, 16, 4}}, std::vector{four()}, dataflowBits()),
              "{\n  \"__DEFAULT__\": 16,\n  \"dense_layer\": 4\n}\n");
}

TEST(Bits, NamesOfANetwork) {
    Diagnostics diagnostics;
    Network network;
    network.file = "n.onnx";
    const auto tensor = [&](const char* name, Shape shape, bool isConstant) {
        Tensor t;
        t.name = name;
        t.type = DataType::float32;
        t.shape = std::move(shape);
        if (isConstant) t.constant = Constant{};
        return network.tensors.add(std::move(t));
    };
    const TensorId x = tensor("x", {1, 3, 8, 8}, false);
    const TensorId w = tensor("layer1.conv.weight", {4, 3, 1, 1}, true);
    const TensorId y = tensor("y", {1, 4, 8, 8}, false);
    const TensorId z = tensor("z", {1, 4, 8, 8}, false);
    Operator conv;
    conv.name = "Conv_0";
    conv.type = "Conv";
    conv.inputs = {x, w};
    conv.outputs = {y};
    network.operators.add(conv);
    Operator relu;
    relu.name = "Relu_1";
    relu.type = "Relu";
    relu.inputs = {y};
    relu.outputs = {z};
    network.operators.add(relu);
    const BitsModel model = bitsModel(network);
    EXPECT_EQ(model.name, "n.onnx");
    ASSERT_EQ(model.layers.size(), 2U);
    EXPECT_THAT(model.layers[0].aliases, ElementsAre("y", "layer1.conv.weight", "layer1.conv"));
    EXPECT_TRUE(model.layers[0].hasWeights);
    EXPECT_FALSE(model.layers[1].hasWeights);
    for (const char* name : {"Conv_0", "y", "layer1.conv"})
        EXPECT_THAT(read(fmt::format("{{\"{}\": 4}}", name), {model}), ElementsAre(ElementsAre(4, 8)));
}

}  // namespace
}  // namespace millrace::model::quantize
