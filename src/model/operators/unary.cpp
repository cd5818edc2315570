#include <fmt/format.h>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool softmaxShape(Inference& inference) {
    const std::int64_t otherwise = inference.op().version < 13 ? 1 : -1;
    // Before opset 13, axis 1 of a tensor of rank 1 stands behind its last axis.
    const std::int64_t axis = inference.op().integer("axis", otherwise);
    const auto rank = static_cast<std::int64_t>(inference.shape(0).size());
    const bool behindLast = inference.op().version < 13 && axis == rank;
    if (!behindLast && !inference.axis(axis, inference.shape(0).size())) return false;
    return sameAsInput(inference);
}

bool preluShape(Inference& inference) {
    if (!inference.sameType(0, 1)) return false;
    if (!broadcastsTo(inference.shape(1), inference.shape(0))) {
        return inference.fail(fmt::format("the slope '{}' {} cannot be broadcast to {}", inference.tensor(1).name,
                                          text(inference.shape(1)), inference.label(0)));
    }
    return sameAsInput(inference);
}

bool castShape(Inference& inference) {
    const std::int64_t number = inference.op().integer("to", 0);
    const auto to = dataType(number);
    if (!to || *to == DataType::undefined) {
        return inference.fail(fmt::format("attribute 'to' is {}, which is no element type from 1 to 16", number));
    }
    return inference.set(0, *to, inference.shape(0));
}

bool clipShape(Inference& inference) {
    for (std::size_t i = 1; i <= 2; ++i) {
        if (!inference.has(i)) continue;
        if (!inference.sameType(0, i)) return false;
        const auto elements = boundedElements(inference.shape(i));
        if (elements != 1) return inference.fail(fmt::format("{} must be a scalar", inference.label(i)));
    }
    return sameAsInput(inference);
}

bool boolShape(Inference& inference) { return inference.set(0, DataType::boolean, inference.shape(0)); }

}  // namespace

SoftmaxAttributes softmaxAttributes(const Network& network, const Operator& op) {
    const std::size_t rank = inputShape(network, op, 0).size();
    const std::int64_t axis = op.integer("axis", op.version < 13 ? 1 : -1);
    if (op.version < 13 && axis == static_cast<std::int64_t>(rank)) return {rank, rank};
    const auto first = normalAxis(axis, rank);
    if (!first) throw std::invalid_argument(badAxis(axis, rank));
    return {*first, op.version < 13 ? rank - 1 : *first};
}

ClipAttributes clipAttributes(const Network& network, const Operator& op) {
    const auto bound = [&](std::string_view attribute, std::size_t input) -> std::optional<double> {
        if (op.version < 11) {
            if (op.attributes.find(attribute) == op.attributes.end()) return std::nullopt;
            return op.real(attribute, 0);
        }
        if (const auto reals = inputReals(network, op, input); reals && !reals->empty()) return reals->front();
        const auto integers = inputIntegers(network, op, input);
        if (!integers || integers->empty()) return std::nullopt;
        return static_cast<double>(integers->front());
    };
    return {bound("min", 1), bound("max", 2)};
}

std::vector<OperatorSpec> unaryOperators() {
    using K = AttributeKind;
    std::vector<OperatorSpec> rows;
    const auto unary = [&](std::string_view name, std::int64_t first, std::vector<AttributeSpec> attributes = {}) {
        rows.push_back({name, first, kNewestOpset, {1, 1}, {1, 1}, std::move(attributes), sameAsInput});
    };
    const AttributeSpec alpha{"alpha", K::real};
    for (const auto* name : {"Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Exp", "Log", "Sqrt", "Reciprocal",
                             "Abs", "Neg", "Floor", "Ceil", "Identity", "Sin", "Cos"}) {
        unary(name, 1);
    }
    unary("LeakyRelu", 6, {alpha});
    unary("Elu", 6, {alpha});
    unary("Selu", 6, {alpha, {"gamma", K::real}});
    unary("HardSigmoid", 6, {alpha, {"beta", K::real}});
    unary("ThresholdedRelu", 10, {alpha});
    unary("Celu", 12, {alpha});
    unary("HardSwish", 14);
    unary("Erf", 9);
    unary("Sign", 9);
    unary("Round", 11);
    unary("Mish", 18);
    unary("Gelu", 20, {{"approximate", K::text}});
    rows.push_back({"Not", 1, kNewestOpset, {1, 1}, {1, 1}, {}, boolShape});
    rows.push_back({"PRelu", 7, kNewestOpset, {2, 2}, {1, 1}, {}, preluShape});
    rows.push_back({"Clip", 6, 10, {1, 1}, {1, 1}, {{"min", K::real}, {"max", K::real}}, clipShape});
    rows.push_back({"Clip", 11, kNewestOpset, {1, 3}, {1, 1}, {}, clipShape});
    rows.push_back({"Cast", 6, 18, {1, 1}, {1, 1}, {{"to", K::integer, true}}, castShape});
    rows.push_back(
        {"Cast", 19, kNewestOpset, {1, 1}, {1, 1}, {{"to", K::integer, true}, {"saturate", K::integer}}, castShape});
    for (const auto* name : {"Softmax", "LogSoftmax"}) {
        rows.push_back({name, 1, 12, {1, 1}, {1, 1}, {{"axis", K::integer}}, softmaxShape});
        rows.push_back({name, 13, kNewestOpset, {1, 1}, {1, 1}, {{"axis", K::integer}}, softmaxShape});
    }
    return rows;
}

}  // namespace millrace::model
