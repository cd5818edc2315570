#include "model/onnx/importer.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/operators/fold.h"
#include "model/operators/operators.h"

namespace millrace::model {

Importer::Importer(const onnx::ModelProto& model, const ModelPlace& place, const ImportOptions& options)
    : model_(model), graph_(model.graph()), place_(place), options_(options) {}

std::optional<Network> Importer::run() {
    const std::size_t before = place_.diagnostics.failures();
    const auto failed = [&] { return place_.diagnostics.failures() != before; };
    network_.name = graph_.name();
    network_.file = place_.file;
    if (!checkHeader()) return std::nullopt;
    addInitializers();
    addInputs();
    for (const auto& info : graph_.value_info()) readDeclared(info);
    for (const auto& info : graph_.output()) readDeclared(info);
    const auto order = orderNodes(graph_, names_, place_);
    if (failed() || !order) return std::nullopt;
    addNodes(*order);
    addOutputs();
    if (failed()) return std::nullopt;
    dropUnreadShapeArithmetic();
    if (!verify(network_, place_.diagnostics)) return std::nullopt;
    return std::move(network_);
}

void Importer::error(std::string message, std::string hint) {
    place_.diagnostics.error({place_.file}, std::move(message), std::move(hint));
}

void Importer::warning(std::string message, std::string hint) {
    place_.diagnostics.warning({place_.file}, std::move(message), std::move(hint));
}

TensorId Importer::declare(const std::string& name, Tensor tensor) {
    tensor.name = name;
    const TensorId id = network_.tensors.add(std::move(tensor));
    names_.emplace(name, id);
    return id;
}

TensorId Importer::tensorNamed(const std::string& name) {
    const auto found = names_.find(name);
    return found == names_.end() ? TensorId() : found->second;
}

void Importer::readDeclared(const onnx::ValueInfoProto& info) {
    if (!info.type().has_tensor_type()) return;
    Declared& declared = declared_[info.name()];
    const auto type = dataType(info.type().tensor_type().elem_type());
    if (type && *type != DataType::undefined) declared.type = *type;
    if (!info.type().tensor_type().has_shape()) return;
    Shape shape;
    for (const auto& dim : info.type().tensor_type().shape().dim()) {
        shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
    }
    declared.shape = std::move(shape);
}

void Importer::addNodes(const std::vector<int>& order) {
    for (const onnx::NodeProto& node : graph_.node()) {
        if (!node.name().empty()) nextSuffix_.emplace(node.name(), 0);
    }
    for (const int index : order) addNode(graph_.node(index), index);
}

void Importer::addNode(const onnx::NodeProto& node, int index) {
    const std::string label = nodeLabel(node, index);
    if (node.op_type().empty()) return error(fmt::format("{} has no operator type", label));
    if (domainOf(node.domain()).empty() && node.op_type() == "Constant") return addConstantNode(node, label);
    auto attributes = readAttributes(node, label, place_);
    const bool readable = attributes.has_value();
    Operator op = makeOperator(node, index, readable ? *std::move(attributes) : Attributes{});
    op.known = op.known && readable;
    if (!op.known) explainUnknown(op);
    const OperatorId id = network_.operators.add(std::move(op));
    derived_.resize(network_.tensors.size());
    folded_.resize(network_.tensors.size());
    const bool inferred = !network_.operators[id].known || inferShapes(network_, id, place_.diagnostics);
    settle(id, inferred);
    if (inferred && network_.operators[id].known) foldLast();
}

void Importer::addConstantNode(const onnx::NodeProto& node, const std::string& label) {
    if (node.output_size() != 1 || node.output(0).empty()) return error(fmt::format("{} needs one output", label));
    auto tensor = readConstant(node, label, place_);
    declare(node.output(0), tensor ? *std::move(tensor) : Tensor{});
}

Operator Importer::makeOperator(const onnx::NodeProto& node, int index, Attributes attributes) {
    Operator op;
    op.name = uniqueName(node, index);
    op.type = node.op_type();
    op.domain = domainOf(node.domain());
    const auto opset = opsets_.find(op.domain);
    op.version = opset == opsets_.end() ? 0 : opset->second;
    op.attributes = std::move(attributes);
    op.known = !hasSubgraph(node) && findSpec(op.type, op.domain, op.version) != nullptr;
    const std::vector<std::string> names = readNames(node);
    for (const std::string& name : names) op.inputs.push_back(name.empty() ? TensorId() : tensorNamed(name));
    op.bodies = readBodies(node, names, opsets_, place_);
    for (const std::string& name : node.output()) {
        op.outputs.push_back(name.empty() ? TensorId() : declare(name, Tensor{}));
    }
    return op;
}

std::string Importer::uniqueName(const onnx::NodeProto& node, int index) {
    if (!node.name().empty() && operatorNames_.insert(node.name()).second) return node.name();
    const std::string stem = node.name().empty() ? node.op_type() : node.name();
    int& next = nextSuffix_[stem];
    std::string name;
    do {
        name = fmt::format("{}_{}", stem, next++);
    } while (nextSuffix_.count(name) != 0 || !operatorNames_.insert(name).second);
    if (!node.name().empty()) {
        warning(fmt::format("node {} has the name '{}' of an earlier one; it is now '{}'", index, node.name(), name));
    }
    return name;
}

void Importer::explainUnknown(const Operator& op) {
    if (!op.domain.empty()) return;
    std::string ranges;
    for (const OperatorSpec& spec : operatorTable()) {
        if (spec.name != op.type || (op.version >= spec.firstOpset && op.version <= spec.lastOpset)) continue;
        ranges += fmt::format("{}{} to {}", ranges.empty() ? "" : ", ", spec.firstOpset, spec.lastOpset);
    }
    if (ranges.empty() || findSpec(op.type, op.domain, op.version) != nullptr) return;
    warning(fmt::format("operator '{}' ({}) does not exist in opset {}, only in {}; it is left to the host", op.name,
                        op.type, op.version, ranges));
}

void Importer::settle(OperatorId id, bool inferred) {
    Operator& op = network_.operators[id];
    bool inputsShaped = true;
    for (const TensorId input : op.inputs) {
        inputsShaped = inputsShaped && (!input.valid() || network_.tensors[input].shape.has_value());
    }
    bool shaped = inputsShaped;
    for (const TensorId output : op.outputs) {
        if (!output.valid()) continue;
        compareWithDeclared(op, output);
        shaped = shaped && network_.tensors[output].shape.has_value();
    }
    if (op.known && inferred && inputsShaped && !shaped) {
        warning(
            fmt::format("operator '{}' ({}): its output shapes hang on values that are not in the file; it is left "
                        "to the host",
                        op.name, op.type));
    }
    op.known = op.known && shaped;
}

void Importer::compareWithDeclared(const Operator& op, TensorId id) {
    Tensor& tensor = network_.tensors[id];
    const auto found = declared_.find(tensor.name);
    if (found == declared_.end() || !trustDeclared_) return;
    const Declared& declared = found->second;
    if (tensor.type == DataType::undefined) tensor.type = declared.type;
    if (tensor.type != declared.type && declared.type != DataType::undefined) {
        warning(fmt::format("tensor '{}' of operator '{}': the file says {}, its operator gives {}", tensor.name,
                            op.name, name(declared.type), name(tensor.type)));
    }
    if (!declared.shape) return;
    if (!tensor.shape) {
        const bool fixed = std::count(declared.shape->begin(), declared.shape->end(), -1) == 0;
        if (fixed && boundedElements(*declared.shape)) tensor.shape = declared.shape;
        return;
    }
    bool same = declared.shape->size() == tensor.shape->size();
    for (std::size_t i = 0; same && i < tensor.shape->size(); ++i) {
        same = (*declared.shape)[i] == -1 || (*declared.shape)[i] == (*tensor.shape)[i];
    }
    if (same) return;
    warning(fmt::format("tensor '{}' of operator '{}': the file says shape {}, its operator gives {}", tensor.name,
                        op.name, text(*declared.shape), text(*tensor.shape)));
}

void Importer::foldLast() {
    const Operator& op = network_.operators[OperatorId(network_.operators.size() - 1)];
    if (!foldOperator(network_, op, derived_)) return;
    for (const TensorId output : op.outputs) derived_[output] = folded_[output] = 1;
    for (const TensorId input : op.inputs) {
        if (input.valid() && network_.tensors[input].constant) folded_[input] = 1;
    }
    network_.operators.resize(network_.operators.size() - 1);
}

void Importer::addOutputs() {
    for (const onnx::ValueInfoProto& info : graph_.output()) {
        const TensorId id = tensorNamed(info.name());
        if (!id.valid()) {
            error(fmt::format("graph output '{}' is produced by nothing", info.name()));
        } else {
            network_.outputs.push_back(id);
        }
    }
    if (graph_.output_size() == 0) error("the graph has no outputs");
}

void Importer::dropUnreadShapeArithmetic() {
    folded_.resize(network_.tensors.size());
    Table<TensorId, char> read(network_.tensors.size());
    for (const TensorId id : network_.outputs) read[id] = 1;
    for (const Operator& op : network_.operators) {
        for (const TensorId id : op.inputs) {
            if (id.valid()) read[id] = 1;
        }
    }
    Table<TensorId, Tensor> kept;
    Table<TensorId, TensorId> renumbered(network_.tensors.size());
    for (const TensorId id : network_.tensors.ids()) {
        if (folded_[id] && !read[id]) continue;
        renumbered[id] = kept.add(std::move(network_.tensors[id]));
    }
    const auto renumber = [&](std::vector<TensorId>& ids) {
        for (TensorId& id : ids) id = id.valid() ? renumbered[id] : id;
    };
    network_.tensors = std::move(kept);
    renumber(network_.inputs);
    renumber(network_.outputs);
    for (Operator& op : network_.operators) {
        renumber(op.inputs);
        renumber(op.outputs);
    }
}

}  // namespace millrace::model
