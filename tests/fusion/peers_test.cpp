#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "explore/fusion/plan.h"
#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "shared.h"

/// Peers' chips, mappings and networks.
namespace millrace::fusion {
namespace {

using workload::LayerId;

workload::Workload load(const std::string& path) {
    Diagnostics diagnostics;
    std::optional<workload::Workload> workload;
    if (path.ends_with(".yaml")) {
        workload = workload::readLayers(path, diagnostics);
    } else if (const auto network = model::readOnnx(path, {}, diagnostics)) {
        workload = workload::lower(*network, {}, diagnostics);
    }
    EXPECT_TRUE(workload) << diagnostics.text();
    return workload.value_or(workload::Workload());
}

hardware::Chip chip(const std::string& path) {
    Diagnostics diagnostics;
    auto chip = hardware::readChip(path, diagnostics);
    EXPECT_TRUE(chip) << diagnostics.text();
    return chip.value_or(hardware::Chip());
}

std::optional<Plan> plan(const workload::Workload& workload, const hardware::Chip& chip, const std::string& mappingFile,
                         const std::string& stacks, Diagnostics& diagnostics) {
    std::optional<mapping::Mapping> mapping;
    if (!mappingFile.empty()) mapping = mapping::readMapping(mappingFile, diagnostics);
    PlanOptions options;
    EXPECT_TRUE(parseStacks(stacks, options, diagnostics));
    return makePlan(workload, chip, mapping ? &*mapping : nullptr, options, diagnostics);
}

std::string chipOf(const std::string& mapping) {
    const std::pair<const char*, const char*> chips[] = {{"array_and_vec", "fusemax"},
                                                         {"simba_small", "simba_small"},
                                                         {"simba", "simba"},
                                                         {"single_core", "eyeriss_like_single_core"},
                                                         {"dual_core", "eyeriss_like_dual_core"},
                                                         {"swiglu", "tpu_v7_ironwood"}};
    for (const auto& [start, name] : chips) {
        if (mapping.rfind(start, 0) == 0) return name;
    }
    return "tpu_like_quad_core";
}

TEST(PeersPlans, EveryMappingOnItsChip) {
    MILLRACE_NEEDS_SHARED();
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    const workload::Workload swiglu = load(test::sharedDir() + "/peers/stream-2026/workload/swiglu_1_16_32.onnx");
    int files = 0;
    for (const std::string year : {"2025", "2026"}) {
        const std::string folder = test::sharedDir() + "/peers/stream-" + year;
        for (const auto& file : std::filesystem::directory_iterator(folder + "/mapping")) {
            const std::string name = file.path().stem().string();
            const workload::Workload& workload = name.rfind("swiglu", 0) == 0 ? swiglu : resnet;
            const hardware::Chip target = chip(folder + "/hardware/" + chipOf(name) + ".yaml");
            for (const char* stacks : {"auto", "layers"}) {
                Diagnostics diagnostics;
                const auto found = plan(workload, target, file.path().string(), stacks, diagnostics);
                ASSERT_TRUE(found) << name << "\n" << diagnostics.text();
                std::size_t layers = 0;
                for (const auto& stack : found->stacks) layers += stack.size();
                EXPECT_EQ(layers, workload.layers.size());
            }
            ++files;
        }
    }
    EXPECT_EQ(files, 22);
}

TEST(PeersPlans, EveryWorkloadOf2026OnEveryChip) {
    MILLRACE_NEEDS_SHARED();
    const std::string folder = test::sharedDir() + "/peers/stream-2026";
    std::vector<hardware::Chip> chips;
    for (const auto& file : std::filesystem::directory_iterator(folder + "/hardware")) {
        if (file.path().extension() == ".yaml") chips.push_back(chip(file.path().string()));
    }
    EXPECT_EQ(chips.size(), 9u);
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder + "/workload")) {
        const workload::Workload workload = load(file.path().string());
        EXPECT_TRUE(workload.hostOperators.empty()) << file.path();
        for (const hardware::Chip& target : chips) {
            Diagnostics diagnostics;
            const auto found = plan(workload, target, "", "auto", diagnostics);
            // Its cores list what they run: no pooling.
            const bool unable = target.name == "tpu_v7_ironwood" && !found;
            EXPECT_TRUE(found || (unable && diagnostics.anyInfeasible()))
                << file.path() << " on " << target.name << "\n"
                << diagnostics.text();
        }
        ++files;
    }
    EXPECT_EQ(files, 9);
}

/// Stream's own run: its mapping and its stacks give its tiles, layer by layer. A few layers that are alone in
/// their stacks do not fit: additions of 300 KB in 128 KB, and on one core weights of 2.4 MB in 2 MB. Stream runs them
/// all the same.
TEST(PeersPlans, TilesOfStreamsFusedRun) {
    MILLRACE_NEEDS_SHARED();
    const std::string golden = test::sharedDir() + "/golden/stream/";
    const std::string folder = test::sharedDir() + "/peers/stream-2025/";
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    const std::vector<std::string> tooLarge{"/layer2/layer2.1/Add",        "/layer3/layer3.0/Add",
                                            "/layer3/layer3.1/Add",        "/layer4/layer4.0/conv2/Conv",
                                            "/layer4/layer4.1/conv1/Conv", "/layer4/layer4.1/conv2/Conv"};
    const std::tuple<const char*, const char*, std::int64_t> runs[] = {
        {"resnet18_quad_ga_fused", "tpu_like_quad_core_ga", 3863 + 8},
        {"resnet18_quad_k1_fused_ga8x8_v2412", "tpu_like_quad_core_ga_k1", 1118 + 14}};
    for (const auto& [run, file, ours] : runs) {
        const auto result = nlohmann::json::parse(std::ifstream(golden + run + "/result.json"));
        std::map<std::string, std::int64_t> theirs;
        for (const auto& [key, count] : result["cns_per_layer"].items()) theirs[key.substr(key.find(' ') + 1)] = count;
        Diagnostics diagnostics;
        const auto found = plan(resnet, chip(folder + "hardware/tpu_like_quad_core.yaml"),
                                folder + "mapping/" + file + ".yaml", "0-10;11-21", diagnostics);
        ASSERT_TRUE(found) << diagnostics.text();
        std::vector<std::string> others;
        std::int64_t tiles = 0;
        for (const LayerId id : resnet.layers.ids()) {
            const std::string& name = resnet.layers[id].name;
            const LayerPlan& mine = found->layers[id];
            tiles += mine.tiles();
            if (mine.tiles() == theirs.at(name)) continue;
            others.push_back(name);
            EXPECT_EQ(found->stacks[mine.stack].size(), 1u) << name;
            EXPECT_EQ(mine.parts(), theirs.at(name)) << name;
        }
        EXPECT_THAT(others, testing::IsSubsetOf(tooLarge));
        EXPECT_EQ(tiles, ours);
    }
}

/// The 11 groups of Stream's file, which lists operator types, are the 11 that Stream makes of ResNet-18.
TEST(PeersPlans, GroupsOfResNet18) {
    MILLRACE_NEEDS_SHARED();
    const std::string folder = test::sharedDir() + "/peers/stream-2026/";
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    Diagnostics diagnostics;
    const auto found = plan(resnet, chip(folder + "hardware/tpu_like_quad_core.yaml"),
                            folder + "mapping/resnet18_tpu_quad_core.yaml", "auto", diagnostics);
    ASSERT_TRUE(found) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    std::vector<std::string> last;
    std::vector<std::int64_t> steps;
    for (const auto& stack : found->stacks) {
        last.push_back(resnet.layers[stack.back()].name);
        steps.push_back(found->layers[stack.front()].steps());
    }
    std::vector<std::string> expected{"/maxpool/MaxPool"};
    for (const char* block : {"1/layer1.0", "1/layer1.1", "2/layer2.0", "2/layer2.1", "3/layer3.0", "3/layer3.1",
                              "4/layer4.0", "4/layer4.1"}) {
        expected.push_back(std::string("/layer") + block + "/relu_1/Relu");
    }
    expected.insert(expected.end(), {"/avgpool/GlobalAveragePool", "/fc/Gemm"});
    EXPECT_EQ(last, expected);
    EXPECT_EQ(steps, (std::vector<std::int64_t>{56, 56, 56, 28, 28, 14, 14, 7, 7, 1, 1}));
    EXPECT_EQ(found->layers[LayerId(0)].parts(), 4);
}

/// What the comments in Stream's file say: eight blocks of the contraction, 28 of the hidden one.
TEST(PeersPlans, TilesOfSwiGlu) {
    MILLRACE_NEEDS_SHARED();
    const std::string folder = test::sharedDir() + "/peers/stream-2026/";
    const workload::Workload swiglu = load(test::sharedDir() + "/models/peers/swiglu_2048_4096_14336.onnx");
    Diagnostics diagnostics;
    const auto found = plan(swiglu, chip(folder + "hardware/tpu_v7_ironwood.yaml"),
                            folder + "mapping/swiglu_tpu_v7_fused.yaml", "auto", diagnostics);
    ASSERT_TRUE(found) << diagnostics.text();
    std::string text = printText(*found, swiglu);
    for (const char* line : {"0 Gemm_Left: K@32 D=8 C=8 K=28 on", "1 Gemm_Right: K@32 D=8 C=8 K=28 on",
                             "2 Silu: K@4 D=8 K=28 on 8 18 28 38", "4 Gemm_Down: K@32 D=8 C=28 on"}) {
        EXPECT_THAT(text, testing::HasSubstr(line));
    }
}

}  // namespace
}  // namespace millrace::fusion
