#pragma once
#include <cstdint>

#include "model/onnx/onnx.h"
#include "onnx.pb.h"

namespace millrace::model {

/// Writes the shapes of `network`, which was imported from `graph` with `options`, into the graph (see `convertOnnx`).
/// Returns the number of tensors, graph inputs apart, whose shape stands in the graph then.
std::int64_t saveShapes(const Network& network, const ImportOptions& options, onnx::GraphProto& graph);

}  // namespace millrace::model
