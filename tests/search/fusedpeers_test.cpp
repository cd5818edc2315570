#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "explore/explore.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "shared.h"
#include "support/files.h"

/// Fused schedules on peers' networks and chips, and Stream's own fused run of ResNet-18 on its quad-core.
namespace millrace {
namespace {

using nlohmann::json;

constexpr double kStreamsLatency = 6'308'574;
/// What Stream's own code gives once its faults are mended one after another (docs/differences.md).
constexpr double kMendedStreamsLatency = 2'082'084;

workload::Workload load(const std::string& name, const std::vector<std::string>& compat = {}) {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(test::sharedDir() + "/models/" + name + ".onnx", {}, diagnostics);
    workload::LowerOptions options;
    options.compat = compat;
    auto workload = workload::lower(*network, options, diagnostics);
    EXPECT_TRUE(workload) << diagnostics.text();
    return *workload;
}

hardware::Chip chip(const std::string& name) {
    Diagnostics diagnostics;
    auto chip = hardware::readChip(test::sharedDir() + "/peers/stream-2025/hardware/" + name + ".yaml", diagnostics);
    EXPECT_TRUE(chip) << diagnostics.text();
    return *chip;
}

/// Stream's mapping and stacks.
explore::Result streamsRun(const workload::Workload& workload, explore::FusedOptions options,
                           const std::vector<std::string>& tiles = {}) {
    Diagnostics diagnostics;
    const auto mapping =
        mapping::readMapping(test::sharedDir() + "/peers/stream-2025/mapping/tpu_like_quad_core_ga.yaml", diagnostics);
    EXPECT_TRUE(fusion::parseStacks("0-10;11-21", options.plan, diagnostics));
    for (const std::string& tile : tiles) EXPECT_TRUE(fusion::parseTile(tile, options.plan, diagnostics));
    auto result = explore::exploreFused(workload, chip("tpu_like_quad_core"), &*mapping, options, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return std::move(*result);
}

TEST(FusedPeers, EveryNetworkIsScheduledOnTheQuadCore) {
    MILLRACE_NEEDS_SHARED();
    for (const char* name : {"peers/resnet18", "peers/alexnet", "peers/mobilenetv2", "peers/fsrcnn", "peers/2_conv",
                             "shapes/squeezenet1_1", "shapes/unet", "shapes/yolov3_tiny"}) {
        Diagnostics diagnostics;
        const auto result = explore::exploreFused(load(name), chip("tpu_like_quad_core"), nullptr, {}, diagnostics);
        ASSERT_TRUE(result) << name << "\n" << diagnostics.text();
        EXPECT_TRUE(result->verified) << name;
        EXPECT_GE(result->schedule.latency, result->bounds.latency) << name;
        EXPECT_GE(result->schedule.energy.total(), result->bounds.energy) << name;
        EXPECT_GE(result->offchipTraffic, result->bounds.offchipBits) << name;
    }
}

TEST(FusedPeers, ResNet18IsScheduledOnEveryChip) {
    MILLRACE_NEEDS_SHARED();
    const workload::Workload resnet = load("peers/resnet18");
    for (const char* name : {"eyeriss_like_dual_core", "eyeriss_like_quad_core", "eyeriss_like_single_core", "fusemax",
                             "meta_prototype_dual_core_simd_offchip", "simba_small", "tpu_like_quad_core"}) {
        Diagnostics diagnostics;
        explore::FusedOptions options;
        options.orders = {fusion::Order::earliestReady};
        const auto result = explore::exploreFused(resnet, chip(name), nullptr, options, diagnostics);
        ASSERT_TRUE(result) << name << "\n" << diagnostics.text();
        EXPECT_GE(result->schedule.latency, result->bounds.latency) << name;
    }
}

/// Tiles cost what Stream's tiles do: convolutions and pooling to the last digit, activations up to the transfer of a
/// weight that Stream makes up for them.
TEST(FusedPeers, TilesCostWhatStreamsDo) {
    MILLRACE_NEEDS_SHARED();
    explore::FusedOptions options;
    options.orders = {fusion::Order::depthFirst};
    options.common.corrections = {};
    const explore::Result result =
        streamsRun(load("peers/resnet18", {"stream-pooling", "stream-elementwise"}), options);
    std::ifstream in(test::sharedDir() + "/golden/stream/resnet18_quad_ga_fused/cns.json");
    std::map<std::string, json> streams;
    for (const json& node : json::parse(in)) streams[node.at("name")] = node;
    int compared = 0;
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (id.index() > 21) break;  // Later layers are alone in their stacks: Stream counts off-chip memory in.
        const workload::Layer& layer = result.workload.layers[id];
        const json& node = streams.at(layer.name);
        for (const explore::TileKind& kind : result.layers[id].kinds) {
            if (layer.type == "Add") continue;  // Stream unrolls 28 of 56 columns.
            ++compared;
            const bool activation = layer.type == "Relu";
            EXPECT_NEAR(static_cast<double>(kind.duration.value()), node.at("runtime").get<double>(),
                        activation ? 1 : 0)
                << layer.name;
            const double energy = node.at("onchip_energy");
            EXPECT_NEAR(kind.energy.value(), energy, energy * (activation ? 4e-3 : 1e-9)) << layer.name;
        }
    }
    EXPECT_GT(compared, 50);
}

/// Tiles in the order in which Stream takes them, and no core fills a gap: what is left of the difference is below 1 %.
TEST(FusedPeers, StreamsOrderGivesTheLatencyOfStreamWithoutItsFaults) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    explore::FusedOptions options;
    options.orders = {fusion::Order::given};
    options.order = *readFile(test::sourceDir() + "/tests/data/stream_order.csv", diagnostics);
    options.policy.fillGaps = false;
    const explore::Result result =
        streamsRun(load("peers/resnet18", {"stream-elementwise"}), options,
                   {"/layer2/layer2.1/Add:D=28", "/layer3/layer3.0/Add:D=14", "/layer3/layer3.1/Add:D=14"});
    const auto latency = static_cast<double>(result.schedule.latency.value());
    EXPECT_EQ(result.tileOrder.size(), 3916U);
    EXPECT_LT(std::abs(latency - kMendedStreamsLatency), 0.01 * (kStreamsLatency - latency));
}

}  // namespace
}  // namespace millrace
