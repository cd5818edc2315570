#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/verbs.h"
#include "millrace/version.h"
#include "report/text.h"

namespace millrace::cli {

Exit report(const Diagnostics& diagnostics, const Common& common) {
    for (const Diagnostic& diagnostic : diagnostics.all()) {
        const bool failure = diagnostic.severity == Severity::error || diagnostic.severity == Severity::infeasible;
        if (failure || !common.quiet) std::fprintf(stderr, "millrace: %s\n", report::clean(diagnostic.text()).c_str());
    }
    if (!diagnostics.failed()) return Exit::done;
    return diagnostics.anyInfeasible() ? Exit::infeasible : Exit::wrongInput;
}

void addCommon(CLI::App& verb, Common& common) {
    verb.add_option("--out", common.out, "folder for the result files (made if missing)")->type_name("DIR");
    verb.add_flag("--json", common.json, "print the result as JSON on stdout, and nothing else");
    verb.add_flag("--quiet", common.quiet, "no warnings and no table");
    verb.add_option("--seed", common.seed, "seed of everything that is random")->capture_default_str();
    verb.add_option("--threads", common.threads, "threads; the result is the same for any number (0: all cores)")
        ->check(CLI::Range(0, 1024));
}

void addExplain(CLI::App& verb, Common& common) {
    const CLI::Option* explain =
        verb.add_option("--explain", common.explainWhat, "why the numbers are so: of layer NAME, or of all layers")
            ->type_name("NAME")
            ->expected(0, 1);
    verb.parse_complete_callback([&common, explain] { common.explain = explain->count() > 0; });
}

void addModel(CLI::App& verb, ModelOptions& model) {
    verb.add_option("MODEL", model.path, "network (.onnx) or hand-written layers (.yaml)")->required();
    verb.add_option("--input-shape", model.inputShapes, "pins a free input, NAME=1,3,224,224 (may be repeated)")
        ->type_name("NAME=DIMS");
}

void addObjective(CLI::App& verb, explore::Objective& objective) {
    const auto set = [&objective](const std::string& name) {
        if (name == "latency") objective = explore::Objective::latency;
        if (name == "energy") objective = explore::Objective::energy;
        if (name == "edp") objective = explore::Objective::edp;
    };
    verb.add_option_function<std::string>("--objective", set, "what the loop orders inside of cores are chosen for")
        ->check(CLI::IsMember({"latency", "energy", "edp"}))
        ->default_str("latency");
}

/// `--lpf_limit` and `--lpf-limit` are the same option.
static std::vector<std::string> normalised(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = argc - 1; i > 0; --i) {
        std::string word = argv[i];
        if (word.starts_with("--")) {
            const std::size_t end = std::min(word.find('='), word.size());
            std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
        }
        words.push_back(std::move(word));
    }
    return words;
}

static int run(int argc, char** argv) {
    CLI::App app{"Millrace takes a neural network onto an accelerator."};
    app.name("millrace");
    app.set_version_flag("--version", std::string("millrace ") + kVersion);
    app.require_subcommand(1);
    Action action;
    addExplore(app, action);
    addCost(app, action);
    addInfer(app, action);
    addOps(app, action);
    addDemo(app, action);
    app.footer(
        "Exit: 0 done, 2 wrong usage or input, 3 infeasible, 1 a bug of ours.\n'millrace VERB --help' for a verb's "
        "options.");
    try {
        app.parse(normalised(argc, argv));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        std::fprintf(stderr, "millrace: error: %s (millrace --help, millrace VERB --help)\n", error.what());
        return static_cast<int>(Exit::wrongInput);
    }
    return static_cast<int>(action());
}

}  // namespace millrace::cli

int main(int argc, char** argv) {
    try {
        return millrace::cli::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "millrace: a bug of ours: %s\n", error.what());
        return static_cast<int>(millrace::cli::Exit::bug);
    }
}
