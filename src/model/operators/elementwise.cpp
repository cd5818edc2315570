#include <fmt/format.h>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool cannotBroadcast(Inference& inference, std::size_t first, std::size_t second) {
    return inference.fail(
        fmt::format("{} and {} cannot be broadcast to each other", inference.label(first), inference.label(second)),
        "aligned at the last axis, dimensions must be equal or 1");
}

bool broadcastOf(Inference& inference, std::size_t a, std::size_t b, DataType type) {
    auto output = broadcast(inference.shape(a), inference.shape(b));
    if (!output) return cannotBroadcast(inference, a, b);
    return inference.set(0, type, *std::move(output));
}

bool arithmeticShape(Inference& inference) {
    return inference.sameType(0, 1) && broadcastOf(inference, 0, 1, inference.type(0));
}

bool powerShape(Inference& inference) {
    if (inference.op().version < 12 && !inference.sameType(0, 1)) return false;
    return broadcastOf(inference, 0, 1, inference.type(0));
}

bool comparisonShape(Inference& inference) {
    return inference.sameType(0, 1) && broadcastOf(inference, 0, 1, DataType::boolean);
}

bool whereShape(Inference& inference) {
    if (!inference.sameType(1, 2)) return false;
    const auto values = broadcast(inference.shape(1), inference.shape(2));
    if (!values) return cannotBroadcast(inference, 1, 2);
    auto output = broadcast(*values, inference.shape(0));
    if (!output) return cannotBroadcast(inference, 0, 1);
    return inference.set(0, inference.type(1), *std::move(output));
}

bool variadicShape(Inference& inference) {
    const bool stretches = inference.op().version >= 8;
    Shape output = inference.shape(0);
    for (std::size_t i = 1; i < inference.op().inputs.size(); ++i) {
        if (!inference.has(i)) return inference.fail(fmt::format("input {} is left out", i));
        if (!inference.sameType(0, i)) return false;
        if (!stretches && inference.shape(i) != output) {
            return inference.fail(fmt::format("{} and {} differ in shape; broadcasting starts with opset 8",
                                              inference.label(0), inference.label(i)));
        }
        auto next = broadcast(output, inference.shape(i));
        if (!next) {
            return inference.fail(
                fmt::format("{} cannot be broadcast with the inputs before it, {}", inference.label(i), text(output)));
        }
        output = *std::move(next);
    }
    return inference.set(0, inference.type(0), std::move(output));
}

}  // namespace

std::vector<OperatorSpec> elementwiseOperators() {
    std::vector<OperatorSpec> rows;
    const auto binary = [&](std::string_view name, std::int64_t first, bool (*rule)(Inference&)) {
        rows.push_back({name, first, kNewestOpset, {2, 2}, {1, 1}, {}, rule});
    };
    for (const auto* name : {"Add", "Sub", "Mul", "Div"}) binary(name, 7, arithmeticShape);
    binary("Pow", 7, powerShape);
    for (const auto* name : {"Equal", "Less", "Greater", "And", "Or", "Xor"}) binary(name, 7, comparisonShape);
    for (const auto* name : {"LessOrEqual", "GreaterOrEqual"}) binary(name, 12, comparisonShape);
    rows.push_back({"Where", 9, kNewestOpset, {3, 3}, {1, 1}, {}, whereShape});
    for (const auto* name : {"Min", "Max", "Sum", "Mean"}) {
        rows.push_back({name, 6, 7, {1, kMany}, {1, 1}, {}, variadicShape});
        rows.push_back({name, 8, kNewestOpset, {1, kMany}, {1, 1}, {}, variadicShape});
    }
    return rows;
}

}  // namespace millrace::model
