#include "model/onnx/places.h"

#include <fmt/format.h>

#include <filesystem>

namespace millrace::model {

namespace {

namespace fs = std::filesystem;

/// The same for all ways to write a path, links followed.
fs::path plain(const fs::path& path) {
    std::error_code error;
    fs::path absolute = fs::absolute(path, error);
    fs::path result = fs::weakly_canonical(absolute, error);
    return error ? absolute.lexically_normal() : result;
}

fs::path folderOf(const std::string& file) {
    const fs::path folder = fs::path(file).parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

class Checker {
public:
    Checker(const onnx::ModelProto& model, const ModelPlace& place, const ConvertOptions& options)
        : place_(place), options_(options), output_(plain(options.output)), input_(plain(place.file)) {
        for (const std::string& location : externalLocations(model.graph())) {
            if (location.find('\0') == std::string::npos) needed_.insert(plain(folderOf(place.file) / location));
        }
    }

    bool run() {
        const std::size_t before = place_.diagnostics.failures();
        checkFolder();
        if (options_.dropWeights && !options_.externalData.empty()) {
            error("--drop-weights", "weights are either dropped or moved to '" + options_.externalData + "', not both",
                  "leave out --drop-weights or --external-data");
        }
        if (needed_.count(output_) != 0) {
            error(options_.output, "holds external data of the model that is converted", "choose another --output");
        }
        if (options_.dropWeights) checkDropped();
        if (!options_.externalData.empty()) checkExternal();
        return place_.diagnostics.failures() == before;
    }

private:
    void error(const std::string& where, std::string what, std::string hint) {
        place_.diagnostics.error({where}, std::move(what), std::move(hint));
    }

    void checkFolder() {
        std::error_code code;
        if (fs::is_directory(output_, code)) error(options_.output, "is a folder", "name a file in it");
        if (fs::is_directory(folderOf(options_.output), code)) return;
        error(options_.output, fmt::format("there is no folder '{}'", folderOf(options_.output).string()),
              "make it first");
    }

    void checkDropped() {
        std::error_code code;
        if (output_ == input_) {
            error(options_.output, "is the model itself: its weights would be lost", "choose another --output");
        }
        const fs::path file = folderOf(options_.output) / droppedLocation(options_);
        if (!fs::exists(file, code)) return;
        error(file.string(), "exists, but dropped weights are said to lie in a file of that name, which nobody has",
              "choose another --output");
    }

    void checkExternal() {
        const std::string& name = options_.externalData;
        const bool plainName =
            name != "." && name != ".." && name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
        if (!plainName) {
            return error("--external-data", fmt::format("'{}' does not lie beside '{}'", name, options_.output),
                         "give a file name without a folder");
        }
        std::error_code code;
        const fs::path data = plain(folderOf(options_.output) / name);
        const char* const other = "choose another name for --external-data";
        if (fs::is_directory(data, code)) error(name, "is a folder", other);
        if (data == output_) error(name, "is the output itself: weights and model need a file each", other);
        if (data == input_) error(name, "is the model that is converted", other);
        if (needed_.count(data) != 0) {
            error(name, "is named by tensors of the model already, and what it holds could be lost", other);
        }
    }

    const ModelPlace& place_;
    const ConvertOptions& options_;
    fs::path output_;
    fs::path input_;
    std::set<fs::path> needed_;
};

}  // namespace

void forEachTensor(const onnx::GraphProto& graph, const std::function<void(const onnx::TensorProto&)>& visit) {
    const auto visitSparse = [&](const onnx::SparseTensorProto& sparse) {
        visit(sparse.values());
        visit(sparse.indices());
    };
    for (const onnx::TensorProto& tensor : graph.initializer()) visit(tensor);
    for (const onnx::SparseTensorProto& sparse : graph.sparse_initializer()) visitSparse(sparse);
    for (const onnx::NodeProto& node : graph.node()) {
        for (const onnx::AttributeProto& attribute : node.attribute()) {
            if (attribute.has_t()) visit(attribute.t());
            if (attribute.has_sparse_tensor()) visitSparse(attribute.sparse_tensor());
            for (const onnx::TensorProto& tensor : attribute.tensors()) visit(tensor);
            if (attribute.has_g()) forEachTensor(attribute.g(), visit);
            for (const onnx::GraphProto& nested : attribute.graphs()) forEachTensor(nested, visit);
        }
    }
}

std::set<std::string> externalLocations(const onnx::GraphProto& graph) {
    std::set<std::string> locations;
    forEachTensor(graph, [&](const onnx::TensorProto& tensor) {
        if (tensor.data_location() == kExternalLocation) locations.insert(externalLocation(tensor));
    });
    return locations;
}

bool checkPlaces(const onnx::ModelProto& model, const ModelPlace& place, const ConvertOptions& options) {
    return Checker(model, place, options).run();
}

bool sameFolder(const std::string& file, const ConvertOptions& options) {
    return plain(folderOf(file)) == plain(folderOf(options.output));
}

std::string droppedLocation(const ConvertOptions& options) {
    return fs::path(options.output).filename().string() + ".dropped";
}

}  // namespace millrace::model
