#include <algorithm>
#include <numeric>

#include "explore/workload/lowering.h"

namespace millrace::workload {

using views::axisMap;
using views::fixedMap;

static constexpr std::size_t kMostPieces = 256;
static constexpr std::int64_t kMostStep = std::int64_t{1} << 31;

static Read data(Lowering& lowering, const model::Operator& op, std::size_t input = 0) {
    return lowering.read(op.input(input), lowering.precision(op));
}

static std::optional<std::size_t> axisOf(Lowering& lowering, const model::Operator& op, std::int64_t axis,
                                         std::size_t rank) {
    const auto count = static_cast<std::int64_t>(rank);
    if (axis >= -count && axis < count) return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
    lowering.error(op, "axis " + std::to_string(axis) + " of a value of rank " + std::to_string(rank));
    return std::nullopt;
}

static void setBarrier(Lowering& lowering, const model::Operator& op, const Read& value) {
    lowering.setView(op.output(0), views::barrier({value.source}));
}

static std::string lowerIdentity(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    if (value.shape == lowering.shape(op.output(0))) {
        lowering.setView(op.output(0), value.source);
    } else {
        lowering.error(op, "its input and output have different shapes");
    }
    return {};
}

static std::int64_t elementsOf(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// Reshape, Flatten, Squeeze, Unsqueeze: the result's shape says all.
static std::string lowerReshape(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const Shape& result = lowering.shape(op.output(0));
    if (elementsOf(value.shape) != elementsOf(result)) {
        lowering.error(op, std::to_string(elementsOf(value.shape)) + " elements cannot become " +
                               std::to_string(elementsOf(result)));
        return {};
    }
    lowering.setView(op.output(0), elementsOf(result) == 0
                                       ? Source{std::vector<Piece>{}}
                                       : views::reshaped(value.source, value.shape, result, lowering.tensors()));
    return {};
}

static std::string lowerTranspose(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    std::vector<std::int64_t> order(value.shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(order.size() - 1 - i);
    order = op.integers("perm", order);
    std::vector<std::int64_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    bool permutes = sorted.size() == value.shape.size();
    for (std::size_t i = 0; permutes && i < sorted.size(); ++i) permutes = sorted[i] == static_cast<std::int64_t>(i);
    Shape expected;
    for (std::size_t i = 0; permutes && i < order.size(); ++i) {
        expected.push_back(value.shape[static_cast<std::size_t>(order[i])]);
    }
    if (!permutes || expected != lowering.shape(op.output(0))) {
        lowering.error(op, "perm is not a permutation of " + std::to_string(value.shape.size()) +
                               " axes that leads to the shape of its output");
        return {};
    }
    lowering.setView(op.output(0), views::transposed(value.source, value.shape,
                                                     std::vector<std::size_t>(order.begin(), order.end())));
    return {};
}

static std::string lowerConcat(Lowering& lowering, const model::Operator& op) {
    const Shape& result = lowering.shape(op.output(0));
    const auto axis = axisOf(lowering, op, op.integer("axis", 1), result.size());
    if (!axis) return {};
    Source all = std::vector<Piece>{};
    Shape shape = result;
    shape[*axis] = 0;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        if (!op.inputs[i].valid()) return "an input is missing";
        const Read part = data(lowering, op, i);
        if (!views::append(all, shape, part.source, part.shape, *axis)) {
            lowering.error(op, "its inputs differ in another axis than " + std::to_string(*axis));
            return {};
        }
    }
    if (shape != result) lowering.error(op, "its inputs do not add up to its result");
    lowering.setView(op.output(0), std::move(all));
    return {};
}

static std::string lowerSplit(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const auto axis = axisOf(lowering, op, op.integer("axis", 0), value.shape.size());
    if (!axis) return {};
    std::int64_t begin = 0;
    for (const model::TensorId output : op.outputs) {
        if (!output.valid()) return "an output is left out";
        const Shape& shape = lowering.shape(output);
        std::vector<AxisMap> map = views::identity(shape.size());
        if (shape.size() != value.shape.size()) {
            lowering.error(op, "an output has another rank than the input");
            return {};
        }
        map[*axis] = axisMap(*axis, begin);
        begin += shape[*axis];
        lowering.setView(output, views::through(value.source, map, wholeBox(shape)));
    }
    if (begin != value.shape[*axis]) lowering.error(op, "its outputs do not add up to its input");
    return {};
}

static std::int64_t sliceStart(std::int64_t start, std::int64_t size, std::int64_t step) {
    if (start < 0) start += size;
    return std::clamp<std::int64_t>(start, 0, step > 0 ? size : std::max<std::int64_t>(size - 1, 0));
}

static bool inside(std::int64_t index, std::int64_t size) { return index >= 0 && index < size; }

static std::string lowerSlice(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const Shape& result = lowering.shape(op.output(0));
    const auto starts = lowering.integers(op, "starts", 1);
    const bool axesLeftOut = op.attributes.find("axes") == op.attributes.end() && !op.input(3).valid();
    std::optional<std::vector<std::int64_t>> axes = lowering.integers(op, "axes", 3);
    if (starts && axesLeftOut) {
        axes.emplace(starts->size());
        std::iota(axes->begin(), axes->end(), 0);
    }
    auto steps = lowering.integers(op.input(4));
    if (starts && !op.input(4).valid()) steps.emplace(starts->size(), 1);
    if (!starts || !axes || !steps) {
        setBarrier(lowering, op, value);
        return {};
    }
    if (axes->size() != starts->size() || steps->size() != starts->size() || result.size() != value.shape.size()) {
        lowering.error(op, "starts, axes and steps do not have the same length");
        return {};
    }
    std::vector<AxisMap> map = views::identity(result.size());
    for (std::size_t i = 0; i < starts->size(); ++i) {
        const auto axis = axisOf(lowering, op, (*axes)[i], result.size());
        if (!axis) return {};
        if ((*steps)[i] == 0 || (*steps)[i] < -kMostStep || (*steps)[i] > kMostStep) {
            lowering.error(op, "a step of " + std::to_string((*steps)[i]), "steps are not 0 and within -2^31 .. 2^31");
            return {};
        }
        const std::int64_t size = value.shape[*axis];
        const std::int64_t start = sliceStart((*starts)[i], size, (*steps)[i]);
        const std::int64_t step = result[*axis] > 1 ? (*steps)[i] : 1;
        if (result[*axis] > size || (result[*axis] > 0 && !inside(start + (result[*axis] - 1) * step, size))) {
            lowering.error(op, "its output reaches outside of its input on axis " + std::to_string(*axis));
            return {};
        }
        map[*axis] = axisMap(*axis, start, step);
    }
    lowering.setView(op.output(0), views::through(value.source, map, wholeBox(result)));
    return {};
}

static std::string lowerPad(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const std::string mode = op.text("mode", "constant");
    auto pads = lowering.integers(op, op.attributes.count("paddings") > 0 ? "paddings" : "pads", 1);
    const auto axes = lowering.integers(op.input(3));
    if (!pads || (op.input(3).valid() && !axes)) {
        setBarrier(lowering, op, value);
        return {};
    }
    const std::size_t rank = value.shape.size();
    std::vector<std::int64_t> before(rank, 0);
    std::vector<std::int64_t> after(rank, 0);
    const std::size_t count = axes ? axes->size() : rank;
    if (lowering.shape(op.output(0)).size() != rank) {
        lowering.error(op, "its input and output have different ranks");
        return {};
    }
    if (pads->size() != 2 * count) {
        lowering.error(op, std::to_string(pads->size()) + " pads for " + std::to_string(count) + " axes");
        return {};
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto axis = axisOf(lowering, op, axes ? (*axes)[i] : static_cast<std::int64_t>(i), rank);
        if (!axis) return {};
        before[*axis] = (*pads)[i];
        after[*axis] = (*pads)[i + count];
    }
    const views::PadMode how = mode == "edge"      ? views::PadMode::edge
                               : mode == "reflect" ? views::PadMode::reflect
                               : mode == "wrap"    ? views::PadMode::wrap
                                                   : views::PadMode::constant;
    Source source = value.source;
    Shape shape = value.shape;
    const Shape& result = lowering.shape(op.output(0));
    for (std::size_t i = 0; i < rank; ++i) {
        if (shape[i] + before[i] + after[i] != result[i]) {
            lowering.error(op, "its pads do not lead from the shape of its input to that of its output");
            return {};
        }
        source = views::padded(source, shape, i, before[i], after[i], how);
        shape[i] = result[i];
    }
    lowering.setView(op.output(0), std::move(source));
    return {};
}

static std::string lowerExpand(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const Shape& result = lowering.shape(op.output(0));
    std::vector<AxisMap> map;
    const std::size_t missing = result.size() - std::min(result.size(), value.shape.size());
    for (std::size_t i = 0; i < value.shape.size(); ++i) {
        const std::int64_t size = i + missing < result.size() ? result[i + missing] : -1;
        if (value.shape[i] != size && value.shape[i] != 1) {
            lowering.error(op, "its input does not broadcast to its output");
            return {};
        }
        map.push_back(value.shape[i] == 1 ? fixedMap(0) : axisMap(i + missing));
    }
    lowering.setView(op.output(0), views::through(value.source, map, wholeBox(result)));
    return {};
}

static std::string lowerTile(Lowering& lowering, const model::Operator& op) {
    const Read value = data(lowering, op);
    const Shape& result = lowering.shape(op.output(0));
    Source source = value.source;
    Shape shape = value.shape;
    if (shape.empty() && !result.empty()) {
        lowering.error(op, "its output is no repetition of its input");
        return {};
    }
    std::size_t pieces = 1;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (result.size() != shape.size() || shape[axis] == 0 || result[axis] % shape[axis] != 0) {
            lowering.error(op, "its output is no repetition of its input");
            return {};
        }
        const std::int64_t repeats = result[axis] / shape[axis];
        pieces *= static_cast<std::size_t>(std::min<std::int64_t>(repeats, kMostPieces + 1));
        if (pieces > kMostPieces) {
            setBarrier(lowering, op, value);
            return {};
        }
        const std::int64_t size = shape[axis];
        shape[axis] = result[axis];
        Source tiled = std::vector<Piece>{};
        for (std::int64_t i = 0; i < repeats; ++i) {
            std::vector<AxisMap> map = views::identity(shape.size());
            map[axis] = axisMap(axis, -i * size);
            Box region = wholeBox(shape);
            region[axis] = {i * size, (i + 1) * size};
            tiled = views::joined(std::move(tiled), views::through(source, map, region));
        }
        source = std::move(tiled);
    }
    lowering.setView(op.output(0), std::move(source));
    return {};
}

/// With indices that are known: pieces. Otherwise which elements are read depends on data.
static std::string lowerGather(Lowering& lowering, const model::Operator& op) {
    if (!op.input(1).valid()) return "its indices are missing";
    const Shape& indexShape = lowering.shape(op.input(1));
    const auto indices = lowering.integers(op.input(1));
    if (!indices) return "which elements it reads depends on data";
    const Read value = data(lowering, op);
    const auto axis = axisOf(lowering, op, op.integer("axis", 0), value.shape.size());
    if (!axis) return {};
    if (indexShape.size() > 1 || indices->size() > kMostPieces) {
        setBarrier(lowering, op, value);
        return {};
    }
    const Shape& result = lowering.shape(op.output(0));
    if (result.size() + 1 != value.shape.size() + indexShape.size()) {
        lowering.error(op, "its output has the wrong rank");
        return {};
    }
    Source all = std::vector<Piece>{};
    for (std::size_t i = 0; i < indices->size(); ++i) {
        const std::int64_t index = (*indices)[i] < 0 ? (*indices)[i] + value.shape[*axis] : (*indices)[i];
        std::vector<AxisMap> map;
        for (std::size_t t = 0; t < value.shape.size(); ++t) {
            map.push_back(t == *axis ? fixedMap(index) : axisMap(t > *axis && indexShape.empty() ? t - 1 : t));
        }
        Box region = wholeBox(result);
        const auto at = static_cast<std::int64_t>(i);
        if (!indexShape.empty()) region[*axis] = {at, at + 1};
        all = views::joined(std::move(all), views::through(value.source, map, region));
    }
    lowering.setView(op.output(0), std::move(all));
    return {};
}

/// Blocks interleave: two axes of the result make one of the input, which no axis map says.
static std::string lowerInterleave(Lowering& lowering, const model::Operator& op) {
    setBarrier(lowering, op, data(lowering, op));
    return {};
}

Rule findViewRule(const model::Operator& op) {
    struct Entry {
        std::string_view type;
        Rule rule;
    };
    static constexpr Entry table[] = {
        {"Cast", lowerIdentity},           {"CastLike", lowerIdentity},
        {"Concat", lowerConcat},           {"DepthToSpace", lowerInterleave},
        {"Dropout", lowerIdentity},        {"Expand", lowerExpand},
        {"Flatten", lowerReshape},         {"Gather", lowerGather},
        {"Identity", lowerIdentity},       {"Pad", lowerPad},
        {"Reshape", lowerReshape},         {"Slice", lowerSlice},
        {"SpaceToDepth", lowerInterleave}, {"Split", lowerSplit},
        {"Squeeze", lowerReshape},         {"Tile", lowerTile},
        {"Transpose", lowerTranspose},     {"Unsqueeze", lowerReshape},
    };
    for (const Entry& entry : table) {
        if (entry.type == op.type) return entry.rule;
    }
    return nullptr;
}

}  // namespace millrace::workload
