#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "cli/shipped.h"
#include "cli/verbs.h"
#include "hardware/read.h"
#include "report/comparison.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

constexpr const char* kModel = "models/resnet18.onnx";
constexpr const char* kChip = "hardware/tpu_like_quad_core.yaml";

struct DemoOptions {
    Common common;
    std::string model;
    std::string hardware;
    std::string mapping;
    explore::Options options;
    FusedChoice fused;
};

struct Inputs {
    workload::Workload workload;
    hardware::Chip chip;
    std::optional<mapping::Mapping> mapping;
    explore::FusedOptions fused;
};

std::optional<Inputs> load(const DemoOptions& options, Diagnostics& diagnostics) {
    const auto model = options.model.empty() ? findShipped(kModel, "--model", diagnostics) : options.model;
    const auto hardware = options.hardware.empty() ? findShipped(kChip, "--hardware", diagnostics) : options.hardware;
    if (!model || !hardware) return std::nullopt;
    ModelOptions network;
    network.path = *model;
    auto chip = hardware::readChip(*hardware, diagnostics);
    auto workload = loadWorkload(network, diagnostics);
    std::optional<mapping::Mapping> mapping;
    if (!options.mapping.empty()) mapping = mapping::readMapping(options.mapping, diagnostics);
    const mapping::Mapping* file = mapping ? &*mapping : nullptr;
    explore::Options both = options.options;
    takeFromFile(file, options.fused.said, both);
    auto fused = fusedOptions(options.fused, both, file, diagnostics);
    if (diagnostics.failed()) return std::nullopt;
    return Inputs{std::move(*workload), std::move(*chip), std::move(mapping), std::move(*fused)};
}

struct Run {
    std::string name;
    explore::Result result;
    double seconds = 0;
};

template <class Explore>
bool add(std::vector<Run>& runs, const char* name, Explore explore) {
    const auto begin = std::chrono::steady_clock::now();
    std::optional<explore::Result> result = explore();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (result) runs.push_back({name, std::move(*result), seconds});
    return result.has_value();
}

bool write(const std::string& out, const std::vector<Run>& runs, const std::string& comparison,
           Diagnostics& diagnostics) {
    const auto written = [&](const Run& run) {
        return writeResult(out + "/" + run.name, run.result, run.seconds, diagnostics);
    };
    return std::all_of(runs.begin(), runs.end(), written) &&
           writeFile(out + "/comparison.json", comparison, diagnostics);
}

void print(const DemoOptions& options, const std::vector<Run>& runs, const std::vector<report::NamedResult>& named,
           bool written) {
    std::printf("%s",
                fmt::format("{} on {}, both ways\n\n", runs[0].result.workload.name, runs[0].result.chip.name).c_str());
    std::fputs(report::comparison(named).c_str(), stdout);
    if (!written) return;
    std::printf("\nWritten to %s: comparison.json, and in", options.common.out.c_str());
    for (const Run& run : runs) std::printf(" %s/", run.name.c_str());
    std::printf(": result.json mapping.yaml schedule.png memory.png trace.json\n");
}

Exit demo(DemoOptions options) {
    if (options.common.out.empty()) options.common.out = "out/demo";
    Diagnostics diagnostics;
    const std::optional<Inputs> inputs = load(options, diagnostics);
    if (!inputs) return report(diagnostics, options.common);
    const mapping::Mapping* mapping = inputs->mapping ? &*inputs->mapping : nullptr;
    std::vector<Run> runs;
    const bool done =
        add(runs, "layer-by-layer",
            [&] {
                return explore::exploreLayerByLayer(inputs->workload, inputs->chip, mapping, inputs->fused.common,
                                                    diagnostics);
            }) &&
        add(runs, "fused",
            [&] { return explore::exploreFused(inputs->workload, inputs->chip, mapping, inputs->fused, diagnostics); });
    if (!done) return report(diagnostics, options.common);
    std::vector<report::NamedResult> named;
    for (const Run& run : runs) named.push_back({run.name, &run.result, run.seconds});
    const std::string json = report::comparisonJson(named);
    const bool written = write(options.common.out, runs, json, diagnostics);
    if (options.common.json) {
        std::fputs(json.c_str(), stdout);
    } else if (!options.common.quiet) {
        print(options, runs, named, written);
    }
    return report(diagnostics, options.common);
}

}  // namespace

void addDemo(CLI::App& app, Action& action) {
    CLI::App* verb =
        app.add_subcommand("demo", "explore the shipped network on the shipped chip, both ways, side by side");
    auto options = std::make_shared<DemoOptions>();
    verb->add_option("--model", options->model,
                     fmt::format("another network (.onnx) or layers (.yaml) than {}", kModel));
    verb->add_option("--hardware", options->hardware, fmt::format("another chip (.yaml) than {}", kChip));
    verb->add_option("--mapping", options->mapping, "mapping file (.yaml) for both runs");
    addFused(*verb, options->fused);
    addObjective(*verb, options->options.objective);
    verb->add_flag("--prefetch", options->options.prefetch, "fetch weights before their layer's turn");
    addCommon(*verb, options->common);
    verb->callback([options, verb, &action] {
        options->fused.said = optionsSaid(*verb);
        action = [options] { return demo(*options); };
    });
}

}  // namespace millrace::cli
