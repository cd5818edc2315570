#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "explore/cost/nest.h"
#include "explore/mapper/mapper.h"
#include "explore/platform/binding.h"
#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"

/// How long exact searches take, layer by layer: a distribution over the layers of networks, which Google Benchmark has
/// no form for. Usage: bench_exact latency|energy|edp SECONDS_A_LAYER CORE.yaml MAPPING.yaml MODEL...
/// Identical layers of all networks are searched once.
namespace millrace {
namespace {

struct Run {
    std::string layer;
    double milliseconds = 0;
    mapper::Certificate certificate;
    double zigzag = 0;  ///< value of the objective that ZigZag's search finds
};

double valueOf(const mapper::Mapping& mapping, mapper::Objective objective) {
    if (objective == mapper::Objective::energy) return mapping.energy;
    return objective == mapper::Objective::latency ? mapping.latency : mapping.energy * mapping.latency;
}

std::optional<workload::Workload> load(const std::string& path, Diagnostics& diagnostics) {
    if (path.ends_with(".yaml")) return workload::readLayers(path, diagnostics);
    const auto network = model::readOnnx(path, {}, diagnostics);
    if (!network) return std::nullopt;
    return workload::lower(*network, {}, diagnostics);
}

class Bench {
public:
    Bench(mapper::Objective objective, double seconds, const hardware::Core& core, const mapping::Mapping& mapping)
        : seconds_(seconds), core_(core), mapping_(mapping) {
        options_.objective = objective;
    }

    void add(const std::string& model, const workload::Workload& given) {
        const workload::Workload workload = platform::withLinks(given, &mapping_);
        for (const workload::Layer& layer : workload.layers) {
            if (layer.elementwise) continue;
            Diagnostics diagnostics;
            const auto nest = cost::statedNestOf(layer, diagnostics);
            if (!nest) continue;
            mapper::Request request = platform::requestFor(*nest, layer, true, core_, &mapping_, options_);
            const std::size_t known = cache_.size();
            const auto zigzag = cache_.map(request, diagnostics);
            if (cache_.size() == known || !zigzag) continue;
            request.options.engine = mapper::Engine::exact;
            const auto begin = std::chrono::steady_clock::now();
            request.limits.deadline = begin + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds_));
            const auto exact = mapper::map(request, diagnostics);
            const auto end = std::chrono::steady_clock::now();
            if (!exact || !exact->certificate) continue;
            runs_.push_back({model + " " + layer.name, std::chrono::duration<double, std::milli>(end - begin).count(),
                             *exact->certificate, valueOf(*zigzag, options_.objective)});
        }
    }

    void print() {
        if (runs_.empty()) return;
        std::sort(runs_.begin(), runs_.end(),
                  [](const Run& a, const Run& b) { return a.milliseconds < b.milliseconds; });
        std::size_t closed = 0;
        double gap = 0;
        double gain = 0;
        for (const Run& run : runs_) {
            closed += run.certificate.optimal ? 1 : 0;
            gap = std::max(gap, run.certificate.gap());
            gain = std::max(gain, 1 - run.certificate.value / run.zigzag);
            if (run.certificate.optimal) continue;
            std::printf("open: %-60s gap %.3f %%\n", run.layer.c_str(), 100 * run.certificate.gap());
        }
        std::printf(
            "%zu distinct layers: %zu closed (%.1f %%), ms: median %.1f, 90 %% %.1f, worst %.1f (%s); "
            "largest gap %.2f %%, largest gain over ZigZag %.2f %%\n",
            runs_.size(), closed, 100.0 * static_cast<double>(closed) / static_cast<double>(runs_.size()),
            runs_[runs_.size() / 2].milliseconds, runs_[runs_.size() * 9 / 10].milliseconds, runs_.back().milliseconds,
            runs_.back().layer.c_str(), 100 * gap, 100 * gain);
    }

private:
    double seconds_;
    const hardware::Core& core_;
    const mapping::Mapping& mapping_;
    mapper::Options options_;
    mapper::Cache cache_;
    std::vector<Run> runs_;
};

int run(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: %s latency|energy|edp SECONDS CORE.yaml MAPPING.yaml MODEL...\n", argv[0]);
        return 2;
    }
    Diagnostics diagnostics;
    const auto core = hardware::readCore(argv[3], diagnostics);
    const auto mapping = mapping::readMapping(argv[4], diagnostics);
    if (!core || !mapping) {
        std::fprintf(stderr, "%s\n", diagnostics.text().c_str());
        return 2;
    }
    const auto objective = std::strcmp(argv[1], "energy") == 0 ? mapper::Objective::energy
                           : std::strcmp(argv[1], "edp") == 0  ? mapper::Objective::edp
                                                               : mapper::Objective::latency;
    Bench bench(objective, std::strtod(argv[2], nullptr), *core, *mapping);
    for (int i = 5; i < argc; ++i) {
        const auto workload = load(argv[i], diagnostics);
        if (workload) bench.add(std::string(argv[i]).substr(std::string(argv[i]).rfind('/') + 1), *workload);
    }
    bench.print();
    return 0;
}

}  // namespace
}  // namespace millrace

int main(int argc, char** argv) { return millrace::run(argc, argv); }
