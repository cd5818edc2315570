#include <benchmark/benchmark.h>

#include <vector>

#include "model/quantize/weights.h"
#include "support/rng.h"

/// Weights quantised per second: convolutions of 64 to 2048 channels as residual networks have them, 25.6 million
/// weights in all, by each rule and on one and two threads.
namespace millrace {
namespace {

using model::quantize::ChannelView;
using model::quantize::ScaleRule;

struct Layer {
    ChannelView view;
    std::vector<float> weights;
};

/// Bottlenecks: 1x1 down, 3x3, 1x1 up, in four widths, and a matrix at the end.
std::vector<Layer> layers() {
    std::vector<ChannelView> views;
    const std::size_t blocks[] = {3, 4, 6, 3};
    for (std::size_t stage = 0; stage < 4; ++stage) {
        const std::size_t width = std::size_t{64} << stage;
        for (std::size_t block = 0; block < blocks[stage]; ++block) {
            const std::size_t in = block == 0 ? (stage == 0 ? 64 : 2 * width) : 4 * width;
            views.push_back({width, 1, 1, in});
            views.push_back({width, 1, 1, 9 * width});
            views.push_back({4 * width, 1, 1, width});
            if (block == 0) views.push_back({4 * width, 1, 1, in});
        }
    }
    views.push_back({1, 2048, 1000, 1});
    Rng rng(1);
    std::vector<Layer> result;
    for (const ChannelView& view : views) {
        Layer& layer = result.emplace_back(Layer{view, std::vector<float>(view.elements())});
        for (float& w : layer.weights) {
            double sum = -2;
            for (int i = 0; i < 4; ++i) sum += rng.unit();
            w = static_cast<float>(sum * 0.05);
        }
    }
    return result;
}

void quantizeWeights(benchmark::State& state) {
    const std::vector<Layer> all = layers();
    model::quantize::WeightOptions options;
    options.rule = static_cast<ScaleRule>(state.range(0));
    options.bits = static_cast<int>(state.range(1));
    options.threads = static_cast<int>(state.range(2));
    std::size_t weights = 0;
    for (auto _ : state) {
        weights = 0;
        for (const Layer& layer : all) {
            Diagnostics diagnostics;
            benchmark::DoNotOptimize(
                model::quantize::quantizeWeights(layer.weights, layer.view, options, "w", diagnostics));
            weights += layer.weights.size();
        }
    }
    state.counters["weights"] = static_cast<double>(weights);
}

BENCHMARK(quantizeWeights)
    ->ArgNames({"rule", "bits", "threads"})
    ->ArgsProduct({{0, 1, 2}, {4, 8, 16}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace millrace
