#include <cstdio>

#include "cli/verbs.h"
#include "report/operators.h"

namespace millrace::cli {

namespace {

struct OpsVerb {
    bool json = false;
    bool markdown = false;
};

Exit ops(const OpsVerb& verb) {
    const auto rows = report::operatorRows();
    const std::string text = verb.json       ? report::operatorsJson(rows)
                             : verb.markdown ? report::operatorsMarkdown(rows)
                                             : report::operatorsText(rows);
    std::fputs(text.c_str(), stdout);
    return Exit::done;
}

}  // namespace

void addOps(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("ops", "list the operators that are imported, executed and costed");
    auto options = std::make_shared<OpsVerb>();
    CLI::Option* json = verb->add_flag("--json", options->json, "print the list as JSON on stdout");
    verb->add_flag("--markdown", options->markdown, "print docs/operators.md")->excludes(json);
    verb->callback([options, &action] { action = [options] { return ops(*options); }; });
}

}  // namespace millrace::cli
