#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "explore/explore.h"
#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "shared.h"

/// Peers' own files and results, end to end.
namespace millrace {
namespace {

using nlohmann::json;

workload::Workload load(const std::string& path, const std::vector<std::string>& compat = {}) {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(path, {}, diagnostics);
    EXPECT_TRUE(network) << diagnostics.text();
    workload::LowerOptions options;
    options.compat = compat;
    auto workload = workload::lower(*network, options, diagnostics);
    EXPECT_TRUE(workload) << diagnostics.text();
    return *workload;
}

hardware::Chip chip(const std::string& path) {
    Diagnostics diagnostics;
    auto chip = hardware::readChip(path, diagnostics);
    EXPECT_TRUE(chip) << diagnostics.text();
    return *chip;
}

json golden(const std::string& path) {
    std::ifstream in(test::sharedDir() + "/golden/" + path);
    return json::parse(in);
}

std::string quadCore() { return test::sharedDir() + "/peers/stream-2025/hardware/tpu_like_quad_core.yaml"; }

TEST(Peers, EveryNetworkIsScheduledOnTheQuadCore) {
    MILLRACE_NEEDS_SHARED();
    for (const char* name : {"peers/resnet18", "peers/alexnet", "peers/mobilenetv2", "peers/fsrcnn", "peers/2_conv",
                             "shapes/resnet18", "shapes/resnet50", "shapes/mobilenet_v1", "shapes/mobilenet_v2",
                             "shapes/squeezenet1_1", "shapes/unet", "shapes/yolov3_tiny"}) {
        Diagnostics diagnostics;
        const auto result = explore::exploreLayerByLayer(load(test::sharedDir() + "/models/" + name + ".onnx"),
                                                         chip(quadCore()), nullptr, {}, diagnostics);
        ASSERT_TRUE(result) << name << "\n" << diagnostics.text();
        EXPECT_TRUE(result->verified) << name;
        EXPECT_GE(result->schedule.latency, result->bounds.latency) << name;
        EXPECT_GE(result->schedule.energy.total(), result->bounds.energy) << name;
    }
}

TEST(Peers, ResNet18IsScheduledOnEveryChip) {
    MILLRACE_NEEDS_SHARED();
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    std::size_t chips = 0;
    for (const auto& entry : std::filesystem::directory_iterator(test::sharedDir() + "/peers/stream-2025/hardware")) {
        if (entry.path().extension() != ".yaml") continue;
        ++chips;
        Diagnostics diagnostics;
        const auto result = explore::exploreLayerByLayer(resnet, chip(entry.path().string()), nullptr, {}, diagnostics);
        ASSERT_TRUE(result) << entry.path() << "\n" << diagnostics.text();
        EXPECT_GE(result->schedule.latency, result->bounds.latency) << entry.path();
    }
    EXPECT_EQ(chips, 8u);
}

TEST(Peers, EveryMappingFileOfTheQuadCoreWorks) {
    MILLRACE_NEEDS_SHARED();
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    for (const char* name : {"tpu_like_quad_core", "tpu_like_quad_core_ga", "tpu_like_quad_core_ga_k1",
                             "tpu_like_quad_core_resnet18_fixed_split"}) {
        Diagnostics diagnostics;
        const auto mapping =
            mapping::readMapping(test::sharedDir() + "/peers/stream-2025/mapping/" + name + ".yaml", diagnostics);
        ASSERT_TRUE(mapping) << diagnostics.text();
        const auto result = explore::exploreLayerByLayer(resnet, chip(quadCore()), &*mapping, {}, diagnostics);
        ASSERT_TRUE(result) << name << "\n" << diagnostics.text();
        EXPECT_TRUE(result->verified) << name;
    }
}

TEST(Peers, TheBoundsOfResNet18) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto result = explore::exploreLayerByLayer(load(test::sharedDir() + "/models/peers/resnet18.onnx"),
                                                     chip(quadCore()), nullptr, {}, diagnostics);
    ASSERT_TRUE(result);
    // 11,678,912 weights and 3 x 224 x 224 pixels in, 1000 results out, 8 bytes a cycle.
    EXPECT_EQ(result->bounds.offchip.value(), (11'678'912 + 3 * 224 * 224 + 1000) / 8);
    // conv1 fills 3 of 32 rows; everything else all of the four 32 x 32 arrays.
    EXPECT_NEAR(static_cast<double>(result->bounds.compute.value()), 1'229'312 / 4.0 + 1'696'059'392 / 4096.0, 1000);
}

/// Stream's own figures for each layer, when its accounting is imitated.
TEST(Peers, StreamsLatencyOfEachLayer) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto mapping =
        mapping::readMapping(test::sourceDir() + "/hardware/mappings/quad_core_stream_run.yaml", diagnostics);
    ASSERT_TRUE(mapping);
    explore::Options options;
    options.offchipInCore = true;
    const auto result = explore::exploreLayerByLayer(
        load(test::sharedDir() + "/models/peers/resnet18.onnx", {"stream-pooling", "stream-elementwise"}),
        chip(quadCore()), &*mapping, options, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    std::map<std::string, double> runtime;
    for (const json& node : golden("stream/resnet18_quad_k1_layer_by_layer/cns.json")) {
        runtime[node.at("name")] = node.at("runtime");
    }
    ASSERT_EQ(runtime.size(), result->layers.size());
    for (const workload::LayerId id : result->workload.layers.ids()) {
        const std::string& name = result->workload.layers[id].name;
        const auto span = result->layers[id].span;
        EXPECT_NEAR(static_cast<double>((span.end - span.start).value()), runtime.at(name), 1) << name;
    }
}

/// ZigZag's figures for each layer, from the network file on.
TEST(Peers, ZigZagsEnergyAndLatencyOfEachLayer) {
    MILLRACE_NEEDS_SHARED();
    const workload::Workload resnet = load(test::sharedDir() + "/models/peers/resnet18.onnx");
    Diagnostics diagnostics;
    const auto core = hardware::readCore(test::sharedDir() + "/peers/zigzag/hardware/tpu_like.yaml", diagnostics);
    const auto mapping = mapping::readMapping(test::sharedDir() + "/peers/zigzag/mapping/tpu_like.yaml", diagnostics);
    ASSERT_TRUE(core && mapping) << diagnostics.text();
    for (const auto& [name, objective] : {std::pair("latency", mapper::Objective::latency),
                                          {"energy", mapper::Objective::energy},
                                          {"EDP", mapper::Objective::edp}}) {
        explore::CostOptions options;
        options.mapper.objective = objective;
        const auto result = explore::costLayers(resnet, *core, &*mapping, options, diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        options.threads = 2;
        const auto parallel = explore::costLayers(resnet, *core, &*mapping, options, diagnostics);
        EXPECT_EQ(result->energy, parallel->energy);
        std::map<std::string, const explore::CoreLayer*> layers;
        for (const explore::CoreLayer& layer : result->layers)
            layers[result->workload.layers[layer.layer].name] = &layer;
        const json expected = golden(std::string("zigzag/tpu_like__resnet18_onnx__") + name + "__lpf6.json");
        EXPECT_EQ(expected.at("layers").size(), layers.size());
        for (const json& layer : expected.at("layers")) {
            const mapper::Mapping& found = *layers.at(layer.at("name"))->mapping;
            EXPECT_EQ(found.energy, layer.at("energy_total_pJ").get<double>()) << layer.at("name");
            EXPECT_EQ(found.latency, layer.at("latency").at("with_offloading_total2").get<double>())
                << layer.at("name");
        }
    }
}

TEST(Shipped, HandWrittenLayersGiveTheSchedulesOfTheNetwork) {
    Diagnostics diagnostics;
    const auto layers = workload::readLayers(test::sourceDir() + "/models/resnet18_layers.yaml", diagnostics);
    ASSERT_TRUE(layers) << diagnostics.text();
    const hardware::Chip quad = chip(test::sourceDir() + "/hardware/tpu_like_quad_core.yaml");
    const auto a = explore::exploreLayerByLayer(*layers, quad, nullptr, {}, diagnostics);
    const auto b =
        explore::exploreLayerByLayer(load(test::sourceDir() + "/models/resnet18.onnx"), quad, nullptr, {}, diagnostics);
    ASSERT_TRUE(a && b) << diagnostics.text();
    EXPECT_EQ(a->schedule.latency, b->schedule.latency);
    EXPECT_EQ(a->schedule.energy.total(), b->schedule.energy.total());
}

}  // namespace
}  // namespace millrace
