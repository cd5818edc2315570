#include <fmt/format.h>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool concatShape(Inference& inference) {
    Shape output = inference.shape(0);
    const auto axis = inference.axis(inference.op().integer("axis", 1), output.size());
    if (!axis) return false;
    for (std::size_t i = 1; i < inference.op().inputs.size(); ++i) {
        if (!inference.has(i)) return inference.fail(fmt::format("input {} is left out", i));
        if (!inference.sameType(0, i)) return false;
        Shape other = inference.shape(i);
        bool fits = other.size() == output.size();
        for (std::size_t a = 0; fits && a < other.size(); ++a) fits = a == *axis || other[a] == output[a];
        if (!fits) {
            return inference.fail(
                fmt::format("{} and {} differ beside axis {}", inference.label(0), inference.label(i), *axis));
        }
        output[*axis] += other[*axis];
        if (output[*axis] > kMaxElements) return inference.set(0, inference.type(0), std::move(output));
    }
    return inference.set(0, inference.type(0), std::move(output));
}

bool gatherShape(Inference& inference) {
    const Shape& data = inference.shape(0);
    const Shape& indices = inference.shape(1);
    const auto axis = inference.axis(inference.op().integer("axis", 0), data.size());
    if (!axis) return false;
    const auto values = inputIntegers(inference.network(), inference.op(), 1);
    for (const std::int64_t index : values.value_or(std::vector<std::int64_t>{})) {
        if (index >= -data[*axis] && index < data[*axis]) continue;
        return inference.fail(fmt::format("index {} in '{}' is outside of axis {} of {}", index,
                                          inference.tensor(1).name, *axis, inference.label(0)));
    }
    const auto cut = data.begin() + static_cast<std::ptrdiff_t>(*axis);
    Shape output(data.begin(), cut);
    output.insert(output.end(), indices.begin(), indices.end());
    output.insert(output.end(), cut + 1, data.end());
    return inference.set(0, inference.type(0), std::move(output));
}

bool expandShape(Inference& inference) {
    const auto wanted = inputIntegers(inference.network(), inference.op(), 1);
    if (!wanted) return inference.setUnknown(0, inference.type(0));
    auto output = broadcast(inference.shape(0), *wanted);
    if (!output) {
        return inference.fail(fmt::format("{} cannot be expanded to {}", inference.label(0), text(*wanted)));
    }
    return inference.set(0, inference.type(0), *std::move(output));
}

bool tileShape(Inference& inference) {
    const auto repeats = inputIntegers(inference.network(), inference.op(), 1);
    if (!repeats) return inference.setUnknown(0, inference.type(0));
    Shape output = inference.shape(0);
    if (repeats->size() != output.size()) {
        return inference.fail(
            fmt::format("repeats {} needs one entry per axis of {}", listText(*repeats), inference.label(0)));
    }
    for (std::size_t i = 0; i < output.size(); ++i) {
        const std::int64_t times = (*repeats)[i];
        if (times < 0 || times > kMaxElements / std::max<std::int64_t>(1, output[i])) {
            return inference.fail(fmt::format("repeats {}: {} along axis {} of {} is no possible number of copies",
                                              listText(*repeats), times, i, inference.label(0)));
        }
        output[i] *= times;
    }
    return inference.set(0, inference.type(0), std::move(output));
}

}  // namespace

std::vector<OperatorSpec> joinOperators() {
    using K = AttributeKind;
    return {{"Concat", 4, kNewestOpset, {1, kMany}, {1, 1}, {{"axis", K::integer, true}}, concatShape},
            {"Gather", 1, kNewestOpset, {2, 2}, {1, 1}, {{"axis", K::integer}}, gatherShape},
            {"Expand", 8, kNewestOpset, {2, 2}, {1, 1}, {}, expandShape},
            {"Tile", 6, kNewestOpset, {2, 2}, {1, 1}, {}, tileShape}};
}

}  // namespace millrace::model
