#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/network/network.h"
#include "support/diagnostics.h"

/// ONNX files to Networks.
namespace millrace::model {

struct ImportOptions {
    /// Shapes of graph inputs by name; they pin free dimensions, and replace fixed ones.
    std::map<std::string, Shape> inputShapes;
    /// Calls of the model's own functions become the operators of the function; else they stay, as unknown operators.
    bool inlineFunctions = false;
};

/// Opsets of ONNX's own domain, and versions of the file format, that are read.
inline constexpr std::int64_t kFirstOpset = 7;
inline constexpr std::int64_t kLastOpset = 23;
inline constexpr std::int64_t kFirstIrVersion = 3;
inline constexpr std::int64_t kLastIrVersion = 13;

/// Reads a model. What comes out passes `verify`:
/// - shapes are inferred by the rules of `model/operators`; the file's own (`value_info`) count only where no rule
/// gives
///   one. Where both exist and differ, ours wins, with a warning;
/// - constants are the initializers, the outputs of Constant operators, and what shape arithmetic (Shape, Gather,
///   Concat, ...) comes to: such operators are folded away;
/// - operators stand in the file's order, or sorted if that order reads a tensor before it is produced;
/// - calls of the file's own functions are replaced by what the functions do;
/// - operators of other domains, of unknown types, with subgraphs, or of shapes that depend on run-time values are kept
///   with `known == false`; outer tensors that a subgraph reads are appended to the inputs;
/// - names of operators are unique: missing and repeated ones are made up.
/// External data are looked for beside the file; a missing file leaves constants without values.
/// Errors: all that can be found, each with file, operator or tensor. Free dimensions of graph inputs are errors that
/// say how to pin them.
std::optional<Network> readOnnx(const std::string& path, const ImportOptions& options, Diagnostics& diagnostics);

/// The bytes of a model file. An error if there are none, more than 2 GiB, or if the name tells that it is a model of
/// another kind (Keras, TFLite, PyTorch, ...), with how to convert it.
std::optional<std::string> readModelFile(const std::string& path, Diagnostics& diagnostics);

/// As `readOnnx`, from bytes; `file` is for messages, and its folder is where external data are looked for.
std::optional<Network> parseOnnx(std::string_view bytes, const std::string& file, const ImportOptions& options,
                                 Diagnostics& diagnostics);

/// One tensor that stands alone, as in the .pb files of ONNX's test data (a TensorProto): name, type, shape and values.
std::optional<Tensor> parseTensor(std::string_view bytes, const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::model
