#include <algorithm>

#include "explore/workload/elementwise.h"

namespace millrace::workload {

std::string lowerUnary(Lowering& lowering, const model::Operator& op) {
    const Read value = lowering.read(op.input(0), lowering.precision(op));
    if (value.shape != lowering.shape(op.output(0))) {
        lowering.error(op, "its input and output have different shapes");
        return {};
    }
    lowering.emit(elementNest(lowering, op, op.name, op.type, value.shape, {value}), op, op.output(0));
    return {};
}

std::string lowerActivation(Lowering& lowering, const model::Operator& op) {
    if (lowering.shape(op.input(0)) == lowering.shape(op.output(0)) && lowering.fuse(op)) return {};
    return lowerUnary(lowering, op);
}

std::string lowerElementwise(Lowering& lowering, const model::Operator& op) {
    const Shape& result = lowering.shape(op.output(0));
    std::vector<Read> values;
    for (const model::TensorId input : op.inputs) {
        if (!input.valid()) return "an operand is missing";
        values.push_back(lowering.read(input, lowering.precision(op)));
    }
    Shape shape = values[0].shape;
    for (const Read& value : values) {
        const auto next = broadcastShape(shape, value.shape);
        if (next) shape = *next;
        if (!next || value.shape.size() > result.size()) {
            lowering.error(op, "its operands' shapes do not fit each other");
            return {};
        }
    }
    if (shape != result) {
        lowering.error(op, "its operands' broadcast shape is not that of its result");
        return {};
    }
    if (values.size() == 1) {
        lowering.emit(elementNest(lowering, op, op.name, op.type, result, values), op, op.output(0));
        return {};
    }
    Read sum = values[0];
    for (std::size_t i = 1; i + 1 < values.size(); ++i) {
        const Shape between = *broadcastShape(sum.shape, values[i].shape);
        const std::string name = op.name + "_" + std::to_string(i);
        sum = lowering.emitInner(elementNest(lowering, op, name, op.type, between, {sum, values[i]}), name, between);
    }
    lowering.emit(elementNest(lowering, op, op.name, op.type, result, {sum, values.back()}), op, op.output(0));
    return {};
}

/// One multiply for each element with the channel's constant; the additive constant is a bias, which is not read.
std::string lowerBatchNormalization(Lowering& lowering, const model::Operator& op) {
    const Precision precision = lowering.precision(op);
    const Read value = lowering.read(op.input(0), precision);
    if (!op.input(1).valid()) return "its scale is missing";
    const Read scale = lowering.read(op.input(1), precision);
    if (value.shape.size() < 2 || value.shape != lowering.shape(op.output(0)) || scale.shape != Shape{value.shape[1]}) {
        lowering.error(op, "its scale does not have one value for each channel");
        return {};
    }
    Shape spread(value.shape.size() - 1, 1);
    spread[0] = value.shape[1];
    const Read wide{views::reshaped(scale.source, scale.shape, spread, lowering.tensors()), spread, scale.constant};
    lowering.emit(elementNest(lowering, op, op.name, op.type, value.shape, {value, wide}), op, op.output(0));
    return {};
}

static std::optional<std::set<std::size_t>> axisSet(const std::vector<std::int64_t>& axes, std::size_t rank) {
    std::set<std::size_t> result;
    const auto count = static_cast<std::int64_t>(rank);
    for (const std::int64_t axis : axes) {
        if (axis < -count || axis >= count) return std::nullopt;
        result.insert(static_cast<std::size_t>(axis < 0 ? axis + count : axis));
    }
    return result;
}

/// Four layers: maximum, exponential of the difference, sum, quotient (and its logarithm for LogSoftmax).
std::string lowerSoftmax(Lowering& lowering, const model::Operator& op) {
    Read value = lowering.read(op.input(0), lowering.precision(op));
    const Shape& shape = value.shape;
    const bool flattens = op.version > 0 && op.version < 13;
    const auto axis =
        axisSet({op.integer("axis", flattens ? 1 : -1)}, std::max<std::size_t>(shape.size(), flattens ? 2 : 1));
    if (!axis || shape != lowering.shape(op.output(0))) {
        lowering.error(op, "its axis is outside of its input's rank, or its input and output have different shapes");
        return {};
    }
    std::set<std::size_t> axes;
    if (flattens) {
        for (std::size_t i = *axis->begin(); i < shape.size(); ++i) axes.insert(i);
    } else if (*axis->begin() < shape.size()) {
        axes = *axis;
    }
    const Shape reduced = reducedShape(shape, axes);
    const std::string name = op.name;
    const Read maximum = lowering.emitInner(reduceNest(lowering, op, name + "_max", "ReduceMax", value, axes, true),
                                            name + "_max", reduced);
    const Read power = lowering.emitInner(elementNest(lowering, op, name + "_exp", "Exp", shape, {value, maximum}),
                                          name + "_exp", shape);
    const Read sum = lowering.emitInner(reduceNest(lowering, op, name + "_sum", "ReduceSum", power, axes, true),
                                        name + "_sum", reduced);
    lowering.emit(elementNest(lowering, op, name + "_div", "Div", shape, {power, sum}), op, op.output(0));
    return {};
}

std::string lowerReduce(Lowering& lowering, const model::Operator& op) {
    const Read value = lowering.read(op.input(0), lowering.precision(op));
    const Shape& shape = value.shape;
    std::vector<std::int64_t> listed;
    if (const auto axes = lowering.integers(op, "axes", 1)) {
        listed = *axes;
    } else if (op.input(1).valid() && lowering.network().tensors[op.input(1)].elements() > 0) {
        return "its axes are not known before it runs";
    }
    if (listed.empty()) {
        if (op.integer("noop_with_empty_axes", 0) != 0) return lowerUnary(lowering, op);
        for (std::size_t i = 0; i < shape.size(); ++i) listed.push_back(static_cast<std::int64_t>(i));
    }
    const auto axes = axisSet(listed, shape.size());
    const bool keep = op.integer("keepdims", 1) != 0;
    Shape expected;
    for (std::size_t i = 0; axes && i < shape.size(); ++i) {
        if (axes->count(i) == 0) {
            expected.push_back(shape[i]);
        } else if (keep) {
            expected.push_back(1);
        }
    }
    if (!axes || expected != lowering.shape(op.output(0))) {
        lowering.error(op, "its axes do not lead from the shape of its input to that of its output");
        return {};
    }
    lowering.emit(reduceNest(lowering, op, op.name, op.type, value, *axes, keep), op, op.output(0));
    return {};
}

/// Axes that a normalisation takes its mean over.
static std::set<std::size_t> normalisedAxes(const model::Operator& op, std::size_t rank) {
    std::set<std::size_t> axes;
    if (op.type == "LpNormalization") {
        const auto axis = axisSet({op.integer("axis", -1)}, rank);
        return axis.value_or(axes);
    }
    std::size_t first = 2;
    if (op.type != "InstanceNormalization") {
        const auto axis = axisSet({op.integer("axis", -1)}, rank);
        if (!axis) return axes;
        first = *axis->begin();
    }
    for (std::size_t i = first; i < rank; ++i) axes.insert(i);
    return axes;
}

/// Mean, difference, mean square, quotient and scale, each a layer. RMS and Lp have no mean, Lp no scale.
std::string lowerNormalization(Lowering& lowering, const model::Operator& op) {
    const Precision precision = lowering.precision(op);
    Read value = lowering.read(op.input(0), precision);
    const Shape shape = value.shape;
    const std::set<std::size_t> axes = normalisedAxes(op, shape.size());
    if (axes.empty() || shape != lowering.shape(op.output(0))) {
        lowering.error(op, "its axis is outside of its input's rank, or its input and output have different shapes");
        return {};
    }
    const bool instance = op.type == "InstanceNormalization";
    std::optional<Read> scale;
    if (op.type != "LpNormalization" && op.input(1).valid()) {
        scale = lowering.read(op.input(1), precision);
        if (instance && scale->shape.size() == 1) {
            Shape spread(shape.size() - 1, 1);
            spread[0] = scale->shape[0];
            scale->source = views::reshaped(scale->source, scale->shape, spread, lowering.tensors());
            scale->shape = spread;
        }
        if (broadcastShape(shape, scale->shape) != shape) return "its scale does not broadcast to its input";
    }
    const Shape reduced = reducedShape(shape, axes);
    const std::string name = op.name;
    if (op.type == "LayerNormalization" || instance) {
        const Read mean = lowering.emitInner(reduceNest(lowering, op, name + "_mean", "ReduceMean", value, axes, true),
                                             name + "_mean", reduced);
        value = lowering.emitInner(elementNest(lowering, op, name + "_centre", "Sub", shape, {value, mean}),
                                   name + "_centre", shape);
    }
    const Read spread = lowering.emitInner(
        reduceNest(lowering, op, name + "_square", "ReduceSumSquare", value, axes, true), name + "_square", reduced);
    Nest quotient = elementNest(lowering, op, name + "_div", "Div", shape, {value, spread});
    if (!scale) {
        lowering.emit(std::move(quotient), op, op.output(0));
        return {};
    }
    value = lowering.emitInner(std::move(quotient), name + "_div", shape);
    lowering.emit(elementNest(lowering, op, name + "_scale", "Mul", shape, {value, *scale}), op, op.output(0));
    return {};
}

}  // namespace millrace::workload
