#include "model/onnx/onnx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "model/onnx/decode.h"
#include "model/onnx/functions.h"
#include "model/onnx/importer.h"
#include "support/files.h"

namespace millrace::model {

namespace {

struct OtherFormat {
    std::string_view extension;
    std::string_view what;
    std::string_view hint;
};

constexpr std::string_view kKeras = "convert it: python -m tf2onnx.convert --keras MODEL --output MODEL.onnx";
constexpr std::string_view kTorch =
    "load the model in Python and export it: torch.onnx.export(model, example_input, 'MODEL.onnx')";

constexpr std::array<OtherFormat, 7> kOtherFormats{{
    {".py", "is Python source, not a model",
     "export the network to ONNX, or write its layers as a YAML layer file (.yaml)"},
    {".h5", "is a Keras model, not ONNX", kKeras},
    {".keras", "is a Keras model, not ONNX", kKeras},
    {".tflite", "is a TFLite model, not ONNX",
     "convert it: python -m tf2onnx.convert --tflite MODEL.tflite --output MODEL.onnx"},
    {".pt", "is a PyTorch model, not ONNX", kTorch},
    {".pth", "is a PyTorch model, not ONNX", kTorch},
    {".pb", "is a TensorFlow graph, not ONNX",
     "convert it: python -m tf2onnx.convert --saved-model FOLDER --output MODEL.onnx"},
}};

const OtherFormat* otherFormat(const std::string& path) {
    std::string extension = std::filesystem::path(path).extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const OtherFormat& format : kOtherFormats) {
        if (format.extension == extension) return &format;
    }
    return nullptr;
}

/// What bytes that are no ONNX model look like.
std::string_view guess(std::string_view bytes) {
    if (bytes.empty()) return "it is empty";
    if (bytes.substr(0, 4) == "\x89HDF") return "it looks like HDF5 (Keras)";
    if (bytes.size() >= 8 && bytes.substr(4, 4) == "TFL3") return "it looks like a TFLite model";
    if (bytes.substr(0, 4) == "PK\x03\x04") return "it looks like a ZIP archive (PyTorch or Keras)";
    const std::string_view head = bytes.substr(0, 512);
    const bool readable = std::all_of(head.begin(), head.end(), [](unsigned char c) {
        return c == '\n' || c == '\r' || c == '\t' || (c >= 32 && c != 127 && c < 0xf8);
    });
    if (readable && (head[0] == '{' || head[0] == '[')) return "it looks like JSON";
    if (readable) return "it looks like text";
    return "its bytes do not decode, or are cut short";
}

std::nullopt_t notOnnx(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    diagnostics.error({file}, fmt::format("is not an ONNX model: {} ({} bytes)", guess(bytes), bytes.size()),
                      "give a file that an ONNX exporter wrote");
    return std::nullopt;
}

}  // namespace

std::optional<std::string> readModelFile(const std::string& path, Diagnostics& diagnostics) {
    std::error_code error;
    const bool regular = std::filesystem::is_regular_file(path, error);
    if (const OtherFormat* other = otherFormat(path); other != nullptr && regular) {
        diagnostics.error({path}, std::string(other->what), std::string(other->hint));
        return std::nullopt;
    }
    const auto size = regular ? static_cast<std::int64_t>(std::filesystem::file_size(path, error)) : 0;
    if (!error && size > kLargestFile) {
        diagnostics.error({path},
                          fmt::format("has {} bytes; an ONNX file holds 2 GiB ({} bytes) at most", size, kLargestFile),
                          "store the weights as external data");
        return std::nullopt;
    }
    return readFile(path, diagnostics);
}

std::optional<Tensor> parseTensor(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    onnx::TensorProto proto;
    const bool fits = static_cast<std::int64_t>(bytes.size()) <= kLargestFile;
    if (!fits || bytes.empty() || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        !proto.has_data_type()) {
        diagnostics.error({file}, fmt::format("is no ONNX tensor: {} ({} bytes)", guess(bytes), bytes.size()),
                          "give a TensorProto, as ONNX's test data have them");
        return std::nullopt;
    }
    auto tensor = readTensor(proto, "the tensor", {file, diagnostics});
    if (tensor) tensor->name = proto.name();
    return tensor;
}

std::optional<onnx::ModelProto> decodeModel(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    onnx::ModelProto model;
    const bool fits = static_cast<std::int64_t>(bytes.size()) <= kLargestFile;
    if (!fits || bytes.empty() || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return notOnnx(bytes, file, diagnostics);
    }
    if (!model.has_graph() || !model.has_ir_version()) return notOnnx(bytes, file, diagnostics);
    return model;
}

std::optional<Network> readOnnx(const std::string& path, const ImportOptions& options, Diagnostics& diagnostics) {
    const auto bytes = readModelFile(path, diagnostics);
    if (!bytes) return std::nullopt;
    return parseOnnx(*bytes, path, options, diagnostics);
}

std::optional<Network> parseOnnx(std::string_view bytes, const std::string& file, const ImportOptions& options,
                                 Diagnostics& diagnostics) {
    auto model = decodeModel(bytes, file, diagnostics);
    if (!model) return std::nullopt;
    if (options.inlineFunctions && model->functions_size() > 0 && !inlineFunctions(*model, {file, diagnostics}))
        return std::nullopt;
    return Importer(*model, {file, diagnostics}, options).run();
}

}  // namespace millrace::model
