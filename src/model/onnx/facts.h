#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/diagnostics.h"

namespace millrace::model {

/// What a file says of itself, beside its graph.
struct FileFacts {
    std::int64_t bytes = 0;  ///< of the file, without external data
    std::int64_t irVersion = 0;
    std::string producer;                                      ///< name and version of the exporter; may be empty
    std::vector<std::pair<std::string, std::int64_t>> opsets;  ///< domain ("" is ONNX's own) and version, in file order
};

/// Nothing, with an error, if the bytes are no ONNX model. `file` is for messages.
std::optional<FileFacts> readFacts(std::string_view bytes, const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::model
