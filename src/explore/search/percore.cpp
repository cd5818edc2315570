#include <atomic>
#include <thread>

#include "explore/explore.h"
#include "explore/search/binding.h"

namespace millrace::explore {

namespace {

bool zigzagCosts(const workload::Layer& layer) { return !layer.elementwise; }

/// ZigZag leaves out hand-written pooling layers and additions on arrays that compute in memory.
void leaveOut(CoreResult& result) {
    if (!result.core.array.inMemoryComputing) return;
    const auto isLeftOut = [&](const CoreLayer& layer) {
        const std::string& type = result.workload.layers[layer.layer].type;
        return type == "Pooling" || type == "Add";
    };
    for (const CoreLayer& layer : result.layers) {
        if (isLeftOut(layer)) result.otherLayers.push_back(layer.layer);
    }
    std::erase_if(result.layers, isLeftOut);
}

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

    std::int64_t evaluations() const { return cache_.evaluations(); }

private:
    const workload::Workload& workload_;
    const hardware::Core& core_;
    const mapping::Mapping* mapping_;
    mapper::Options options_;
    mapper::Cache cache_;
};

}  // namespace

std::optional<CoreResult> costLayers(const workload::Workload& given, const hardware::Core& core,
                                     const mapping::Mapping* mapping, const CostOptions& options,
                                     Diagnostics& diagnostics) {
    CoreResult result;
    result.core = core;
    if (const auto imc = cost::imcArrayOf(core)) result.clock = cost::imcClock(*imc);
    result.area = cost::areaOf(core);
    result.workload = search::withLinks(given, mapping);
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (options.allLayers || zigzagCosts(result.workload.layers[id])) {
            result.layers.emplace_back().layer = id;
        } else {
            result.otherLayers.push_back(id);
        }
    }
    leaveOut(result);
    LayerCosts costs(result.workload, result.core, mapping, options.mapper);
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < result.layers.size(); i = next++) costs.ask(result.layers[i]);
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
    work();
    threads.clear();
    result.evaluations = costs.evaluations();
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
