#include <atomic>
#include <thread>

#include "explore/explore.h"
#include "explore/search/binding.h"
#include "explore/search/locality.h"

namespace millrace::explore {

namespace {

bool zigzagCosts(const workload::Layer& layer) { return !layer.elementwise; }

/// The nests of all layers, and the core as each sees it.
void prepare(CoreResult& result, const CostOptions& options) {
    std::vector<search::CostedLayer> costed;
    for (CoreLayer& layer : result.layers) {
        layer.core = result.core;
        const auto nest = cost::statedNestOf(result.workload.layers[layer.layer], layer.diagnostics);
        if (!nest) continue;
        layer.nest = *nest;
        layer.nest.corrections = options.mapper.corrections;
        costed.push_back({layer.layer, &layer.nest});
    }
    if (!options.dataLocality || costed.size() != result.layers.size()) return;
    const std::vector<hardware::Core> cores = search::coresWithLocality(result.workload, result.core, costed);
    for (std::size_t i = 0; i < cores.size(); ++i) result.layers[i].core = cores[i];
}

}  // namespace

std::optional<CoreResult> costLayers(const workload::Workload& given, const hardware::Core& core,
                                     const mapping::Mapping* mapping, const CostOptions& options,
                                     Diagnostics& diagnostics) {
    CoreResult result;
    result.core = core;
    result.corrections = options.mapper.corrections;
    result.workload = search::withLinks(given, mapping);
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (options.allLayers || zigzagCosts(result.workload.layers[id])) {
            result.layers.emplace_back().layer = id;
        } else {
            result.otherLayers.push_back(id);
        }
    }
    prepare(result, options);
    mapper::Cache cache;
    const auto ask = [&](CoreLayer& layer) {
        if (layer.diagnostics.failed()) return;
        const mapper::Request request = search::requestFor(layer.nest, result.workload.layers[layer.layer], true,
                                                           layer.core, mapping, options.mapper);
        layer.mapping = cache.map(request, layer.diagnostics);
    };
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < result.layers.size(); i = next++) ask(result.layers[i]);
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
    work();
    threads.clear();
    result.evaluations = cache.evaluations();
    for (const CoreLayer& layer : result.layers) {
        for (const Diagnostic& diagnostic : layer.diagnostics.all()) diagnostics.add(diagnostic);
        if (!layer.mapping) continue;
        result.energy += layer.mapping->energy;
        result.latency += layer.mapping->latency;
    }
    if (diagnostics.failed()) return std::nullopt;
    return result;
}

}  // namespace millrace::explore
