#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "explore/explore.h"
#include "explore/platform/binding.h"
#include "explore/search/locality.h"

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

/// Shares the time that is left among the layers that are left.
class Clock {
public:
    Clock(const mapper::Limits& limits, std::size_t layers, int threads)
        : limits_(limits), left_(static_cast<std::int64_t>(layers)), threads_(std::max(1, threads)) {}

    mapper::Limits next() {
        mapper::Limits limits = limits_;
        const std::int64_t left = left_--;
        if (!limits.deadline || left <= threads_) return limits;
        const auto now = std::chrono::steady_clock::now();
        if (now < *limits.deadline) limits.deadline = now + (*limits.deadline - now) * threads_ / left;
        return limits;
    }

private:
    mapper::Limits limits_;
    std::atomic<std::int64_t> left_;
    int threads_;
};

class LayerCosts {
public:
    LayerCosts(const CoreResult& result, const mapping::Mapping* mapping, const CostOptions& options)
        : result_(result),
          mapping_(mapping),
          options_(options),
          clock_(options.limits, countDistinct(), options.threads) {}

    void ask(CoreLayer& layer) {
        if (layer.diagnostics.failed()) return;
        mapper::Request request = requestFor(layer);
        if (isFirst(layer)) request.limits = clock_.next();
        layer.mapping = cache_.map(request, layer.diagnostics);
        if (!layer.mapping || !options_.front) return;
        layer.front = cache_.front(request, layer.diagnostics);
        addTo(layer.front, *layer.mapping);
    }

    void askWhatHelps(CoreLayer& layer) {
        // Without a proof for the core as it is, a better answer for another one says nothing.
        if (layer.mapping->certificate && !layer.mapping->certificate->optimal) return;
        layer.sensitivity = mapper::sensitivity(requestFor(layer), *layer.mapping, cache_);
    }

    std::int64_t evaluations() const { return cache_.evaluations(); }

private:
    std::size_t countDistinct() {
        std::set<std::string> seen;
        for (const CoreLayer& layer : result_.layers) {
            if (!layer.diagnostics.failed() && seen.insert(mapper::Cache::key(requestFor(layer))).second)
                first_.insert(layer.layer.index());
        }
        return first_.size();
    }

    bool isFirst(const CoreLayer& layer) const { return first_.count(layer.layer.index()) > 0; }

    /// A search that was stopped may have missed what another one has found.
    static void addTo(std::vector<mapper::Mapping>& front, const mapper::Mapping& mapping) {
        const auto beats = [](const mapper::Mapping& a, const mapper::Mapping& b) {
            return a.energy <= b.energy && a.latency <= b.latency;
        };
        if (std::any_of(front.begin(), front.end(), [&](const auto& known) { return beats(known, mapping); })) return;
        std::erase_if(front, [&](const auto& known) { return beats(mapping, known); });
        const auto at =
            std::find_if(front.begin(), front.end(), [&](const auto& known) { return known.energy > mapping.energy; });
        front.insert(at, mapping);
    }

    mapper::Request requestFor(const CoreLayer& layer) const {
        mapper::Request request = platform::requestFor(layer.nest, result_.workload.layers[layer.layer], true,
                                                       layer.core, mapping_, options_.mapper);
        request.limits = options_.limits;
        return request;
    }

    const CoreResult& result_;
    const mapping::Mapping* mapping_;
    const CostOptions& options_;
    std::set<std::size_t> first_;  ///< layers that are not like an earlier one
    Clock clock_;
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
    result.corrections = options.mapper.corrections;
    if (const auto imc = cost::imcArrayOf(core)) result.clock = cost::imcClock(*imc);
    result.area = cost::areaOf(core);
    result.workload = platform::withLinks(given, mapping);
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (options.allLayers || zigzagCosts(result.workload.layers[id])) {
            result.layers.emplace_back().layer = id;
        } else {
            result.otherLayers.push_back(id);
        }
    }
    prepare(result, options);
    leaveOut(result);
    LayerCosts costs(result, mapping, options);
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
