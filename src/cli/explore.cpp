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

constexpr const char* kLayerByLayer = "layer-by-layer";
constexpr const char* kFused = "fused";

struct ExploreOptions {
    Common common;
    ModelOptions model;
    std::string hardware;
    std::string mapping;
    std::string schedule = kLayerByLayer;
    explore::Options options;
    FusedChoice fused;
    SearchChoice search;
};

Exit explore(ExploreOptions options) {
    const auto& compat = options.model.compat;
    options.options.offchipInCore = std::find(compat.begin(), compat.end(), kOffchipInCore) != compat.end();
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics diagnostics;
    const auto chip = hardware::readChip(options.hardware, diagnostics);
    const auto workload = loadWorkload(options.model, diagnostics);
    std::optional<mapping::Mapping> mapping;
    if (!options.mapping.empty()) mapping = mapping::readMapping(options.mapping, diagnostics);
    const auto fused = fusedOptions(options.fused, options.options, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, options.common);
    const mapping::Mapping* file = mapping ? &*mapping : nullptr;
    const auto result = options.schedule == kFused
                            ? searched(*workload, *chip, file, *fused, options.search, options.common, diagnostics)
                            : explore::exploreLayerByLayer(*workload, *chip, file, options.options, diagnostics);
    if (!result) return report(diagnostics, options.common);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool written = !options.common.out.empty() && writeResult(options.common.out, *result, seconds, diagnostics);
    if (options.common.json) {
        std::fputs(report::resultJson(*result, seconds).c_str(), stdout);
    } else if (!options.common.quiet) {
        std::fputs(report::table(*result).c_str(), stdout);
        if (options.common.explain) std::fputs(report::explain(*result, options.common.explainWhat).c_str(), stdout);
        if (written) {
            std::printf("\nWritten to %s: result.json schedule.png memory.png trace.json%s\n",
                        options.common.out.c_str(), result->tileOrder.empty() ? "" : " order.csv");
        }
    }
    return report(diagnostics, options.common);
}

bool isSaid(const CLI::App& verb, const char* group) {
    const auto options = verb.get_options();
    return std::any_of(options.begin(), options.end(),
                       [&](const CLI::Option* option) { return option->get_group() == group && option->count() > 0; });
}

/// Whoever asks for a search asks for fused schedules, and whoever says how to fuse wants no search. What is said about
/// fused schedules must not be lost silently on another one.
void settle(const CLI::App& verb, ExploreOptions& options) {
    if (verb.count("--schedule") == 0 && isSaid(verb, kSearchGroup)) options.schedule = kFused;
    if (options.schedule == kFused) {
        const bool given = !options.mapping.empty() || isSaid(verb, kFusedGroup);
        if (options.search.method.empty())
            options.search.method = given && !isSaid(verb, kSearchGroup) ? "rules" : "auto";
        if (options.fused.orderFile.empty() || options.search.method == "rules") return;
        throw CLI::ValidationError("--order-file", "leaves nothing to search for; use --method rules");
    }
    for (const CLI::Option* option : verb.get_options()) {
        const bool fused = option->get_group() == kFusedGroup || option->get_group() == kSearchGroup;
        if (!fused || option->count() == 0) continue;
        throw CLI::ValidationError(option->get_name(), "needs --schedule fused; this schedule is " + options.schedule);
    }
}

}  // namespace

void addExplore(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("explore", "run a network on a chip: schedule, latency, energy, pictures");
    auto options = std::make_shared<ExploreOptions>();
    addModel(*verb, options->model);
    verb->add_option("--hardware", options->hardware, "chip file (.yaml): ours, Stream's or ZigZag's")->required();
    verb->add_option("--mapping", options->mapping,
                     "mapping file (.yaml); without it layers go to the cores made for them");
    verb->add_option("--schedule", options->schedule,
                     "layer-by-layer: a layer starts only after every earlier one has ended; fused: the layers of a "
                     "stack run tile by tile, side by side")
        ->check(CLI::IsMember({kLayerByLayer, kFused}))
        ->capture_default_str();
    addFused(*verb, options->fused);
    addSearch(*verb, options->search);
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
    addExplain(*verb, options->common);
    verb->get_option("--explain")->excludes("--json");
    verb->callback([options, verb, &action] {
        settle(*verb, *options);
        action = [options] { return explore(*options); };
    });
}

}  // namespace millrace::cli
