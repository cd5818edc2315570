#include <atomic>
#include <thread>

#include "explore/explore.h"
#include "explore/search/binding.h"

namespace millrace::explore {

namespace {

bool zigzagCosts(const workload::Layer& layer) { return !layer.elementwise; }

class LayerCosts {
public:
    LayerCosts(const workload::Workload& workload, const hardware::Core& core, const mapping::Mapping* mapping,
               const mapper::Options& options)
        : workload_(workload), core_(core), mapping_(mapping), options_(options) {}

    void ask(CoreLayer& layer) {
        const workload::Layer& source = workload_.layers[layer.layer];
        const auto nest = cost::nestOf(source, layer.diagnostics);
        if (!nest) return;
        layer.mapping =
            cache_.map(search::requestFor(*nest, source, true, core_, mapping_, options_), layer.diagnostics);
        layer.nest = *nest;
    }

    void askWhatHelps(CoreLayer& layer) {
        const workload::Layer& source = workload_.layers[layer.layer];
        const mapper::Request request = search::requestFor(layer.nest, source, true, core_, mapping_, options_);
        layer.sensitivity = mapper::sensitivity(request, *layer.mapping, cache_);
    }

    std::int64_t evaluations() const { return cache_.evaluations(); }

private:
    const workload::Workload& workload_;
    const hardware::Core& core_;
    const mapping::Mapping* mapping_;
    mapper::Options options_;
    mapper::Cache cache_;
};

/// Calls `work` for each layer, on several threads.
template <class Work>
void forEachLayer(std::vector<CoreLayer>& layers, int threads, const Work& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&] {
        for (std::size_t i = next++; i < layers.size(); i = next++) work(layers[i]);
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(run);
    run();
}

}  // namespace

std::optional<CoreResult> costLayers(const workload::Workload& given, const hardware::Core& core,
                                     const mapping::Mapping* mapping, const CostOptions& options,
                                     Diagnostics& diagnostics) {
    CoreResult result;
    result.core = core;
    result.workload = search::withLinks(given, mapping);
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (options.allLayers || zigzagCosts(result.workload.layers[id])) {
            result.layers.emplace_back().layer = id;
        } else {
            result.otherLayers.push_back(id);
        }
    }
    LayerCosts costs(result.workload, result.core, mapping, options.mapper);
    forEachLayer(result.layers, options.threads, [&](CoreLayer& layer) { costs.ask(layer); });
    result.evaluations = costs.evaluations();
    result.objective = options.mapper.objective;
    for (const CoreLayer& layer : result.layers) {
        for (const Diagnostic& diagnostic : layer.diagnostics.all()) diagnostics.add(diagnostic);
        if (!layer.mapping) continue;
        result.energy += layer.mapping->energy;
        result.latency += layer.mapping->latency;
    }
    if (diagnostics.failed()) return std::nullopt;
    if (!options.helpFor) return result;
    forEachLayer(result.layers, options.threads, [&](CoreLayer& layer) {
        const std::string& name = result.workload.layers[layer.layer].name;
        if (name.find(*options.helpFor) != std::string::npos) costs.askWhatHelps(layer);
    });
    return result;
}

}  // namespace millrace::explore
