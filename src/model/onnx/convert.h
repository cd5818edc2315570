#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/onnx/onnx.h"
#include "support/diagnostics.h"

/// ONNX files to ONNX files: the same model with its shapes, and with its weights elsewhere or left out.
namespace millrace::model {

struct ConvertOptions {
    ImportOptions import;
    /// Path of the file that the result will be. Its folder is where external data are looked for by who reads it.
    std::string output;
    /// Writes the shapes that the import infers into `value_info` and the graph's outputs, and `import.inputShapes`
    /// into its inputs.
    bool shapes = false;
    /// Name, without a folder, of the file beside `output` that takes the weights; empty: none does.
    std::string externalData;
    /// Weights become external data of a file that does not exist. Not together with `externalData`.
    bool dropWeights = false;
};

/// What a conversion gives, as bytes; nothing is written.
struct Converted {
    std::string model;
    /// Content of the file of external data, if one was asked for (it may be empty).
    std::optional<std::string> data;
    std::int64_t shapes = 0;       ///< tensors that have their shape in the file now, graph inputs apart
    std::int64_t weights = 0;      ///< tensors that were moved or dropped
    std::int64_t weightBytes = 0;  ///< of them
};

/// A tensor of fewer bytes stays in the model file.
inline constexpr std::int64_t kExternalBytes = 1024;
/// Tensors of at least as many bytes begin at multiples of it in a file of external data.
inline constexpr std::int64_t kExternalAlignment = 4096;

/// Converts a model. Works on the file's own messages: what Millrace has no name for (documentation, metadata,
/// training, local functions, ...) stays. Tensors are the graph's initializers; sparse ones and those inside of
/// attributes stay as they are.
///
/// - `shapes`: as `parseOnnx` infers them, whose errors and warnings these are. If `inputShapes` replaces fixed sizes,
///   the file's shapes of tensors that the import does not know are taken out, for they hold no more.
/// - `externalData`: tensors of `kExternalBytes` or more move, with their values as raw bytes; external data of the
///   input move too, below that size into the model. Tensors without values at hand stay as they are, with a warning.
/// - `dropWeights`: the same tensors lose their values, but for integers and booleans of at most 4096 elements, which
///   shape inference may need. They name `<output>.dropped` as their file.
/// - otherwise external data stay where they are if `output` lies in the input's folder, and go into the model if not.
///
/// `file` is where `bytes` come from. Errors: no ONNX model; an import that fails; external data that contradict their
/// tensor; a model of more than 2 GiB without its external data; an output without a folder to lie in; options that
/// exclude each other; an output or data file in the place of a file that the input needs; a file `<output>.dropped`
/// that exists.
std::optional<Converted> convertOnnx(std::string_view bytes, const std::string& file, const ConvertOptions& options,
                                     Diagnostics& diagnostics);

}  // namespace millrace::model
