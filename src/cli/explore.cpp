#include "explore/explore.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "cli/verbs.h"
#include "hardware/read.h"
#include "report/report.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

constexpr const char* kLayerByLayer = "layer-by-layer";
constexpr const char* kFused = "fused";
constexpr const char* kBest = "best";
constexpr const char* kOrderFile = "order.csv";

struct ExploreOptions {
    Common common;
    ModelOptions model;
    std::string hardware;
    std::string mapping;
    std::string schedule = kLayerByLayer;
    explore::Options options;
    fusion::Policy policy;
    std::string order = kBest;
    std::string orderFile;
    std::string stacks;
    std::string cuts;
    std::vector<std::string> tiles;
};

std::optional<fusion::PlanOptions> planOptions(const ExploreOptions& options, Diagnostics& diagnostics) {
    fusion::PlanOptions plan;
    bool good = options.stacks.empty() || fusion::parseStacks(options.stacks, plan, diagnostics);
    good = (options.cuts.empty() || fusion::parseCuts(options.cuts, plan, diagnostics)) && good;
    for (const std::string& tile : options.tiles) good = fusion::parseTile(tile, plan, diagnostics) && good;
    if (!good) return std::nullopt;
    return plan;
}

std::optional<explore::FusedOptions> fusedOptions(const ExploreOptions& options, Diagnostics& diagnostics) {
    const auto plan = planOptions(options, diagnostics);
    if (!plan) return std::nullopt;
    explore::FusedOptions fused;
    fused.common = options.options;
    fused.plan = *plan;
    fused.policy = options.policy;
    fused.policy.prefetch = options.options.prefetch;
    for (const fusion::Order order :
         {fusion::Order::depthFirst, fusion::Order::breadthFirst, fusion::Order::earliestReady}) {
        if (options.order == fusion::name(order)) fused.orders = {order};
    }
    if (options.orderFile.empty()) return fused;
    const auto text = readFile(options.orderFile, diagnostics);
    if (!text) return std::nullopt;
    fused.orders = {fusion::Order::given};
    fused.order = *text;
    fused.orderFile = options.orderFile;
    return fused;
}

bool writeFiles(const ExploreOptions& options, const explore::Result& result, double seconds,
                Diagnostics& diagnostics) {
    const std::string folder = options.common.out + "/";
    return writeFile(folder + "result.json", report::resultJson(result, seconds), diagnostics) &&
           writeFile(folder + "schedule.png", report::schedulePng(result), diagnostics) &&
           writeFile(folder + "memory.png", report::memoryPng(result), diagnostics) &&
           writeFile(folder + "trace.json", report::perfettoTrace(result), diagnostics) &&
           (result.tileOrder.empty() ||
            writeFile(folder + kOrderFile, fusion::printOrder(result.tileOrder), diagnostics));
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
    const auto fused = fusedOptions(options, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, options.common);
    const mapping::Mapping* file = mapping ? &*mapping : nullptr;
    const auto result = options.schedule == kFused
                            ? explore::exploreFused(*workload, *chip, file, *fused, diagnostics)
                            : explore::exploreLayerByLayer(*workload, *chip, file, options.options, diagnostics);
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

void addFused(CLI::App& verb, ExploreOptions& options) {
    const char* group = "Fused";
    verb.add_option("--stacks", options.stacks,
                    "what is fused: auto, layers (each by itself), or stacks by hand (\"0-10;11-21\")")
        ->type_name("STACKS")
        ->group(group);
    verb.add_option("--cut-after", options.cuts, "layers after which a stack ends")->type_name("LAYERS")->group(group);
    verb.add_option("--tile", options.tiles,
                    "LAYER:SPLIT,...: OY=8 or OY=all cuts in time, K@4 over cores; LAYER may be a type or default")
        ->group(group);
    verb.add_option("--order", options.order, "which tile is next; best: all three are tried, for the objective")
        ->check(CLI::IsMember({kBest, "depth-first", "breadth-first", "earliest-ready"}))
        ->capture_default_str()
        ->group(group);
    verb.add_option("--order-file", options.orderFile, "the tiles in order, a line \"LAYER,TILE\" each")
        ->type_name("FILE")
        ->group(group);
    const std::map<std::string, fusion::Halo> halos{
        {"keep", fusion::Halo::keep}, {"again", fusion::Halo::again}, {"recompute", fusion::Halo::recompute}};
    verb.add_option("--halo", options.policy.halo,
                    "keep, again (sent again) or recompute: data that neighbouring tiles share")
        ->transform(CLI::Transformer(halos))
        ->type_name("HALO")
        ->group(group);
    verb.add_flag("!--no-gaps", options.policy.fillGaps, "cores run tiles in the order in which they are scheduled")
        ->group(group);
    verb.add_flag("!--no-multicast", options.policy.multicast, "each transfer serves one core")->group(group);
    verb.add_option("--lookahead", options.policy.lookahead, "tiles ahead of which data may come in")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str()
        ->group(group);
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
    addFused(*verb, *options);
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
