#include "targets/barvinn/simulate/simulate.h"

#include <cstdio>

#include "cli/verbs.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

namespace barvinn = targets::barvinn;

struct SimulateVerb {
    Common common;
    std::string vectors;
    std::string variant = "rtl";
};

void print(const barvinn::VectorReport& result) {
    std::printf("%lld of %lld records equal\n", static_cast<long long>(result.equal),
                static_cast<long long>(result.jobs));
    if (!result.first) return;
    std::printf("first difference: line %d, record %s (%s): %s\n", result.first->line, result.first->id.c_str(),
                result.first->kind.c_str(), result.first->what.c_str());
}

/// Exit code 1 if a record differs: recorded hardware is right, so the simulator is not.
Exit simulate(const SimulateVerb& verb) {
    Diagnostics diagnostics;
    barvinn::VectorOptions options;
    if (verb.variant == "documented") options.quirks = barvinn::Quirks::documented();
    const auto result = barvinn::runVectors(verb.vectors, options, diagnostics);
    if (!result) return report(diagnostics, verb.common);
    const std::string json = result->json();
    if (!verb.common.out.empty()) writeFile(verb.common.out + "/vectors.json", json, diagnostics);
    if (verb.common.json) {
        std::fputs(json.c_str(), stdout);
    } else if (!verb.common.quiet) {
        print(*result);
    }
    const Exit exit = report(diagnostics, verb.common);
    return exit == Exit::done && result->equal != result->jobs ? Exit::bug : exit;
}

}  // namespace

void addSimulate(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("simulate", "run recorded jobs and programs on BARVINN's simulator");
    auto options = std::make_shared<SimulateVerb>();
    verb->add_option("--vectors", options->vectors,
                     "recorded runs of the hardware (.jsonl or .jsonl.gz, docs/barvinn.md): are all words and cycles "
                     "the same?")
        ->required()
        ->type_name("FILE");
    verb->add_option("--variant", options->variant,
                     "rtl: the machine as it is; documented: as its documentation says it is")
        ->check(CLI::IsMember({"rtl", "documented"}))
        ->capture_default_str();
    addCommon(*verb, options->common);
    verb->callback([options, &action] { action = [options] { return simulate(*options); }; });
}

}  // namespace millrace::cli
