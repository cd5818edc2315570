#pragma once
#include <functional>
#include <set>
#include <string>

#include "model/onnx/convert.h"
#include "model/onnx/tensors.h"

namespace millrace::model {

/// Calls `visit` for every tensor of the graph: initializers, the parts of sparse ones, and those inside of attributes,
/// of subgraphs too.
void forEachTensor(const onnx::GraphProto& graph, const std::function<void(const onnx::TensorProto&)>& visit);

/// Files that the graph's tensors name, as they name them.
std::set<std::string> externalLocations(const onnx::GraphProto& graph);

/// Do the files that `options` asks for have places to lie in, that no file has which is needed? False after errors.
bool checkPlaces(const onnx::ModelProto& model, const ModelPlace& place, const ConvertOptions& options);

/// Is the folder of the model `file` that of `options.output`?
bool sameFolder(const std::string& file, const ConvertOptions& options);

/// The file that dropped weights name.
std::string droppedLocation(const ConvertOptions& options);

}  // namespace millrace::model
