#include "report/cost.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cost/toy.h"
#include "explore/workload/layerfile.h"
#include "hardware/read.h"
#include "image.h"
#include "report/text.h"
#include "shared.h"

namespace millrace {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// A result of `cost` made of nests, all of them on the toy's core.
explore::CoreResult resultOf(const std::vector<cost::Nest>& nests, hardware::Core core, const std::string& prefix = "",
                             std::vector<mapping::TemporalLoop> temporal = {}) {
    explore::CoreResult result;
    result.core = std::move(core);
    result.workload.name = prefix + "net";
    mapper::Cache cache;
    for (const cost::Nest& nest : nests) {
        workload::Layer layer;
        layer.name = prefix + "layer" + std::to_string(result.layers.size());
        layer.type = "Conv";
        explore::CoreLayer& made = result.layers.emplace_back();
        made.layer = result.workload.layers.add(layer);
        made.core = result.core;
        made.nest = nest;
        Diagnostics diagnostics;
        mapper::Request request{nest, result.core, test::toySpatial()};
        request.temporal = temporal;
        made.mapping = cache.map(request, diagnostics);
        EXPECT_TRUE(made.mapping) << diagnostics.text();
        made.sensitivity = mapper::sensitivity(request, *made.mapping, cache);
        result.energy += made.mapping->energy;
        result.latency += made.mapping->latency;
    }
    return result;
}

explore::CoreResult toyResult() {
    return resultOf({test::toyNest()}, test::toyCore(), "", {{"C", 3}, {"OX", 2}, {"K", 6}, {"OY", 2}});
}

/// Without line breaks and runs of blanks.
std::string flat(const std::string& text) {
    std::istringstream words(text);
    std::string result;
    for (std::string word; words >> word;) result += (result.empty() ? "" : " ") + word;
    return result;
}

void expectNarrow(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(report::columns(line), 120u) << line;
}

/// Every number of zigzag.md 15.1 that a reader needs.
TEST(CostExplain, TellsTheToysStory) {
    const std::string text = report::costExplain(toyResult(), "layer0");
    expectNarrow(text);
    EXPECT_THAT(text, HasSubstr("93 cycles, 11.73 nJ"));
    EXPECT_THAT(text,
                HasSubstr("45 at full array (48 %) + 27 lost to idle units (29 %) + 10 stalled (11 %) + 9 on-loading"));
    EXPECT_THAT(text, HasSubstr("10 cycles stalled by port sram.port of 64 bit a cycle:"));
    EXPECT_THAT(text, HasSubstr("I sram -> array: 1 cycle for 32 bit in every cycle, 72 times"));
    EXPECT_THAT(text, HasSubstr("O sram -> dram: 1 cycle for 32 bit in every 6 cycles, 12 times"));
    EXPECT_THAT(text, HasSubstr("82 cycles needed in the 72 cycles in which one of them is allowed: 10 too many"));
    EXPECT_THAT(text, HasSubstr("for OY in 2"));
    EXPECT_THAT(text, HasSubstr("parfor OX in 4 on D1: 4 of 4 units"));
    EXPECT_THAT(text, HasSubstr("73 % full"));
    EXPECT_THAT(text, HasSubstr("on-loading in cycles: W dram -> reg_W 1, I dram -> sram 9"));
    EXPECT_THAT(text, HasSubstr("only mapping that was tried"));
    EXPECT_EQ(text.find("for OY in 2") < text.find("for C in 3"), true) << "outermost first";
}

TEST(CostExplain, SaysWhichLayersThereAre) {
    const auto result = resultOf({test::toyNest(), test::convolution(4, 3, 2, 4, 1, 3)}, test::toyCore());
    EXPECT_THAT(report::costExplain(result, "layer1"), Not(HasSubstr("layer0")));
    EXPECT_THAT(report::costExplain(result, ""), HasSubstr("layer0"));
    EXPECT_THAT(report::costExplain(result, "pool"), HasSubstr("no layer's name contains 'pool'"));
    EXPECT_THAT(report::costExplain({}, ""), HasSubstr("no layers are costed"));
    EXPECT_THAT(report::costExplain(result, "layer1"), HasSubstr("runner-up: cycles"));
}

/// A transfer that is longer than its window, since the memory that it fills has no room for a second tile.
TEST(CostExplain, SaysWhyABufferIsSingle) {
    hardware::Core core = test::toyCore();
    core.memories[3].ports[0].bandwidthMin = core.memories[3].ports[0].bandwidthMax = 4;
    core.memories[0].size = Bits(24);
    const auto result = resultOf({test::convolution(3, 3, 4, 4, 1, 3)}, core, "", {{"C", 3}, {"OY", 4}, {"K", 3}});
    const std::string text = flat(report::costExplain(result, ""));
    EXPECT_THAT(text,
                HasSubstr("W dram -> reg_W: 18 cycles for 72 bit in every 12 cycles, 3 times; allowed in 3 of them"));
    EXPECT_THAT(text, HasSubstr("single buffered: reg_W is 100 % full, another 3 B do not fit"));
    EXPECT_THAT(text, HasSubstr("15 cycles too many each time, 2 times: 30 cycles"));
    EXPECT_THAT(text, HasSubstr("63 cycles needed inside of their windows in the 36 cycles"));
    EXPECT_THAT(text, HasSubstr("27 too many; 460 cycles in all"));
}

TEST(CostExplain, SaysWhatHelpsOrThatNothingDoes) {
    hardware::Core core = test::toyCore();
    for (hardware::Memory& memory : core.memories) {
        for (hardware::Port& port : memory.ports) port.bandwidthMax = 1 << 16;
    }
    EXPECT_THAT(report::costExplain(resultOf({test::convolution(1, 1, 1, 4, 1, 3)}, core), ""),
                HasSubstr("what would help latency: none of the"));
    core.memories[3].ports[0].bandwidthMin = core.memories[3].ports[0].bandwidthMax = 2;
    EXPECT_THAT(report::costExplain(resultOf({test::toyNest()}, core), ""), HasSubstr("dram.port 2x wider: latency -"));
}

/// One loop, none, element-wise work, an operand of no bits.
TEST(CostExplain, TakesSmallLayers) {
    using enum hardware::MemoryOperand;
    const auto add = test::makeNest({{"K", 5}}, {}, {{"O", O, 16, {"K"}}, {"A", I1, 8, {"K"}}, {"B", I2, 8, {"K"}}}, 8);
    const auto one = test::makeNest({{"K", 1}}, {}, {{"O", O, 16, {"K"}}, {"A", I1, 8, {"K"}}}, 8);
    const auto pool = test::makeNest({{"K", 4}, {"FX", 3}}, {},
                                     {{"O", O, 16, {"K"}}, {"W", I2, 0, {"FX"}}, {"I", I1, 8, {"K", "FX"}}}, 8);
    auto result = resultOf({add, one, pool}, test::toyCore());
    std::string text = report::costExplain(result, "");
    expectNarrow(text);
    EXPECT_THAT(text, HasSubstr("for K in 5"));
    EXPECT_THAT(text, HasSubstr("nothing on D1: 1 of 4 units"));
    for (explore::CoreLayer& layer : result.layers) layer.mapping->loops.clear();
    text = report::costExplain(result, "");
    EXPECT_THAT(text, HasSubstr("no loops in time"));
}

TEST(CostExplain, TakesNamesOfAnyBytesAndLargeNumbers) {
    hardware::Core core = test::toyCore();
    for (hardware::Memory& memory : core.memories) {
        memory.name = std::string(200, 'm') + "\xff\n\x1b[31m";
        memory.size = Bits(memory.size.value() << 40);
        for (hardware::Port& port : memory.ports) port.name = "\t網絡" + std::string(300, 'p');
    }
    auto result = resultOf({test::convolution(4096, 4096, 512, 512, 3, 3)}, core, "a\n\xc3" + std::string(300, 'n'));
    result.layers[0].nest.operands[0].name = std::string(100, 'o') + "\x07";
    const std::string text = report::costExplain(result, "");
    expectNarrow(text);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
    EXPECT_TRUE(json::accept(report::costJson(result, "zigzag", 0)));
}

TEST(CostJson, HasWhatTheExplanationSays) {
    const auto result = toyResult();
    const json layer = json::parse(report::costJson(result, "zigzag", 0))["layers"][0];
    EXPECT_EQ(layer["operands"], json::array({"O", "W", "I"}));
    EXPECT_EQ(layer["loops"].size(), 4u);
    EXPECT_EQ(layer["loops"][0], json({{"dim", "C"}, {"size", 3}, {"memories", {"reg_O", "dram", "sram"}}}));
    double energy = layer["array_energy_pj"];
    for (const json& memory : layer["memories"]) {
        for (const auto& [direction, value] : memory["energy_pj"].items()) energy += value.get<double>();
    }
    EXPECT_NEAR(energy, layer["energy_pj"].get<double>(), 1e-6);
    double stall = 0;
    for (const json& port : layer["ports"]) stall = std::max(stall, port["stall_cycles"].get<double>());
    EXPECT_EQ(stall, layer["stall_cycles"].get<double>());
    const json& read = *std::find_if(layer["ports"].begin(), layer["ports"].end(),
                                     [](const json& port) { return port["memory"] == "sram"; });
    EXPECT_EQ(read["needed_cycles"], 82);
    EXPECT_EQ(read["movements"][1]["to"], "dram");
    EXPECT_TRUE(read["movements"][0]["to"].is_null());
    EXPECT_TRUE(layer["runner_up"].is_null());
    EXPECT_EQ(layer["what_helps"]["tried"], 4 + 9) << "memories and ports";
}

/// zigzag.md 15.2: partial sums through one port halve the throughput, and a reader must see exactly this.
TEST(CostExplain, TellsTheGemmsStory) {
    MILLRACE_NEEDS_SHARED();
    const std::string folder = test::sharedDir() + "/peers/zigzag/";
    Diagnostics diagnostics;
    const auto core = hardware::readCore(folder + "hardware/gemm_l1.yaml", diagnostics);
    const auto workload = workload::readLayers(folder + "workload/gemm_layer.yaml", diagnostics);
    const auto mapping = mapping::readMapping(folder + "mapping/gemm_l1.yaml", diagnostics);
    ASSERT_TRUE(core && workload && mapping) << diagnostics.text();
    explore::CostOptions options;
    options.mapper.lpfLimit = 3;
    options.allLayers = true;
    options.helpFor = "";
    const auto result = explore::costLayers(*workload, *core, &*mapping, options, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    expectNarrow(report::costExplain(*result, ""));
    const std::string text = flat(report::costExplain(*result, ""));
    EXPECT_THAT(text, HasSubstr("4,096 at full array (50 %) + 4,094 stalled (50 %)"));
    EXPECT_THAT(text, HasSubstr("4,094 cycles stalled by port l1.rw_port_3 of 2,048 bit a cycle:"));
    EXPECT_THAT(text, HasSubstr("Partial sums of O are read, added to and written back through this one port."));
    EXPECT_THAT(text, HasSubstr("Each transfer takes a whole cycle, however wide the port is"));
    EXPECT_THAT(text, HasSubstr("8,190 cycles needed in the 4,096 cycles in which one of them is allowed: 4,094"));
}

using Draw = std::string (*)(const explore::CoreResult&, const report::DrawOptions&);

std::vector<cost::Nest> fiftyLayers() {
    std::vector<cost::Nest> nests;
    for (int i = 0; i < 50; ++i) nests.push_back(test::convolution(2 + i % 7, 3, 2 + i % 3, 4, 1, 3));
    return nests;
}

TEST(CostPicture, AreOfTheAskedWidthAndTheSameEveryTime) {
    const auto many = resultOf(fiftyLayers(), test::toyCore());
    const auto strange = resultOf({test::toyNest()}, test::toyCore(), "\xff<&網\n" + std::string(900, 'n'));
    for (const Draw draw : {report::energyPng, report::latencyPng}) {
        for (const explore::CoreResult& result : {toyResult(), many, strange, explore::CoreResult{}}) {
            const std::string png = draw(result, {});
            const test::Image image = test::decode(png);
            EXPECT_EQ(image.width, 1600);
            EXPECT_GT(image.height, 100);
            EXPECT_LT(image.height, 1400);
            EXPECT_TRUE(png == draw(result, {}));
        }
    }
    report::DrawOptions options;
    options.width = 700;
    options.scale = 2;
    EXPECT_EQ(test::decode(report::energyPng(many, options)).width, 1400);
    EXPECT_THAT(report::latencySvg(many, {}), HasSubstr("<svg"));
    EXPECT_THAT(report::energySvg(many, {}), HasSubstr("<svg"));
}

/// Widths of the coloured runs in a line are in proportion to the parts of the layer's cycles.
TEST(CostPicture, BarsAreAsLongAsTheirParts) {
    auto result = toyResult();
    mapper::Mapping& mapping = *result.layers[0].mapping;
    mapping.idealCycles = 400;
    mapping.spatialCycles = 500;
    mapping.stallCycles = 250;
    mapping.onloadCycles = -100;  // ZigZag's loads may fall below nothing
    mapping.offloadCycles = 250;
    mapping.latency = 1000;
    const test::Image image = test::decode(report::latencyPng(result, {}));
    std::vector<int> widths;
    // Near the upper edge of the bar, above the numbers in it.
    for (int y = 0; y < image.height && widths.size() != 4; ++y) {
        widths.clear();
        for (const test::Run& run : test::runs(image, y)) {
            if (run.end - run.begin > 90 && run.colour != 0xFFFFFF) widths.push_back(run.end - run.begin);
        }
    }
    ASSERT_EQ(widths.size(), 4u);
    const double all = widths[0] + widths[1] + widths[2] + widths[3];
    EXPECT_NEAR(widths[0] / all, 0.4, 0.01);
    EXPECT_NEAR(widths[1] / all, 0.1, 0.01);
    EXPECT_NEAR(widths[2] / all, 0.25, 0.01);
    EXPECT_NEAR(widths[3] / all, 0.25, 0.01);
}

TEST(Text, NumbersForExplanations) {
    EXPECT_EQ(report::shortCount(9'999'999), "9,999,999");
    EXPECT_EQ(report::shortCount(12'350'000), "12.35 M");
    EXPECT_EQ(report::shortCount(-52'992), "-52,992");
    EXPECT_EQ(report::halvesText(3703960.5), "3,703,960.5");
    EXPECT_EQ(report::halvesText(-0.5), "-0.5");
    EXPECT_EQ(report::halvesText(0), "0");
    EXPECT_EQ(report::changeText(95.9, 100), "-4.1 %");
    EXPECT_EQ(report::changeText(100.01, 100), "+0.01 %");
    EXPECT_EQ(report::changeText(100, 100), "+0 %");
    EXPECT_EQ(report::changeText(0, 0), "+0 %");
    EXPECT_EQ(report::wrap("aa bb cc", 7, 2, 4), "  aa bb\n    cc\n");
    EXPECT_EQ(report::wrap("", 7, 2, 4), "  \n");
}

}  // namespace
}  // namespace millrace
