#include "model/onnx/shapes.h"

#include <map>
#include <set>
#include <string_view>

namespace millrace::model {

namespace {

bool fits(const onnx::TypeProto::Tensor& type, const Shape& shape) {
    return type.has_shape() && type.shape().dim_size() == static_cast<int>(shape.size());
}

/// Dimensions that are there keep what else is said of them.
void setShape(onnx::TypeProto::Tensor& type, const Shape& shape) {
    if (!fits(type, shape)) type.mutable_shape()->clear_dim();
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const int at = static_cast<int>(i);
        auto* dim =
            at < type.shape().dim_size() ? type.mutable_shape()->mutable_dim(at) : type.mutable_shape()->add_dim();
        dim->set_dim_value(shape[i]);
    }
}

void describe(onnx::ValueInfoProto& info, const Tensor& tensor) {
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(static_cast<std::int32_t>(tensor.type));
    setShape(type, *tensor.shape);
}

bool replacesFixedSize(const onnx::GraphProto& graph, const ImportOptions& options) {
    for (const onnx::ValueInfoProto& info : graph.input()) {
        const auto asked = options.inputShapes.find(info.name());
        if (asked == options.inputShapes.end() || !fits(info.type().tensor_type(), asked->second)) continue;
        for (std::size_t i = 0; i < asked->second.size(); ++i) {
            const auto& dim = info.type().tensor_type().shape().dim(static_cast<int>(i));
            if (dim.dim_value() > 0 && dim.dim_value() != asked->second[i]) return true;
        }
    }
    return false;
}

void forgetShape(onnx::ValueInfoProto& info) {
    if (info.type().has_tensor_type()) info.mutable_type()->mutable_tensor_type()->clear_shape();
}

void forgetInside(onnx::GraphProto& graph);

void forgetInSubgraphs(onnx::GraphProto& graph) {
    for (onnx::NodeProto& node : *graph.mutable_node()) {
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_g()) forgetInside(*attribute.mutable_g());
            for (onnx::GraphProto& nested : *attribute.mutable_graphs()) forgetInside(nested);
        }
    }
}

void forgetInside(onnx::GraphProto& graph) {
    for (auto* infos : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()}) {
        for (onnx::ValueInfoProto& info : *infos) forgetShape(info);
    }
    forgetInSubgraphs(graph);
}

}  // namespace

std::int64_t saveShapes(const Network& network, const ImportOptions& options, onnx::GraphProto& graph) {
    const bool stale = replacesFixedSize(graph, options);
    std::map<std::string_view, const Tensor*> known;
    for (const Tensor& tensor : network.tensors) {
        if (tensor.shape && tensor.type != DataType::undefined) known.emplace(tensor.name, &tensor);
    }
    for (onnx::ValueInfoProto& info : *graph.mutable_input()) {
        const auto asked = options.inputShapes.find(info.name());
        if (asked != options.inputShapes.end()) setShape(*info.mutable_type()->mutable_tensor_type(), asked->second);
    }
    std::set<std::string_view> told;
    std::set<std::string_view> described;
    for (auto* infos : {graph.mutable_output(), graph.mutable_value_info()}) {
        for (onnx::ValueInfoProto& info : *infos) {
            const auto found = known.find(info.name());
            told.insert(info.name());
            if (found != known.end()) {
                describe(info, *found->second);
                described.insert(info.name());
            } else if (stale) {
                forgetShape(info);
            }
        }
    }
    std::set<std::string_view> written;
    for (const onnx::NodeProto& node : graph.node()) written.insert(node.output().begin(), node.output().end());
    for (const Tensor& tensor : network.tensors) {
        const bool isNew =
            known.count(tensor.name) != 0 && written.count(tensor.name) != 0 && told.count(tensor.name) == 0;
        if (!isNew) continue;
        onnx::ValueInfoProto* info = graph.add_value_info();
        info->set_name(tensor.name);
        describe(*info, tensor);
        described.insert(tensor.name);
    }
    if (stale) forgetInSubgraphs(graph);
    return static_cast<std::int64_t>(described.size());
}

}  // namespace millrace::model
