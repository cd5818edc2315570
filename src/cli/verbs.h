#pragma once
#include <CLI/App.hpp>
#include <functional>
#include <memory>

#include "cli/options.h"
#include "explore/explore.h"

namespace millrace::cli {

/// Adds a verb to the command line; `action` is set to what runs it if the user names it.
using Action = std::function<Exit()>;
void addExplore(CLI::App& app, Action& action);
void addCost(CLI::App& app, Action& action);

/// The options that every verb has.
void addCommon(CLI::App& verb, Common& common);
/// MODEL and the options that say how to read it.
void addModel(CLI::App& verb, ModelOptions& model);

/// --objective latency|energy|edp
void addObjective(CLI::App& verb, explore::Objective& objective);

}  // namespace millrace::cli
