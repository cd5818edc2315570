#pragma once
#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "explore/explore.h"

namespace millrace::cli {

/// Adds a verb to the command line; `action` is set to what runs it if the user names it.
using Action = std::function<Exit()>;
void addExplore(CLI::App& app, Action& action);
void addCost(CLI::App& app, Action& action);
void addDemo(CLI::App& app, Action& action);

/// The options that every verb has.
void addCommon(CLI::App& verb, Common& common);
/// --explain, of the verbs that print a table.
void addExplain(CLI::App& verb, Common& common);
/// MODEL and the options that say how to read it.
void addModel(CLI::App& verb, ModelOptions& model);

/// --objective latency|energy|edp
void addObjective(CLI::App& verb, explore::Objective& objective);

/// What a user says about fused schedules.
struct FusedChoice {
    fusion::Policy policy;
    std::string order = "best";
    std::string halo = "keep";
    std::string orderFile;
    std::string stacks;
    std::string cuts;
    std::vector<std::string> tiles;
};
inline constexpr const char* kFusedGroup = "Fused";  ///< title of these options in the help
void addFused(CLI::App& verb, FusedChoice& choice);
/// Empty with errors if what was said makes no sense.
std::optional<explore::FusedOptions> fusedOptions(const FusedChoice& choice, const explore::Options& common,
                                                  Diagnostics& diagnostics);

/// What a user says about the search.
struct SearchChoice {
    std::string method;    ///< empty: a search if nothing is said about stacks, cuts and orders
    double timeLimit = 0;  ///< seconds; 0: nothing is said
    std::int64_t evaluations = 0;
};
inline constexpr const char* kSearchGroup = "Search";  ///< title of these options in the help
void addSearch(CLI::App& verb, SearchChoice& choice);
/// Searches as said, with a line about the course on a terminal.
std::optional<explore::Result> searched(const workload::Workload& workload, const hardware::Chip& chip,
                                        const mapping::Mapping* mapping, const explore::FusedOptions& fused,
                                        const SearchChoice& choice, const Common& common, Diagnostics& diagnostics);

/// Writes result.json, schedule.png, memory.png and trace.json into the folder; of a fused schedule also order.csv.
bool writeResult(const std::string& folder, const explore::Result& result, double seconds, Diagnostics& diagnostics);

}  // namespace millrace::cli
