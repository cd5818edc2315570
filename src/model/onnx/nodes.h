#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/network/network.h"
#include "model/onnx/tensors.h"
#include "onnx.pb.h"

namespace millrace::model {

/// Attributes of a node that have a place in a Network; tensors, graphs and types are left out. The value of a
/// ConstantOfShape is kept as a number. Nothing after an error.
std::optional<Attributes> readAttributes(const onnx::NodeProto& node, const std::string& label,
                                         const ModelPlace& place);

bool hasSubgraph(const onnx::NodeProto& node);

/// The value of a Constant operator. Nothing after an error.
std::optional<Tensor> readConstant(const onnx::NodeProto& node, const std::string& label, const ModelPlace& place);

/// Tensors that a node reads: its inputs ("" where one is left out), then the outer tensors that its subgraphs read.
std::vector<std::string> readNames(const onnx::NodeProto& node);

/// The graph attributes of a node as Networks of their own; `outer` are the node's `readNames`. What cannot be read is
/// reported.
std::map<std::string, Body, std::less<>> readBodies(const onnx::NodeProto& node, const std::vector<std::string>& outer,
                                                    const std::map<std::string, std::int64_t>& opsets,
                                                    const ModelPlace& place);

/// "" for ONNX's own domain.
std::string domainOf(std::string_view domain);

/// "node 7 'conv1' (Conv)"
std::string nodeLabel(const onnx::NodeProto& node, int index);

/// Node indices in an order in which every tensor is produced before it is read; the file's order where that will do.
/// `known` are the tensors that exist without a node. Reports tensors that nothing produces, or that several do, and
/// cycles; nothing after that.
std::optional<std::vector<int>> orderNodes(const onnx::GraphProto& graph,
                                           const std::map<std::string, TensorId, std::less<>>& known,
                                           const ModelPlace& place);

}  // namespace millrace::model
