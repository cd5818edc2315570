#include "model/operators/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/operators/inference.h"

namespace millrace::model {

namespace {

std::vector<OperatorSpec> wholeTable() {
    std::vector<OperatorSpec> table;
    for (auto* family : {convolutionOperators, poolingOperators, matrixOperators, normalizationOperators,
                         unaryOperators, elementwiseOperators, layoutOperators, sliceOperators, joinOperators,
                         valueOperators, reductionOperators, resizeOperators}) {
        for (OperatorSpec& spec : family()) table.push_back(std::move(spec));
    }
    return table;
}

std::multimap<std::string_view, const OperatorSpec*> indexByName() {
    std::multimap<std::string_view, const OperatorSpec*> index;
    for (const OperatorSpec& spec : operatorTable()) index.emplace(spec.name, &spec);
    return index;
}

std::string_view describe(AttributeKind kind) {
    switch (kind) {
        case AttributeKind::integer: return "an integer";
        case AttributeKind::real: return "a real number";
        case AttributeKind::text: return "a text";
        case AttributeKind::integers: return "a list of integers";
        case AttributeKind::reals: return "a list of real numbers";
    }
    return "another kind";
}

bool hasKind(const AttributeValue& value, AttributeKind kind) {
    switch (kind) {
        case AttributeKind::integer: return std::holds_alternative<std::int64_t>(value);
        case AttributeKind::real: return std::holds_alternative<double>(value);
        case AttributeKind::text: return std::holds_alternative<std::string>(value);
        case AttributeKind::integers: return std::holds_alternative<std::vector<std::int64_t>>(value);
        case AttributeKind::reals: return std::holds_alternative<std::vector<double>>(value);
    }
    return false;
}

bool checkArity(Inference& inference, const OperatorSpec& spec) {
    const Operator& op = inference.op();
    for (std::size_t i = 0; i < spec.inputs.least; ++i) {
        if (inference.has(i)) continue;
        return inference.fail(
            fmt::format("input {} is missing; opset {} needs at least {}", i, op.version, spec.inputs.least));
    }
    if (op.inputs.size() > spec.inputs.most) {
        return inference.fail(
            fmt::format("has {} inputs; opset {} allows at most {}", op.inputs.size(), op.version, spec.inputs.most));
    }
    if (op.outputs.size() < spec.outputs.least || op.outputs.size() > spec.outputs.most) {
        return inference.fail(fmt::format("has {} outputs; opset {} allows {} to {}", op.outputs.size(), op.version,
                                          spec.outputs.least, spec.outputs.most));
    }
    return true;
}

bool checkAttributes(Inference& inference, const OperatorSpec& spec) {
    const Attributes& attributes = inference.op().attributes;
    for (const AttributeSpec& attribute : spec.attributes) {
        const auto found = attributes.find(attribute.name);
        if (found == attributes.end()) {
            if (attribute.required) {
                return inference.fail(fmt::format("attribute '{}' is missing; opset {} needs {}", attribute.name,
                                                  inference.op().version, describe(attribute.kind)));
            }
        } else if (!hasKind(found->second, attribute.kind)) {
            return inference.fail(fmt::format("attribute '{}' is not {}", attribute.name, describe(attribute.kind)));
        }
    }
    return true;
}

}  // namespace

const std::vector<OperatorSpec>& operatorTable() {
    static const std::vector<OperatorSpec> table = wholeTable();
    return table;
}

const OperatorSpec* findSpec(std::string_view type, std::string_view domain, std::int64_t opset) {
    static const std::multimap<std::string_view, const OperatorSpec*> index = indexByName();
    if (!domain.empty() && domain != "ai.onnx") return nullptr;
    const auto range = index.equal_range(type);
    for (auto it = range.first; it != range.second; ++it) {
        if (opset >= it->second->firstOpset && opset <= it->second->lastOpset) return it->second;
    }
    return nullptr;
}

bool inferShapes(Network& network, OperatorId id, Diagnostics& diagnostics) {
    const Operator& op = network.operators[id];
    const OperatorSpec* spec = findSpec(op.type, op.domain, op.version);
    if (spec == nullptr) return true;
    Inference inference(network, id, diagnostics);
    if (!checkArity(inference, *spec) || !checkAttributes(inference, *spec)) return false;
    for (const TensorId input : op.inputs) {
        if (input.valid() && !network.tensors[input].shape) return true;
    }
    return spec->shapeRule(inference);
}

}  // namespace millrace::model
