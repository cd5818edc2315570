#include <gtest/gtest.h>

#include "explore/explore.h"
#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "shared.h"

/// Whole networks on arrays that compute in memory, and on a core with several ports for one movement.
namespace millrace::explore {
namespace {

std::string peers(const std::string& path) { return test::sharedDir() + "/peers/zigzag/" + path; }

workload::Workload resnet18() {
    Diagnostics diagnostics;
    const auto network = model::readOnnx(test::sharedDir() + "/models/peers/resnet18.onnx", {}, diagnostics);
    EXPECT_TRUE(network) << diagnostics.text();
    auto workload = workload::lower(*network, {}, diagnostics);
    EXPECT_TRUE(workload) << diagnostics.text();
    return *workload;
}

CoreResult run(const workload::Workload& workload, const std::string& core, const std::string& mapping,
               const CostOptions& options) {
    Diagnostics diagnostics;
    const auto hardware = hardware::readCore(peers("hardware/" + core + ".yaml"), diagnostics);
    const auto mapped = mapping::readMapping(peers("mapping/" + mapping + ".yaml"), diagnostics);
    EXPECT_TRUE(hardware && mapped) << diagnostics.text();
    auto result = costLayers(workload, *hardware, &*mapped, options, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return *result;
}

struct Layer {
    double energy, arrayEnergy, latency;
};

/// What ZigZag 3.8.5 gives without data locality, mixed unrollings searched; sums are in its order of layers.
TEST(InMemory, Resnet18IsEqualToZigZag) {
    MILLRACE_NEEDS_SHARED();
    CostOptions options;
    options.mapper.mixedSpatial = true;
    const CoreResult result = run(resnet18(), "aimc", "default_imc", options);
    const std::vector<Layer> expected{
        // clang-format off
        {291054897.15634173, 63238916.868341774, 226642.0},
        {282397754.5422029, 32932912.17420288, 300432.0},
        {282397754.5422029, 32932912.17420288, 300432.0},
        {282397754.5422029, 32932912.17420288, 300432.0},
        {282397754.5422029, 32932912.17420288, 300432.0},
        {120153954.32456192, 20837441.81256192, 104780.0},
        {196102123.04191488, 31591512.609914884, 178756.0},
        {18986470.48781824, 2595364.9518182403, 18819.0},
        {196102123.04191488, 31591512.609914884, 178756.0},
        {196102123.04191488, 31591512.609914884, 178756.0},
        {125100140.55825406, 12014492.174254082, 136228.0},
        {458618055.1965081, 24028984.348508164, 529094.0},
        {12206208.59891712, 1334943.57491712, 11512.0},
        {458618055.1965081, 24028984.348508164, 529094.0},
        {458618055.1965081, 24028984.348508164, 529094.0},
        {158346829.84095746, 15795756.304957442, 174150.0},
        {270993093.91650814, 24028984.348508164, 323352.0},
        {18081558.23091712, 1334943.57491712, 19888.0},
        {270993093.91650814, 24028984.348508164, 323352.0},
        {270993093.91650814, 24028984.348508164, 323352.0},
        {45168675.78048, 112361.74848000001, 63617.0},
        // clang-format on
    };
    ASSERT_EQ(result.layers.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_EQ(result.layers[i].mapping->energy, expected[i].energy);
        EXPECT_EQ(result.layers[i].mapping->arrayEnergy, expected[i].arrayEnergy);
        EXPECT_EQ(result.layers[i].mapping->latency, expected[i].latency);
    }
    EXPECT_NEAR(result.energy, 4695829569.611852, 1e-5);
    EXPECT_EQ(result.latency, 5050970.0);
    EXPECT_EQ(result.clock->total(), 14.07244);
    EXPECT_EQ(result.area->total, 2.2878123152749223);
}

struct Total {
    const char* core;
    bool layers;
    double energy, latency;
};

/// The four runs of ZigZag's own tests: mixed unrollings and data locality.
TEST(InMemory, TotalsOfZigZagsTests) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto layers = workload::readLayers(peers("workload/resnet18.yaml"), diagnostics);
    ASSERT_TRUE(layers) << diagnostics.text();
    for (const Total& total :
         {Total{"aimc", false, 4695729577.211851, 5050846}, Total{"aimc", true, 4264976904.6396008, 4371385},
          Total{"dimc", false, 4726170712.825855, 5681000}, Total{"dimc", true, 4268285089.3547516, 5114707}}) {
        CostOptions options;
        options.mapper.mixedSpatial = true;
        options.dataLocality = true;
        options.allLayers = total.layers;
        const CoreResult result = run(total.layers ? *layers : resnet18(), total.core, "default_imc", options);
        EXPECT_NEAR(result.energy, total.energy, 1e-5) << total.core << total.layers;
        EXPECT_EQ(result.latency, total.latency) << total.core << total.layers;
    }
}

/// Hand-written layers of two types are left out, as ZigZag leaves them out.
TEST(InMemory, PoolingAndAddAreNotCosted) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto workload = workload::readLayers(peers("workload/resnet18.yaml"), diagnostics);
    ASSERT_TRUE(workload) << diagnostics.text();
    CostOptions options;
    options.allLayers = true;
    const CoreResult result = run(*workload, "dimc", "default_imc", options);
    std::size_t others = 0;
    for (const workload::Layer& layer : workload->layers) others += layer.type == "Pooling" || layer.type == "Add";
    EXPECT_GT(others, 0u);
    EXPECT_EQ(result.otherLayers.size(), others);
    EXPECT_EQ(result.layers.size() + others, workload->layers.size());
    EXPECT_EQ(result.clock->total(), 3.75708);
    EXPECT_EQ(result.area->total, 0.8018113023999999);
    EXPECT_EQ(run(*workload, "tpu_like", "tpu_like", options).layers.size(), workload->layers.size());
}

/// Its buffer has two ports for each movement of the outputs.
TEST(InMemory, GenericArrayIsEqualToZigZag) {
    MILLRACE_NEEDS_SHARED();
    const CoreResult result = run(resnet18(), "generic_array_cacti", "default", {});
    EXPECT_NEAR(result.energy, 973886956.4000002, 1e-6);
    EXPECT_EQ(result.latency, 2887494.0);
    EXPECT_FALSE(result.clock);
    EXPECT_FALSE(result.area);
}

/// An array in memory is as good a core of a chip as any other; bounds hold. Weights must come from off-chip memory
/// while a layer runs: the cells hold one tile of them.
TEST(InMemory, NetworksAreScheduledOnIt) {
    MILLRACE_NEEDS_SHARED();
    for (const char* name : {"aimc", "dimc"}) {
        Diagnostics diagnostics;
        const auto chip = hardware::readChip(peers(std::string("hardware/") + name + ".yaml"), diagnostics);
        ASSERT_TRUE(chip) << diagnostics.text();
        Options options;
        options.offchipInCore = true;
        const auto result = exploreLayerByLayer(resnet18(), *chip, nullptr, options, diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        EXPECT_TRUE(result->verified);
        EXPECT_GE(result->schedule.latency, result->bounds.latency);
        EXPECT_GE(result->schedule.energy.total(), result->bounds.energy);
    }
}

}  // namespace
}  // namespace millrace::explore
