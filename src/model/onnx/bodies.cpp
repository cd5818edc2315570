#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/onnx/nodes.h"

namespace millrace::model {

namespace {

/// One graph attribute: its tensors and operators as they stand, without shapes.
class BodyReader {
public:
    BodyReader(const onnx::GraphProto& graph, const std::vector<std::string>& outer,
               const std::map<std::string, std::int64_t>& opsets, const ModelPlace& place)
        : graph_(graph), outer_(outer), opsets_(opsets), place_(place) {}

    std::optional<Body> run() {
        const std::size_t before = place_.diagnostics.failures();
        network_.name = graph_.name();
        network_.file = place_.file;
        for (const onnx::TensorProto& proto : graph_.initializer()) {
            addConstant(proto.name(), readTensor(proto, fmt::format("initializer '{}'", proto.name()), place_));
        }
        for (const onnx::ValueInfoProto& info : graph_.input()) addFormal(info.name());
        addCaptured();
        const auto order = orderNodes(graph_, names_, place_);
        if (!order || place_.diagnostics.failures() != before) return std::nullopt;
        for (const int index : *order) addNode(graph_.node(index), index);
        for (const onnx::ValueInfoProto& info : graph_.output()) addOutput(info.name());
        if (place_.diagnostics.failures() != before) return std::nullopt;
        body_.network = std::make_shared<const Network>(std::move(network_));
        return std::move(body_);
    }

private:
    void error(std::string message) { place_.diagnostics.error({place_.file}, std::move(message)); }

    TensorId declare(const std::string& name, Tensor tensor) {
        tensor.name = name;
        const TensorId id = network_.tensors.add(std::move(tensor));
        if (name.empty()) {
            error(fmt::format("a tensor of the inner graph '{}' has no name", graph_.name()));
        } else if (!names_.emplace(name, id).second) {
            error(fmt::format("two tensors of the inner graph '{}' are named '{}'", graph_.name(), name));
        }
        return id;
    }

    void addConstant(const std::string& name, std::optional<Tensor> tensor) {
        declare(name, tensor ? *std::move(tensor) : Tensor{});
    }

    void addFormal(const std::string& name) {
        if (names_.find(name) != names_.end()) return error(fmt::format("inner input '{}' stands twice", name));
        network_.inputs.push_back(declare(name, Tensor{}));
        body_.formals = network_.inputs.size();
    }

    void addCaptured() {
        std::set<std::string_view> own;
        for (const onnx::NodeProto& node : graph_.node()) own.insert(node.output().begin(), node.output().end());
        std::set<std::string> read;
        for (const onnx::NodeProto& node : graph_.node()) {
            const auto reads = readNames(node);
            read.insert(reads.begin(), reads.end());
        }
        for (const auto& info : graph_.output()) read.insert(info.name());
        std::set<std::string_view> taken;
        for (std::size_t i = 0; i < outer_.size(); ++i) {
            const std::string& name = outer_[i];
            const bool inner = name.empty() || own.count(name) != 0 || names_.find(name) != names_.end();
            if (inner || read.count(name) == 0 || !taken.insert(name).second) continue;
            network_.inputs.push_back(declare(name, Tensor{}));
            body_.captured.push_back(i);
        }
    }

    TensorId find(const std::string& name) const {
        const auto found = names_.find(name);
        return found == names_.end() ? TensorId() : found->second;
    }

    void addNode(const onnx::NodeProto& node, int index) {
        const std::string label = nodeLabel(node, index);
        if (node.op_type().empty()) return error(fmt::format("{} has no operator type", label));
        if (domainOf(node.domain()).empty() && node.op_type() == "Constant") {
            if (node.output_size() != 1) return error(fmt::format("{} needs one output", label));
            return addConstant(node.output(0), readConstant(node, label, place_));
        }
        Operator op;
        op.known = false;
        op.name = uniqueName(node);
        op.type = node.op_type();
        op.domain = domainOf(node.domain());
        const auto opset = opsets_.find(op.domain);
        op.version = opset == opsets_.end() ? 0 : opset->second;
        if (auto attributes = readAttributes(node, label, place_)) op.attributes = *std::move(attributes);
        const std::vector<std::string> names = readNames(node);
        for (const std::string& name : names) op.inputs.push_back(name.empty() ? TensorId() : find(name));
        op.bodies = readBodies(node, names, opsets_, place_);
        for (const std::string& name : node.output()) {
            op.outputs.push_back(name.empty() ? TensorId() : declare(name, Tensor{}));
        }
        network_.operators.add(std::move(op));
    }

    std::string uniqueName(const onnx::NodeProto& node) {
        if (!node.name().empty() && operatorNames_.insert(node.name()).second) return node.name();
        const std::string stem = node.name().empty() ? node.op_type() : node.name();
        std::string name;
        do {
            name = fmt::format("{}_{}", stem, nextSuffix_++);
        } while (!operatorNames_.insert(name).second);
        return name;
    }

    void addOutput(const std::string& name) {
        const TensorId id = find(name);
        if (!id.valid()) return error(fmt::format("inner output '{}' is produced by nothing", name));
        network_.outputs.push_back(id);
    }

    const onnx::GraphProto& graph_;
    const std::vector<std::string>& outer_;
    const std::map<std::string, std::int64_t>& opsets_;
    const ModelPlace& place_;
    Body body_;
    Network network_;
    std::map<std::string, TensorId, std::less<>> names_;
    std::set<std::string> operatorNames_;
    int nextSuffix_ = 0;
};

}  // namespace

std::map<std::string, Body, std::less<>> readBodies(const onnx::NodeProto& node, const std::vector<std::string>& outer,
                                                    const std::map<std::string, std::int64_t>& opsets,
                                                    const ModelPlace& place) {
    std::map<std::string, Body, std::less<>> bodies;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (!attribute.has_g()) continue;
        auto body = BodyReader(attribute.g(), outer, opsets, place).run();
        if (body) bodies.emplace(attribute.name(), *std::move(body));
    }
    return bodies;
}

}  // namespace millrace::model
