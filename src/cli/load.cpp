#include <fmt/format.h>

#include <charconv>

#include "cli/options.h"
#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "model/onnx/onnx.h"

namespace millrace::cli {

bool isLayerFile(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

/// "NAME=1,3,224,224"; the name may contain '='.
static bool addShape(const std::string& text, model::ImportOptions& options, Diagnostics& diagnostics) {
    const std::size_t equals = text.rfind('=');
    model::Shape shape;
    bool good = equals != std::string::npos && equals > 0;
    for (std::size_t at = equals + 1; good && at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + comma, value);
        good = error == std::errc() && end == text.data() + comma && value > 0;
        shape.push_back(value);
        at = comma + 1;
    }
    if (!good) {
        diagnostics.error({"--input-shape"}, fmt::format("'{}' is not of the form NAME=1,3,224,224", text));
        return false;
    }
    options.inputShapes[text.substr(0, equals)] = std::move(shape);
    return true;
}

std::optional<model::ImportOptions> importOptions(const std::vector<std::string>& inputShapes,
                                                  Diagnostics& diagnostics) {
    model::ImportOptions import;
    for (const std::string& shape : inputShapes) {
        if (!addShape(shape, import, diagnostics)) return std::nullopt;
    }
    return import;
}

std::optional<model::Network> loadNetwork(const std::string& path, const std::vector<std::string>& inputShapes,
                                          Diagnostics& diagnostics) {
    auto import = importOptions(inputShapes, diagnostics);
    if (!import) return std::nullopt;
    import->inlineFunctions = true;
    return model::readOnnx(path, *import, diagnostics);
}

std::optional<workload::Workload> loadWorkload(const ModelOptions& options, Diagnostics& diagnostics) {
    workload::LowerOptions lowering;
    lowering.fuseActivations = options.fuseActivations;
    for (const std::string& name : options.compat) {
        if (name != kOffchipInCore) lowering.compat.push_back(name);
    }
    if (isLayerFile(options.path)) return workload::readLayers(options.path, diagnostics);
    const auto import = importOptions(options.inputShapes, diagnostics);
    if (!import) return std::nullopt;
    const auto network = model::readOnnx(options.path, *import, diagnostics);
    if (!network) return std::nullopt;
    return workload::lower(*network, lowering, diagnostics);
}

}  // namespace millrace::cli
