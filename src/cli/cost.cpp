#include "report/cost.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "cli/interrupt.h"
#include "cli/verbs.h"
#include "explore/explore.h"
#include "hardware/read.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

struct CostVerb {
    Common common;
    ModelOptions model;
    std::string hardware;
    std::string mapping;
    std::string mapper = "zigzag";
    std::string spatial = "file";
    double timeLimit = 0;  ///< seconds; 0: none
    explore::CostOptions options;
};

bool writeFiles(const std::string& folder, const explore::CoreResult& result, const std::string& json,
                Diagnostics& diagnostics) {
    return writeFile(folder + "cost.json", json, diagnostics) &&
           writeFile(folder + "energy.png", report::energyPng(result), diagnostics) &&
           writeFile(folder + "latency.png", report::latencyPng(result), diagnostics);
}

Exit cost(CostVerb verb) {
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics diagnostics;
    const auto core = hardware::readCore(verb.hardware, diagnostics);
    const auto workload = loadWorkload(verb.model, diagnostics);
    std::optional<mapping::Mapping> mapping;
    if (!verb.mapping.empty()) mapping = mapping::readMapping(verb.mapping, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, verb.common);
    const bool exact = verb.mapper == "exact";
    verb.options.mapper.engine = exact ? mapper::Engine::exact : mapper::Engine::zigzag;
    verb.options.mapper.spatialSearch = verb.spatial == "search";
    if (verb.options.mapper.spatialSearch && !exact) {
        diagnostics.error({"--spatial"}, "'search' needs an exact search, and the mapper is ZigZag's",
                          "add --mapper exact, or use --spatial file or mixed");
        return report(diagnostics, verb.common);
    }
    if ((exact || verb.options.front) && verb.options.mapper.even) {
        diagnostics.error({"--temporal"}, "exact searches (--mapper exact, --pareto) are for uneven cuts only",
                          "use --temporal uneven");
        return report(diagnostics, verb.common);
    }
    if (verb.timeLimit > 0 && !exact && !verb.options.front)
        diagnostics.warning({"--time-limit"}, "only exact searches heed it", "add --mapper exact");
    // ZigZag mixes loops only together with data locality, and always does both for arrays that compute in memory.
    verb.options.mapper.mixedSpatial = verb.spatial == "mixed" || core->array.inMemoryComputing.has_value();
    verb.options.dataLocality = verb.options.dataLocality || verb.options.mapper.mixedSpatial;
    verb.options.allLayers = isLayerFile(verb.model.path);
    verb.options.threads = verb.common.threads > 0
                               ? verb.common.threads
                               : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    if (exact || verb.options.front) verb.options.limits.stop = stopOnInterrupt();
    if (verb.timeLimit > 0) {
        verb.options.limits.deadline = begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                   std::chrono::duration<double>(verb.timeLimit));
    }
    if (verb.common.explain) verb.options.helpFor = verb.common.explainWhat;
    const auto result = explore::costLayers(*workload, *core, mapping ? &*mapping : nullptr, verb.options, diagnostics);
    if (!result) return report(diagnostics, verb.common);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const std::string json = report::costJson(*result, verb.mapper, seconds);
    const bool written = !verb.common.out.empty() && writeFiles(verb.common.out + "/", *result, json, diagnostics);
    if (verb.common.json) {
        std::fputs(json.c_str(), stdout);
    } else if (!verb.common.quiet) {
        std::fputs(report::costTable(*result).c_str(), stdout);
        if (verb.common.explain) std::fputs(report::costExplain(*result, verb.common.explainWhat).c_str(), stdout);
        if (written) std::printf("\nWritten to %s: cost.json energy.png latency.png\n", verb.common.out.c_str());
    }
    return report(diagnostics, verb.common);
}

/// `--fix NAME[,NAME...]`: which corrections of the cost model are on.
void addFix(CLI::App& verb, cost::Corrections& corrections) {
    std::vector<std::string> known{"all"};
    for (const std::string& name : cost::Corrections::all().names()) known.push_back(name);
    verb.add_option_function<std::vector<std::string>>(
            "--fix",
            [&corrections](const std::vector<std::string>& names) {
                for (const std::string& name : names) corrections.add(cost::Corrections::named(name).value());
            },
            "correct faults of ZigZag's cost model (docs/cost.md); none: ZigZag's numbers to the last digit")
        ->check(CLI::IsMember(known))
        ->delimiter(',')
        ->allow_extra_args(false);
}

}  // namespace

void addCost(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("cost", "cost every layer by itself on one core, as ZigZag does");
    auto options = std::make_shared<CostVerb>();
    addModel(*verb, options->model);
    verb->add_option("--hardware", options->hardware, "core file (.yaml): ZigZag's accelerators, Stream's cores")
        ->required();
    verb->add_option("--mapping", options->mapping, "mapping file (.yaml): unrollings, loop orders, memory links");
    verb->add_option("--mapper", options->mapper,
                     "zigzag: ZigZag's search, to the last digit; exact: the best mapping of all loop orders and cuts, "
                     "with its proof (docs/mapper.md)")
        ->check(CLI::IsMember({"zigzag", "exact"}))
        ->capture_default_str();
    addObjective(*verb, options->options.mapper.objective);
    verb->add_option("--lpf-limit", options->options.mapper.lpfLimit, "loop prime factors that are ordered")
        ->check(CLI::Range(1, 10))
        ->capture_default_str();
    verb->add_option_function<std::string>(
            "--temporal", [options](const std::string& kind) { options->options.mapper.even = kind == "even"; },
            "uneven: each operand cuts the loops where it likes; even: operands of one memory cut alike")
        ->check(CLI::IsMember({"uneven", "even"}))
        ->default_str("uneven");
    verb->add_option(
            "--spatial", options->spatial,
            "file: unrollings of the mapping file, array dimensions without one are filled with one loop "
            "each; mixed: with several loops, and --data-locality (ZigZag's enable_mix_spatial_mapping); search: "
            "all of one or two loops a dimension besides (with --mapper exact)")
        ->check(CLI::IsMember({"file", "mixed", "search"}))
        ->capture_default_str();
    verb->add_option("--spatial-candidates", options->options.mapper.spatialCandidates,
                     "how many unrollings are tried where the mapping file leaves array dimensions open")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    verb->add_flag("--data-locality", options->options.dataLocality,
                   "keep results and weights in the lowest memories with room for them, from layer to layer");
    verb->add_flag("--pareto", options->options.front,
                   "also all mappings of a layer that no other one beats in energy and in latency");
    verb->add_option("--time-limit", options->timeLimit,
                     "seconds after which exact searches give the best so far with its proven gap; so does Ctrl-C")
        ->check([](const std::string& text) -> std::string {
            const double seconds = std::strtod(text.c_str(), nullptr);
            return seconds >= 1e-3 && seconds <= 1e8 ? "" : "must be from 0.001 to 100000000 seconds";
        })
        ->type_name("S");
    addFix(*verb, options->options.mapper.corrections);
    addCommon(*verb, options->common);
    addExplain(*verb, options->common);
    verb->callback([options, &action] { action = [options] { return cost(*options); }; });
}

}  // namespace millrace::cli
