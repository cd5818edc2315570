#include <fmt/format.h>

#include <filesystem>

#include "cli/verbs.h"
#include "report/report.h"
#include "support/files.h"

namespace millrace::cli {

static constexpr const char* kBest = "best";

static std::optional<fusion::PlanOptions> planOptions(const FusedChoice& choice, Diagnostics& diagnostics) {
    fusion::PlanOptions plan;
    bool good = choice.stacks.empty() || fusion::parseStacks(choice.stacks, plan, diagnostics);
    good = (choice.cuts.empty() || fusion::parseCuts(choice.cuts, plan, diagnostics)) && good;
    for (const std::string& tile : choice.tiles) good = fusion::parseTile(tile, plan, diagnostics) && good;
    if (!good) return std::nullopt;
    return plan;
}

std::optional<explore::FusedOptions> fusedOptions(const FusedChoice& choice, const explore::Options& common,
                                                  const mapping::Mapping* mapping, Diagnostics& diagnostics) {
    const auto plan = planOptions(choice, diagnostics);
    explore::FusedOptions options;
    options.common = common;
    if (!choosePolicy(choice, mapping, options, diagnostics) || !plan) return std::nullopt;
    options.plan = *plan;
    return options;
}

/// More tiles and transfers than this make a trace that no viewer opens.
static constexpr std::size_t kMostTraced = 1'000'000;

bool isTraced(const explore::Result& result) {
    return result.problem.tasks.size() + result.schedule.transfers.size() <= kMostTraced;
}

/// First what gives the schedule again, so that it is there whatever comes in between.
bool writeResult(const std::string& folder, const explore::Result& result, double seconds, Diagnostics& diagnostics) {
    const auto put = [&](const char* name, bool is, const auto& content) {
        const std::string path = folder + "/" + name;
        std::error_code ignored;
        if (!is) std::filesystem::remove(path, ignored);
        return !is || writeFile(path, content(), diagnostics);
    };
    const bool traced = isTraced(result);
    if (!traced) {
        diagnostics.warning({folder + "/trace.json"},
                            fmt::format("is left out: {} tiles and {} transfers are more than {}",
                                        result.problem.tasks.size(), result.schedule.transfers.size(), kMostTraced));
    }
    const bool front = result.front.has_value();
    return put(fusion::kOrderFile, !result.tileOrder.empty(), [&] { return fusion::printOrder(result.tileOrder); }) &&
           put("mapping.yaml", true, [&] { return mapping::print(result.found); }) &&
           put("result.json", true, [&] { return report::resultJson(result, seconds); }) &&
           put("front.json", front, [&] { return report::frontJson(result); }) &&
           put("schedule.png", true, [&] { return report::schedulePng(result); }) &&
           put("memory.png", true, [&] { return report::memoryPng(result); }) &&
           put("front.png", front, [&] { return report::frontPng(result); }) &&
           put("trace.json", traced, [&] { return report::perfettoTrace(result); });
}

void addFused(CLI::App& verb, FusedChoice& choice) {
    const char* group = kFusedGroup;
    verb.add_option("--stacks", choice.stacks,
                    "what is fused: auto, layers (each by itself), or stacks by hand (\"0-10;11-21\")")
        ->type_name("STACKS")
        ->group(group);
    verb.add_option("--cut-after", choice.cuts, "layers after which a stack ends")
        ->type_name("LAYERS")
        ->excludes("--stacks")
        ->group(group);
    verb.add_option("--tile", choice.tiles,
                    "LAYER:SPLIT,...: OY=8 or OY=all cuts in time, K@4 over cores; LAYER may be a type or default")
        ->group(group);
    CLI::Option* order =
        verb.add_option("--order", choice.order, "which tile is next; best: all three are tried, for the objective")
            ->check(CLI::IsMember({kBest, "depth-first", "breadth-first", "earliest-ready"}))
            ->group(group);
    verb.add_option("--order-file", choice.orderFile, "the tiles in order, a line \"LAYER,TILE\" each (order.csv)")
        ->type_name("FILE")
        ->excludes(order)
        ->group(group);
    verb.add_option("--halo", choice.halo, "data that neighbouring tiles share: kept, sent again, or computed again")
        ->check(CLI::IsMember({"keep", "again", "recompute"}))
        ->capture_default_str()
        ->group(group);
    verb.add_option("--lookahead", choice.lookahead,
                    "data come in at most this many tiles ahead; 0: as early as memory has room")
        ->check(CLI::Range(std::int64_t{0}, mapping::Schedule::kMostLookahead))
        ->capture_default_str()
        ->group(group);
    verb.add_flag("!--no-gaps", choice.fillGaps, "cores run tiles in the order in which they are scheduled")
        ->group(group);
    verb.add_flag("!--no-multicast", choice.multicast, "each transfer serves one core")->group(group);
}

}  // namespace millrace::cli
