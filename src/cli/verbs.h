#pragma once
#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/options.h"
#include "explore/explore.h"
#include "explore/fusion/found.h"

namespace millrace::cli {

/// Adds a verb to the command line; `action` is set to what runs it if the user names it.
using Action = std::function<Exit()>;
void addExplore(CLI::App& app, Action& action);
void addCost(CLI::App& app, Action& action);
void addDemo(CLI::App& app, Action& action);
void addConvert(CLI::App& app, Action& action);
void addSimulate(CLI::App& app, Action& action);
void addInspect(CLI::App& app, Action& action);
void addInfer(CLI::App& app, Action& action);
void addOps(CLI::App& app, Action& action);

/// The options that every verb has.
void addCommon(CLI::App& verb, Common& common);
/// --explain, of the verbs that print a table.
void addExplain(CLI::App& verb, Common& common);
/// MODEL and the options that say how to read it.
void addModel(CLI::App& verb, ModelOptions& model);

/// --objective latency|energy|edp
void addObjective(CLI::App& verb, explore::Objective& objective);

/// Names of the options that the user gave, such as "--order".
std::set<std::string> optionsSaid(const CLI::App& verb);
/// What the mapping file says under `schedule`, in place of options that were not given.
void takeFromFile(const mapping::Mapping* mapping, const std::set<std::string>& said, explore::Options& options);

/// What a user says about fused schedules.
struct FusedChoice {
    std::set<std::string> said;  ///< of all options
    int lookahead = 0;
    bool fillGaps = true;
    bool multicast = true;
    std::string order = "best";
    std::string halo = "keep";
    std::string orderFile;
    std::string stacks;
    std::string cuts;
    std::vector<std::string> tiles;
};
inline constexpr const char* kFusedGroup = "Fused";  ///< title of these options in the help
void addFused(CLI::App& verb, FusedChoice& choice);
/// What the user says counts before what the mapping file says. Empty with errors if it makes no sense.
std::optional<explore::FusedOptions> fusedOptions(const FusedChoice& choice, const explore::Options& common,
                                                  const mapping::Mapping* mapping, Diagnostics& diagnostics);
/// The part of it that is policy and order of tiles; `options.common` stands. False with errors.
bool choosePolicy(const FusedChoice& choice, const mapping::Mapping* mapping, explore::FusedOptions& options,
                  Diagnostics& diagnostics);

/// What a user says about the search.
struct SearchChoice {
    std::string method;    ///< empty: a search if nothing is said about stacks, cuts and orders
    double timeLimit = 0;  ///< seconds; 0: nothing is said
    std::int64_t evaluations = 0;
    bool pareto = false;
    std::optional<Bits> memory;  ///< of the budget
};
inline constexpr const char* kSearchGroup = "Search";  ///< title of these options in the help
void addSearch(CLI::App& verb, SearchChoice& choice);
/// Searches as said, with a line about the course on a terminal.
std::optional<explore::Result> searched(const workload::Workload& workload, const hardware::Chip& chip,
                                        const mapping::Mapping* mapping, const explore::FusedOptions& fused,
                                        const SearchChoice& choice, const Common& common, Diagnostics& diagnostics);

/// A schedule of few enough tiles and transfers for a trace that a viewer opens.
bool isTraced(const explore::Result& result);
/// Writes result.json, schedule.png, memory.png, mapping.yaml and, if it is traced, trace.json into the folder; of a
/// fused schedule also order.csv; of a search for a front also front.json and front.png.
bool writeResult(const std::string& folder, const explore::Result& result, double seconds, Diagnostics& diagnostics);

}  // namespace millrace::cli
