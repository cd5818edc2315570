#include "model/onnx/convert.h"

#include <cstdio>
#include <filesystem>

#include "cli/verbs.h"
#include "report/conversion.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

namespace fs = std::filesystem;

struct ConvertVerb {
    Common common;
    std::string path;
    std::vector<std::string> inputShapes;
    model::ConvertOptions options;
    std::string externalData;  ///< as the user writes it, with or without a folder
};

fs::path folderOf(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

/// The name in the output's folder; a path that leads elsewhere stays whole, and is refused later.
std::string nameBeside(const std::string& path, const std::string& output) {
    std::error_code error;
    const bool beside = fs::equivalent(folderOf(path), folderOf(output), error);
    return beside ? fs::path(path).filename().string() : path;
}

bool write(const ConvertVerb& verb, const model::Converted& converted, Diagnostics& diagnostics) {
    std::vector<std::pair<std::string, std::string_view>> files;
    const std::string data = (folderOf(verb.options.output) / verb.options.externalData).string();
    if (converted.data) files.emplace_back(data, *converted.data);
    files.emplace_back(verb.options.output, converted.model);
    return writeFiles(files, diagnostics);
}

Exit convert(ConvertVerb verb) {
    Diagnostics diagnostics;
    auto import = importOptions(verb.inputShapes, diagnostics);
    const auto bytes = model::readModelFile(verb.path, diagnostics);
    if (!import || !bytes) return report(diagnostics, verb.common);
    model::ConvertOptions& options = verb.options;
    options.import = *std::move(import);
    options.externalData = verb.externalData.empty() ? "" : nameBeside(verb.externalData, options.output);
    const bool weights = options.dropWeights || !options.externalData.empty();
    options.shapes = options.shapes || !weights || !options.import.inputShapes.empty();
    const auto converted = model::convertOnnx(*bytes, verb.path, options, diagnostics);
    if (!converted || !write(verb, *converted, diagnostics)) return report(diagnostics, verb.common);
    if (verb.common.json) {
        std::fputs(report::conversionJson(*converted, options).c_str(), stdout);
    } else if (!verb.common.quiet) {
        std::fputs(report::conversionText(*converted, options).c_str(), stdout);
    }
    return report(diagnostics, verb.common);
}

}  // namespace

void addConvert(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("convert", "the same model with its shapes, its weights elsewhere or left out");
    auto options = std::make_shared<ConvertVerb>();
    verb->add_option("MODEL", options->path, "network (.onnx)")->required();
    addCommon(*verb, options->common);
    verb->remove_option(verb->get_option("--out"));
    verb->add_option("--output,--out", options->options.output, "the model file that is written")
        ->required()
        ->type_name("OUT.onnx");
    verb->add_flag("--shapes", options->options.shapes,
                   "save the shapes of all tensors (the default, if weights are neither moved nor dropped)");
    verb->add_option("--external-data", options->externalData,
                     "move weights of 1 KiB and more to this file, which lies beside the output")
        ->type_name("FILE");
    verb->add_flag("--drop-weights", options->options.dropWeights,
                   "leave weights of 1 KiB and more out: the model can be explored, but not run");
    verb->add_option("--input-shape", options->inputShapes,
                     "pins a free input, NAME=1,3,224,224 (may be repeated); with --shapes")
        ->type_name("NAME=DIMS");
    verb->callback([options, &action] { action = [options] { return convert(*options); }; });
}

}  // namespace millrace::cli
