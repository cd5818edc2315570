#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "onnx.pb.h"
#include "support/diagnostics.h"

namespace millrace::model {

/// The most bytes that a message can have.
inline constexpr std::int64_t kLargestFile = (std::int64_t{1} << 31) - 1;

/// The messages of a file, without a look at what they say. Nothing, with an error that says what the bytes look like,
/// if they are no ONNX model.
std::optional<onnx::ModelProto> decodeModel(std::string_view bytes, const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::model
