#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "cli/verbs.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "report/graph.h"
#include "report/inspection.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

struct InspectVerb {
    Common common;
    std::string path;
    std::vector<std::string> inputShapes;
    bool nodes = false;
};

/// What was found out, in the three forms that it can take.
struct Found {
    std::string text;
    std::string json;
    std::optional<std::string> graph;
};

constexpr const char* kMayBe = "PATH is a network (.onnx) or a chip or core file (.yaml)";

std::string extensionOf(const std::string& path) {
    std::string extension = std::filesystem::path(path).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

std::optional<Found> inspectModel(const InspectVerb& verb, Diagnostics& diagnostics) {
    const auto import = importOptions(verb.inputShapes, diagnostics);
    const auto bytes = model::readModelFile(verb.path, diagnostics);
    if (!import || !bytes) return std::nullopt;
    const auto facts = model::readFacts(*bytes, verb.path, diagnostics);
    if (!facts) return std::nullopt;
    const auto network = model::parseOnnx(*bytes, verb.path, *import, diagnostics);
    if (!network) return std::nullopt;
    const auto workload = workload::lower(*network, {}, diagnostics);
    if (!workload) return std::nullopt;
    const model::Summary summary = model::summarize(*network);
    const report::ModelInspection inspection{*facts, *network, summary, *workload};
    Found found;
    found.text = report::inspectionText(inspection);
    if (verb.nodes) found.text += "\n" + report::nodesText(*network);
    found.json = report::inspectionJson(inspection, verb.nodes);
    if (!verb.common.out.empty()) found.graph = report::graphSvg(*network);
    return found;
}

std::optional<Found> inspectChip(const InspectVerb& verb, Diagnostics& diagnostics) {
    const auto chip = hardware::readChip(verb.path, diagnostics);
    if (!chip) return std::nullopt;
    return Found{report::chipText(*chip), report::chipJson(*chip), std::nullopt};
}

std::optional<Found> inspectPath(const InspectVerb& verb, Diagnostics& diagnostics) {
    const std::string extension = extensionOf(verb.path);
    std::error_code error;
    if (std::filesystem::is_directory(verb.path, error)) {
        diagnostics.error({verb.path}, "is a folder, which cannot be inspected", kMayBe);
        return std::nullopt;
    }
    if (extension == ".onnx") return inspectModel(verb, diagnostics);
    if (isLayerFile(verb.path)) {
        auto chip = inspectChip(verb, diagnostics);
        if (!chip) diagnostics.error({verb.path}, "cannot be inspected as a chip", kMayBe);
        return chip;
    }
    // Models of other kinds are told how to be converted.
    const auto bytes = model::readModelFile(verb.path, diagnostics);
    if (bytes) diagnostics.error({verb.path}, "is of a kind that cannot be inspected", kMayBe);
    return std::nullopt;
}

bool writeFound(const std::string& folder, const Found& found, Diagnostics& diagnostics) {
    std::vector<std::pair<std::string, std::string_view>> files{{folder + "/inspect.json", found.json}};
    if (found.graph) files.emplace_back(folder + "/graph.svg", *found.graph);
    return writeFiles(files, diagnostics);
}

Exit inspect(const InspectVerb& verb) {
    Diagnostics diagnostics;
    const auto found = inspectPath(verb, diagnostics);
    if (!found) return report(diagnostics, verb.common);
    const bool written = !verb.common.out.empty() && writeFound(verb.common.out, *found, diagnostics);
    if (verb.common.json) {
        std::fputs(found->json.c_str(), stdout);
    } else if (!verb.common.quiet) {
        std::fputs(found->text.c_str(), stdout);
        if (written) {
            std::printf("\nWritten to %s: inspect.json%s\n", verb.common.out.c_str(), found->graph ? " graph.svg" : "");
        }
    }
    return report(diagnostics, verb.common);
}

}  // namespace

void addInspect(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("inspect", "what is in a network or a chip");
    auto options = std::make_shared<InspectVerb>();
    verb->add_option("PATH", options->path, "network (.onnx), or chip or core file (.yaml)")->required();
    verb->add_flag("--nodes", options->nodes, "also every operator and tensor of a network, a line each");
    verb->add_option("--input-shape", options->inputShapes, "pins a free input, NAME=1,3,224,224 (may be repeated)")
        ->type_name("NAME=DIMS");
    addCommon(*verb, options->common);
    verb->callback([options, &action] { action = [options] { return inspect(*options); }; });
}

}  // namespace millrace::cli
