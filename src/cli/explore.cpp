#include "explore/explore.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/verbs.h"
#include "hardware/read.h"
#include "report/report.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

struct ExploreOptions {
    Common common;
    ModelOptions model;
    std::string hardware;
    std::string mapping;
    std::string schedule = "layer-by-layer";
    explore::Options options;
};

bool writeFiles(const ExploreOptions& options, const explore::Result& result, double seconds,
                Diagnostics& diagnostics) {
    const std::string folder = options.common.out + "/";
    return writeFile(folder + "result.json", report::resultJson(result, seconds), diagnostics) &&
           writeFile(folder + "schedule.png", report::schedulePng(result), diagnostics) &&
           writeFile(folder + "memory.png", report::memoryPng(result), diagnostics) &&
           writeFile(folder + "trace.json", report::perfettoTrace(result), diagnostics);
}

Exit explore(ExploreOptions options) {
    const auto& compat = options.model.compat;
    options.options.offchipInCore = std::find(compat.begin(), compat.end(), kOffchipInCore) != compat.end();
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics diagnostics;
    const auto chip = hardware::readChip(options.hardware, diagnostics);
    const auto workload = loadWorkload(options.model, diagnostics);
    std::optional<mapping::Mapping> mapping;
    if (!options.mapping.empty()) mapping = mapping::readMapping(options.mapping, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, options.common);
    const auto result =
        explore::exploreLayerByLayer(*workload, *chip, mapping ? &*mapping : nullptr, options.options, diagnostics);
    if (!result) return report(diagnostics, options.common);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool written = !options.common.out.empty() && writeFiles(options, *result, seconds, diagnostics);
    if (options.common.json) {
        std::fputs(report::resultJson(*result, seconds).c_str(), stdout);
    } else if (!options.common.quiet) {
        std::fputs(report::table(*result).c_str(), stdout);
        if (options.common.explain) std::fputs(report::explain(*result, options.common.explainWhat).c_str(), stdout);
        if (written) {
            std::printf("\nWritten to %s: result.json schedule.png memory.png trace.json\n",
                        options.common.out.c_str());
        }
    }
    return report(diagnostics, options.common);
}

}  // namespace

void addExplore(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("explore", "run a network on a chip: schedule, latency, energy, pictures");
    auto options = std::make_shared<ExploreOptions>();
    addModel(*verb, options->model);
    verb->add_option("--hardware", options->hardware, "chip file (.yaml): ours, Stream's or ZigZag's")->required();
    verb->add_option("--mapping", options->mapping,
                     "mapping file (.yaml); without it layers go to the cores made for them");
    verb->add_option("--schedule", options->schedule, "a layer starts only after every earlier one has ended")
        ->check(CLI::IsMember({"layer-by-layer"}))
        ->capture_default_str();
    addObjective(*verb, options->options.objective);
    verb->add_option("--lpf-limit", options->options.lpfLimit, "loop prime factors that are ordered")
        ->check(CLI::Range(1, 10))
        ->capture_default_str();
    verb->add_flag("--prefetch", options->options.prefetch, "fetch weights before their layer's turn");
    verb->add_flag("--fuse-activations", options->model.fuseActivations,
                   "run an activation as a part of the layer before it");
    verb->add_option("--compat", options->model.compat,
                     "imitate a peer: stream-pooling, stream-elementwise, stream-offchip (docs/differences.md)")
        ->delimiter(',')
        ->type_name("NAMES");
    addCommon(*verb, options->common);
    verb->get_option("--explain")->excludes("--json");
    verb->callback([options, &action] { action = [options] { return explore(*options); }; });
}

}  // namespace millrace::cli
