#include "model/onnx/functions.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "model/onnx/nodes.h"

namespace millrace::model {

namespace {

constexpr int kDeepest = 32;
constexpr int kMostNodes = 1'000'000;
/// Bytes that all copies of functions may take together.
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

/// Thrown inside of this file.
struct Mistake {
    std::string what;
};

using Names = std::map<std::string, std::string>;
using Given = std::map<std::string, const onnx::AttributeProto*>;

class Inliner {
public:
    explicit Inliner(onnx::ModelProto& model) : model_(model) {
        for (const onnx::FunctionProto& function : model.functions()) {
            functions_[{domainOf(function.domain()), function.name()}] = &function;
        }
    }

    void run() {
        expand(*model_.mutable_graph(), 0);
        addOpsets();
    }

private:
    const onnx::FunctionProto* called(const onnx::NodeProto& node) const {
        const auto found = functions_.find({domainOf(node.domain()), node.op_type()});
        return found == functions_.end() ? nullptr : found->second;
    }

    void expand(onnx::GraphProto& graph, int depth) {
        bool any = false;
        for (onnx::NodeProto& node : *graph.mutable_node()) {
            any = any || called(node) != nullptr;
            expandInner(node, depth);
        }
        if (!any) return;
        google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
        nodes.Swap(graph.mutable_node());
        for (onnx::NodeProto& node : nodes) place(std::move(node), *graph.mutable_node(), depth);
    }

    void expandInner(onnx::NodeProto& node, int depth) {
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_g()) expand(*attribute.mutable_g(), depth + 1);
            for (onnx::GraphProto& graph : *attribute.mutable_graphs()) expand(graph, depth + 1);
        }
    }

    void place(onnx::NodeProto&& node, google::protobuf::RepeatedPtrField<onnx::NodeProto>& to, int depth) {
        const onnx::FunctionProto* function = called(node);
        if (function == nullptr) {
            if (to.size() >= kMostNodes) throw Mistake{fmt::format("functions make more than {} nodes", kMostNodes)};
            *to.Add() = std::move(node);
            return;
        }
        if (depth > kDeepest) {
            throw Mistake{fmt::format("function '{}' is called more than {} calls deep; it may call itself",
                                      function->name(), kDeepest)};
        }
        if (node.input_size() > function->input_size() || node.output_size() > function->output_size()) {
            throw Mistake{fmt::format("function '{}' has {} inputs and {} outputs; a call has {} and {}",
                                      function->name(), function->input_size(), function->output_size(),
                                      node.input_size(), node.output_size())};
        }
        copied_ += function->ByteSizeLong();
        if (copied_ > kMostBytes) throw Mistake{"the copies of functions take more than 1 GiB"};
        const std::string prefix =
            fmt::format("{}_{}/", node.name().empty() ? node.op_type() : node.name(), nextCall_++);
        Names names;
        for (int i = 0; i < function->input_size(); ++i) {
            names[function->input(i)] = i < node.input_size() ? node.input(i) : "";
        }
        // An output that is left out keeps a name of the function's own: its other nodes may read it.
        for (int i = 0; i < node.output_size(); ++i) {
            if (!node.output(i).empty()) names[function->output(i)] = node.output(i);
        }
        Given given;
        for (const onnx::AttributeProto& attribute : function->attribute_proto()) given[attribute.name()] = &attribute;
        for (const onnx::AttributeProto& attribute : node.attribute()) given[attribute.name()] = &attribute;
        for (const onnx::NodeProto& inner : function->node()) {
            onnx::NodeProto copy = inner;
            rename(copy, prefix, names, given);
            expandInner(copy, depth + 1);
            place(std::move(copy), to, depth + 1);
        }
    }

    static std::string renamed(const std::string& name, const std::string& prefix, const Names& names) {
        if (name.empty()) return name;
        const auto found = names.find(name);
        return found == names.end() ? prefix + name : found->second;
    }

    void rename(onnx::NodeProto& node, const std::string& prefix, const Names& names, const Given& given) {
        for (std::string& name : *node.mutable_input()) name = renamed(name, prefix, names);
        for (std::string& name : *node.mutable_output()) name = renamed(name, prefix, names);
        if (!node.name().empty()) node.set_name(prefix + node.name());
        google::protobuf::RepeatedPtrField<onnx::AttributeProto> attributes;
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
            if (!attribute.ref_attr_name().empty()) {
                const auto found = given.find(attribute.ref_attr_name());
                if (found == given.end()) continue;
                onnx::AttributeProto* copy = attributes.Add();
                *copy = *found->second;
                copy->set_name(attribute.name());
                continue;
            }
            if (attribute.has_g()) rename(*attribute.mutable_g(), prefix, names, given);
            for (onnx::GraphProto& graph : *attribute.mutable_graphs()) rename(graph, prefix, names, given);
            *attributes.Add() = std::move(attribute);
        }
        attributes.Swap(node.mutable_attribute());
    }

    void rename(onnx::GraphProto& graph, const std::string& prefix, const Names& names, const Given& given) {
        for (onnx::NodeProto& node : *graph.mutable_node()) rename(node, prefix, names, given);
        for (auto* infos : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()}) {
            for (onnx::ValueInfoProto& info : *infos) info.set_name(renamed(info.name(), prefix, names));
        }
        for (onnx::TensorProto& tensor : *graph.mutable_initializer()) {
            tensor.set_name(renamed(tensor.name(), prefix, names));
        }
    }

    /// Domains that only functions import.
    void addOpsets() {
        std::map<std::string, std::int64_t> known;
        for (const auto& opset : model_.opset_import()) known.emplace(domainOf(opset.domain()), opset.version());
        for (const onnx::FunctionProto& function : model_.functions()) {
            for (const auto& opset : function.opset_import()) {
                if (!known.emplace(domainOf(opset.domain()), opset.version()).second) continue;
                *model_.add_opset_import() = opset;
            }
        }
    }

    onnx::ModelProto& model_;
    std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;
    int nextCall_ = 0;
    std::size_t copied_ = 0;
};

}  // namespace

bool inlineFunctions(onnx::ModelProto& model, const ModelPlace& place) {
    try {
        Inliner(model).run();
        return true;
    } catch (const Mistake& mistake) {
        place.diagnostics.error({place.file}, mistake.what);
        return false;
    }
}

}  // namespace millrace::model
