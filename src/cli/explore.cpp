#include "explore/explore.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/verbs.h"
#include "explore/platform/budget.h"
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
    std::vector<std::string> onlyFused;  ///< names of options
    std::vector<std::string> onlySearch;
    std::string budget;
};

bool isSaid(const ExploreOptions& options, const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return options.fused.said.count(name) > 0; });
}

void checkMethod(const ExploreOptions& options, Diagnostics& diagnostics) {
    if (options.search.method != "rules") {
        if (!options.fused.orderFile.empty())
            diagnostics.error({"--order-file"}, "the order leaves nothing to search for", "use --method rules");
        return;
    }
    for (const char* option : {"--time-limit", "--evaluations"}) {
        if (options.fused.said.count(option) > 0)
            diagnostics.error({option}, "--method rules tries one plan and has nothing to limit",
                              "leave it out, or choose another method");
    }
}

/// Whoever asks for a search asks for fused schedules, and whoever says how to fuse wants no search. What is said about
/// fused schedules must not be lost silently on another one.
void settle(const mapping::Mapping* file, ExploreOptions& options, Diagnostics& diagnostics) {
    const bool search = isSaid(options, options.onlySearch);
    if (options.fused.said.count("--schedule") == 0) {
        if (file != nullptr && file->schedule) options.schedule = file->schedule->kind.value_or(options.schedule);
        if (search) options.schedule = kFused;
    }
    if (options.schedule == kFused) {
        const bool given = file != nullptr || isSaid(options, options.onlyFused);
        if (options.search.method.empty()) options.search.method = given && !search ? "rules" : "auto";
        checkMethod(options, diagnostics);
        return;
    }
    for (const auto* names : {&options.onlyFused, &options.onlySearch}) {
        for (const std::string& option : *names) {
            if (options.fused.said.count(option) > 0)
                diagnostics.error({option}, "needs --schedule fused; this schedule is " + options.schedule);
        }
    }
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
    const mapping::Mapping* file = mapping ? &*mapping : nullptr;
    takeFromFile(file, options.fused.said, options.options);
    settle(file, options, diagnostics);
    const auto fused = fusedOptions(options.fused, options.options, file, diagnostics);
    const bool limited = options.fused.said.count("--budget") > 0;
    const auto budget = limited ? explore::parseBudget(options.budget, diagnostics) : explore::Budget();
    if (diagnostics.failed() || !explore::checkArea(*chip, *budget, diagnostics))
        return report(diagnostics, options.common);
    options.search.memory = budget->memory;
    const auto result = options.schedule == kFused
                            ? searched(*workload, *chip, file, *fused, options.search, options.common, diagnostics)
                            : explore::exploreLayerByLayer(*workload, *chip, file, options.options, diagnostics);
    if (!result || !explore::checkMemory(*result, *budget, diagnostics)) return report(diagnostics, options.common);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool written = !options.common.out.empty() && writeResult(options.common.out, *result, seconds, diagnostics);
    if (options.common.json) {
        std::fputs(report::resultJson(*result, seconds).c_str(), stdout);
    } else if (!options.common.quiet) {
        std::fputs(report::table(*result).c_str(), stdout);
        if (options.common.explain) std::fputs(report::explain(*result, options.common.explainWhat).c_str(), stdout);
        if (written) {
            std::printf("\nWritten to %s: result.json mapping.yaml schedule.png memory.png%s%s%s\n",
                        options.common.out.c_str(), isTraced(*result) ? " trace.json" : "",
                        result->tileOrder.empty() ? "" : " order.csv", result->front ? " front.json front.png" : "");
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
    verb->add_option(
        "--mapping", options->mapping,
        "mapping file (.yaml); without it layers go to the cores made for them. A mapping.yaml that explore "
        "wrote gives its schedule again, options given beside it count more");
    verb->add_option("--schedule", options->schedule,
                     "layer-by-layer: a layer starts only after every earlier one has ended; fused: the layers of a "
                     "stack run tile by tile, side by side")
        ->check(CLI::IsMember({kLayerByLayer, kFused}))
        ->capture_default_str();
    addFused(*verb, options->fused);
    addSearch(*verb, options->search);
    addObjective(*verb, options->options.objective);
    verb->add_option("--lpf-limit", options->options.lpfLimit, "loop prime factors that are ordered")
        ->check(CLI::Range(std::int64_t{1}, mapping::Schedule::kMostLpfLimit))
        ->capture_default_str();
    verb->add_option(
            "--budget", options->budget,
            "limits, area=MM2,memory=BYTES: area of the chip, on-chip memory that the schedule uses, the sum of each "
            "memory's peak; B, kB, MB, KiB, MiB may follow")
        ->type_name("LIMITS");
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
        options->fused.said = optionsSaid(*verb);
        for (const CLI::Option* option : verb->get_options()) {
            if (option->get_group() == kFusedGroup) options->onlyFused.push_back(option->get_name());
            if (option->get_group() == kSearchGroup) options->onlySearch.push_back(option->get_name());
        }
        action = [options] { return explore(*options); };
    });
}

}  // namespace millrace::cli
