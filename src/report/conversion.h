#pragma once
#include <string>

#include "model/onnx/convert.h"

namespace millrace::report {

/// What was written, a line or two for a terminal.
std::string conversionText(const model::Converted& converted, const model::ConvertOptions& options);

/// The same, schema "millrace.convert/1" (docs/models.md).
std::string conversionJson(const model::Converted& converted, const model::ConvertOptions& options);

}  // namespace millrace::report
