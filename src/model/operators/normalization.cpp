#include <fmt/format.h>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool perChannel(Inference& inference, std::size_t first, std::size_t last) {
    if (!inference.rankAtLeast(0, 2)) return false;
    const std::int64_t channels = inference.shape(0)[1];
    for (std::size_t i = first; i <= last; ++i) {
        if (inference.shape(i) == Shape{channels}) continue;
        return inference.fail(fmt::format("{} must have shape [{}], one value per channel of {}", inference.label(i),
                                          channels, inference.label(0)));
    }
    return true;
}

bool batchNormalizationShape(Inference& inference) {
    if (!perChannel(inference, 1, 4)) return false;
    const Shape channel{inference.shape(0)[1]};
    for (std::size_t i = 1; i < inference.op().outputs.size(); ++i) {
        if (!inference.set(i, inference.type(1), channel)) return false;
    }
    return sameAsInput(inference);
}

bool instanceNormalizationShape(Inference& inference) { return perChannel(inference, 1, 2) && sameAsInput(inference); }

bool lrnShape(Inference& inference) {
    const std::int64_t size = inference.op().integer("size", 1);
    if (size < 1) return inference.fail(fmt::format("size {} must be at least 1", size));
    return inference.rankAtLeast(0, 2) && sameAsInput(inference);
}

bool layerNormalizationShape(Inference& inference) {
    const Shape& input = inference.shape(0);
    const auto axis = inference.axis(inference.op().integer("axis", -1), input.size());
    if (!axis) return false;
    for (std::size_t i = 1; i <= 2; ++i) {
        if (!inference.has(i) || broadcastsTo(inference.shape(i), input)) continue;
        return inference.fail(fmt::format("{} cannot be broadcast to {}", inference.label(i), inference.label(0)));
    }
    Shape statistics = input;
    for (std::size_t i = *axis; i < statistics.size(); ++i) statistics[i] = 1;
    const auto kind = dataType(inference.op().integer("stash_type", 1)).value_or(DataType::float32);
    return inference.set(1, kind, statistics) && inference.set(2, kind, statistics) && sameAsInput(inference);
}

bool dropoutShape(Inference& inference) {
    const DataType mask = inference.op().version < 10 ? inference.type(0) : DataType::boolean;
    return inference.set(1, mask, inference.shape(0)) && sameAsInput(inference);
}

}  // namespace

std::vector<OperatorSpec> normalizationOperators() {
    using K = AttributeKind;
    const AttributeSpec epsilon{"epsilon", K::real};
    const AttributeSpec momentum{"momentum", K::real};
    const AttributeSpec ratio{"ratio", K::real};
    const AttributeSpec training{"training_mode", K::integer};
    return {{"BatchNormalization",
             7,
             8,
             {5, 5},
             {1, 5},
             {epsilon, momentum, {"spatial", K::integer}},
             batchNormalizationShape},
            {"BatchNormalization", 9, 13, {5, 5}, {1, 5}, {epsilon, momentum}, batchNormalizationShape},
            {"BatchNormalization",
             14,
             kNewestOpset,
             {5, 5},
             {1, 3},
             {epsilon, momentum, training},
             batchNormalizationShape},
            {"InstanceNormalization", 6, kNewestOpset, {3, 3}, {1, 1}, {epsilon}, instanceNormalizationShape},
            {"LRN",
             1,
             kNewestOpset,
             {1, 1},
             {1, 1},
             {{"alpha", K::real}, {"beta", K::real}, {"bias", K::real}, {"size", K::integer, true}},
             lrnShape},
            {"LayerNormalization",
             17,
             kNewestOpset,
             {2, 3},
             {1, 3},
             {epsilon, {"axis", K::integer}, {"stash_type", K::integer}},
             layerNormalizationShape},
            {"Dropout", 7, 11, {1, 1}, {1, 2}, {ratio}, dropoutShape},
            {"Dropout", 12, kNewestOpset, {1, 3}, {1, 2}, {{"seed", K::integer}}, dropoutShape}};
}

}  // namespace millrace::model
