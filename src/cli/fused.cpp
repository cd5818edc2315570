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

bool writeResult(const std::string& folder, const explore::Result& result, double seconds, Diagnostics& diagnostics) {
    return writeFile(folder + "/result.json", report::resultJson(result, seconds), diagnostics) &&
           writeFile(folder + "/schedule.png", report::schedulePng(result), diagnostics) &&
           writeFile(folder + "/memory.png", report::memoryPng(result), diagnostics) &&
           writeFile(folder + "/trace.json", report::perfettoTrace(result), diagnostics) &&
           writeFile(folder + "/mapping.yaml", mapping::print(result.found), diagnostics) &&
           (result.tileOrder.empty() ||
            writeFile(folder + "/" + fusion::kOrderFile, fusion::printOrder(result.tileOrder), diagnostics)) &&
           (!result.front || (writeFile(folder + "/front.json", report::frontJson(result), diagnostics) &&
                              writeFile(folder + "/front.png", report::frontPng(result), diagnostics)));
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
