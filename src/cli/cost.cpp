#include "report/cost.h"

#include <chrono>
#include <cstdio>
#include <thread>

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
    explore::CostOptions options;
};

Exit cost(CostVerb verb) {
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics diagnostics;
    const auto core = hardware::readCore(verb.hardware, diagnostics);
    const auto workload = loadWorkload(verb.model, diagnostics);
    std::optional<mapping::Mapping> mapping;
    if (!verb.mapping.empty()) mapping = mapping::readMapping(verb.mapping, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, verb.common);
    // As ZigZag does with in-memory computing.
    if (core->array.inMemoryComputing) verb.options.mapper.mixedSpatial = true;
    verb.options.allLayers = isLayerFile(verb.model.path);
    verb.options.threads = verb.common.threads > 0
                               ? verb.common.threads
                               : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const auto result = explore::costLayers(*workload, *core, mapping ? &*mapping : nullptr, verb.options, diagnostics);
    if (!result) return report(diagnostics, verb.common);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const std::string json = report::costJson(*result, verb.mapper, seconds);
    const bool written = !verb.common.out.empty() && writeFile(verb.common.out + "/cost.json", json, diagnostics);
    if (verb.common.json) {
        std::fputs(json.c_str(), stdout);
    } else if (!verb.common.quiet) {
        std::fputs(report::costTable(*result).c_str(), stdout);
        if (verb.common.explain) std::fputs(report::costExplain(*result, verb.common.explainWhat).c_str(), stdout);
        if (written) std::printf("\nWritten to %s: cost.json\n", verb.common.out.c_str());
    }
    return report(diagnostics, verb.common);
}

}  // namespace

void addCost(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("cost", "cost every layer by itself on one core, as ZigZag does");
    auto options = std::make_shared<CostVerb>();
    addModel(*verb, options->model);
    verb->add_option("--hardware", options->hardware, "core file (.yaml): ZigZag's accelerators, Stream's cores")
        ->required();
    verb->add_option("--mapping", options->mapping, "mapping file (.yaml): unrollings, loop orders, memory links");
    verb->add_option("--mapper", options->mapper, "zigzag: ZigZag's search, to the last digit")
        ->check(CLI::IsMember({"zigzag"}))
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
    addCommon(*verb, options->common);
    verb->callback([options, &action] { action = [options] { return cost(*options); }; });
}

}  // namespace millrace::cli
