#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool shapeShape(Inference& inference) {
    const auto rank = static_cast<std::int64_t>(inference.shape(0).size());
    const auto fromFront = [rank](std::int64_t index) {
        return std::clamp(index < 0 ? index + rank : index, std::int64_t{0}, rank);
    };
    const std::int64_t start = fromFront(inference.op().integer("start", 0));
    const std::int64_t end = fromFront(inference.op().integer("end", rank));
    return inference.set(0, DataType::int64, {std::max<std::int64_t>(0, end - start)});
}

bool constantShape(Inference& inference) {
    return inference.fail("a Constant operator is no operator of a Network", "make it a constant tensor");
}

bool constantOfShapeShape(Inference& inference) {
    const auto type = dataType(inference.op().integer("value_type", 1)).value_or(DataType::float32);
    auto shape = inputIntegers(inference.network(), inference.op(), 0);
    if (!shape) return inference.setUnknown(0, type);
    return inference.set(0, type, *std::move(shape));
}

/// First value of an integer or real constant.
std::optional<double> scalar(const Inference& inference, std::size_t i) {
    const auto integers = inference.tensor(i).integers();
    if (integers && !integers->empty()) return static_cast<double>(integers->front());
    const auto reals = inference.tensor(i).reals();
    if (reals && !reals->empty()) return reals->front();
    return std::nullopt;
}

bool rangeShape(Inference& inference) {
    if (!inference.sameType(0, 1) || !inference.sameType(0, 2)) return false;
    for (std::size_t i = 0; i < 3; ++i) {
        if (boundedElements(inference.shape(i)) != 1) {
            return inference.fail(fmt::format("{} must be a scalar", inference.label(i)));
        }
    }
    const auto start = scalar(inference, 0);
    const auto limit = scalar(inference, 1);
    const auto delta = scalar(inference, 2);
    if (delta && *delta == 0) return inference.fail("the step is 0");
    if (!start || !limit || !delta) return inference.setUnknown(0, inference.type(0));
    const double steps = std::ceil((*limit - *start) / *delta);
    if (!(steps <= static_cast<double>(kMaxElements))) {
        return inference.fail(fmt::format("from {} to {} by {} is no possible range", *start, *limit, *delta));
    }
    return inference.set(0, inference.type(0), {static_cast<std::int64_t>(std::max(0.0, steps))});
}

}  // namespace

std::vector<OperatorSpec> valueOperators() {
    using K = AttributeKind;
    return {{"Shape", 1, 14, {1, 1}, {1, 1}, {}, shapeShape},
            {"Shape", 15, kNewestOpset, {1, 1}, {1, 1}, {{"start", K::integer}, {"end", K::integer}}, shapeShape},
            {"Constant", 1, kNewestOpset, {0, 0}, {1, 1}, {}, constantShape},
            {"ConstantOfShape", 9, kNewestOpset, {1, 1}, {1, 1}, {{"value_type", K::integer}}, constantOfShapeShape},
            {"Range", 11, kNewestOpset, {3, 3}, {1, 1}, {}, rangeShape}};
}

}  // namespace millrace::model
