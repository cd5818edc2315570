#include "explore/workload/windows.h"
#include "support/units.h"

namespace millrace::workload {

/// Weights and data of a convolution: QLinearConv carries scales and zero points between them.
static model::TensorId weightsOf(const model::Operator& op) { return op.input(op.type == "QLinearConv" ? 3 : 1); }

struct ConvShape {
    std::int64_t groups = 1;
    std::int64_t channelsPerGroup = 1;  ///< read
    std::int64_t filtersPerGroup = 1;
    std::vector<Window> windows;
};

/// `transposed`: the weights are [C, K/G, ...] instead of [K, C/G, ...].
static std::optional<ConvShape> readShape(Lowering& lowering, const model::Operator& op, bool transposed) {
    const Shape& input = lowering.shape(op.input(0));
    const Shape& output = lowering.shape(op.output(0));
    const Shape& weights = lowering.shape(weightsOf(op));
    if (input.size() < 3 || weights.size() != input.size() || output.size() != input.size()) {
        lowering.error(op,
                       "input of rank " + std::to_string(input.size()) + ", weights of rank " +
                           std::to_string(weights.size()) + ", output of rank " + std::to_string(output.size()),
                       "all have the same rank, 3 or more");
        return std::nullopt;
    }
    if (input[0] != output[0]) {
        lowering.error(
            op, "its input has batch size " + std::to_string(input[0]) + ", its output " + std::to_string(output[0]));
        return std::nullopt;
    }
    ConvShape result;
    result.groups = op.integer("group", 1);
    const std::int64_t groups = result.groups;
    const std::int64_t read = input[1];
    const std::int64_t made = output[1];
    const bool fits = groups >= 1 && read % groups == 0 && made % groups == 0 &&
                      weights[0] == (transposed ? read : made) && weights[1] == (transposed ? made : read) / groups;
    if (!fits) {
        lowering.error(op, "weights of " + std::to_string(weights[0]) + " x " + std::to_string(weights[1]) +
                               " channels in " + std::to_string(groups) + " groups do not fit " + std::to_string(read) +
                               " input and " + std::to_string(made) + " output channels");
        return std::nullopt;
    }
    result.channelsPerGroup = read / groups;
    result.filtersPerGroup = made / groups;
    const std::vector<std::int64_t> kernel(weights.begin() + 2, weights.end());
    auto windows = readWindows(lowering, op, input, output, kernel);
    if (!windows) return std::nullopt;
    result.windows = std::move(*windows);
    return result;
}

/// The nest without its operands' spatial axes.
struct ConvNest {
    Nest nest;
    DimIndex batch, filters, groups, channels;
    Operand weights, data;
};

static void addLeadingAxes(ConvNest& conv, const ConvShape& shape, const Shape& input, const Shape& output,
                           const Shape& weights, bool transposed) {
    const AffineTerm group{conv.groups, shape.filtersPerGroup};
    const AffineTerm inputGroup{conv.groups, shape.channelsPerGroup};
    const AffineExpr filter = expr({group, {conv.filters, 1}});
    const AffineExpr channel = expr({inputGroup, {conv.channels, 1}});
    conv.nest.layer.output.axes = {{"B", expr({{conv.batch, 1}}), output[0]}, {"K", filter, output[1]}};
    conv.data.axes = {{"B", expr({{conv.batch, 1}}), input[0]}, {"C", channel, input[1]}};
    if (transposed) {
        conv.weights.axes = {{"C", channel, weights[0]}, {"K", expr({{conv.filters, 1}}), weights[1]}};
    } else {
        conv.weights.axes = {{"K", filter, weights[0]}, {"C", expr({{conv.channels, 1}}), weights[1]}};
    }
}

static ConvNest startNest(Lowering& lowering, const model::Operator& op) {
    ConvNest conv;
    conv.nest.layer.name = op.name;
    conv.nest.layer.type = op.type;
    const Precision precision = lowering.precision(op);
    conv.nest.layer.output.bits = precision.partial;
    conv.nest.layer.outputFinalBits = precision.activation;
    Read data = lowering.read(op.input(0), precision);
    Read weights = lowering.read(weightsOf(op), precision);
    conv.weights.name = "W";
    conv.weights.memoryOperand = "I2";
    conv.weights.bits = precision.operand(weights);
    conv.weights.source = std::move(weights.source);
    conv.data.name = "I";
    conv.data.memoryOperand = "I1";
    conv.data.bits = precision.operand(data);
    conv.data.source = std::move(data.source);
    return conv;
}

static void finishNest(Lowering& lowering, const model::Operator& op, ConvNest conv) {
    conv.nest.layer.inputs = {std::move(conv.weights), std::move(conv.data)};
    lowering.emit(std::move(conv.nest), op, op.output(0));
}

std::string lowerConv(Lowering& lowering, const model::Operator& op) {
    if (!weightsOf(op).valid()) return "its weights are missing";
    const std::optional<ConvShape> shape = readShape(lowering, op, false);
    if (!shape) return {};
    const std::size_t axes = shape->windows.size();
    if (axes > 3) return std::to_string(axes) + " spatial axes, 3 at most have loop names";
    ConvNest conv = startNest(lowering, op);
    conv.batch = conv.nest.dim("B", lowering.shape(op.input(0))[0]);
    conv.filters = conv.nest.dim("K", shape->filtersPerGroup);
    conv.groups = conv.nest.dim("G", shape->groups);
    const std::vector<DimIndex> rows = addOutputDims(conv.nest, shape->windows);
    conv.channels = conv.nest.dim("C", shape->channelsPerGroup, DimKind::reduction);
    addLeadingAxes(conv, *shape, lowering.shape(op.input(0)), lowering.shape(op.output(0)),
                   lowering.shape(weightsOf(op)), false);
    std::vector<DimIndex> taps(axes);
    for (std::size_t i = axes; i-- > 0;) {
        taps[i] = conv.nest.dim("F" + spatialLetter(i, axes), shape->windows[i].kernel, DimKind::reduction);
    }
    if (axes == 1) conv.nest.dim("FY", 1, DimKind::reduction);
    for (std::size_t i = 0; i < axes; ++i) {
        const Window& window = shape->windows[i];
        const std::string letter = spatialLetter(i, axes);
        conv.nest.layer.output.axes.push_back({"O" + letter, expr({{rows[i], 1}}), window.output});
        conv.weights.axes.push_back({"F" + letter, expr({{taps[i], 1}}), window.kernel});
        conv.data.axes.push_back({"I" + letter,
                                  expr({{rows[i], window.stride}, {taps[i], window.dilation}}, -window.padBegin),
                                  window.input});
    }
    finishNest(lowering, op, std::move(conv));
    return {};
}

/// Begin of the cropping that a transposed convolution calls padding; `auto_pad` splits what is too much.
static std::int64_t cropOf(const model::Operator& op, const Window& window) {
    const std::string automatic = op.text("auto_pad", "NOTSET");
    if (automatic != "SAME_UPPER" && automatic != "SAME_LOWER") return window.padBegin;
    const std::int64_t full = (window.input - 1) * window.stride + (window.kernel - 1) * window.dilation + 1;
    const std::int64_t total = full > window.output ? full - window.output : 0;
    return automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
}

/// One spatial axis of a transposed convolution: output row = stride * (OY + first) + PY - crop, input row =
/// OY + first - FY, weight row = stride * FY + PY. Dilated without stride: one phase, input row = OY + crop - dilation
/// * FY.
static void addTransposedAxis(ConvNest& conv, const Window& window, std::int64_t crop, const std::string& letter,
                              DimIndex row, DimIndex phase, DimIndex tap) {
    const std::int64_t stride = window.stride;
    const std::int64_t first = stride == 1 ? crop : crop / stride;
    conv.nest.layer.output.axes.push_back(
        {"O" + letter, expr({{row, stride}, {phase, 1}}, stride * first - crop), window.output});
    conv.weights.axes.push_back({"F" + letter, expr({{tap, stride}, {phase, 1}}), window.kernel});
    conv.data.axes.push_back({"I" + letter, expr({{row, 1}, {tap, -window.dilation}}, first), window.input});
}

std::string lowerConvTranspose(Lowering& lowering, const model::Operator& op) {
    if (!weightsOf(op).valid()) return "its weights are missing";
    const std::optional<ConvShape> shape = readShape(lowering, op, true);
    if (!shape) return {};
    const std::size_t axes = shape->windows.size();
    if (axes > 3) return std::to_string(axes) + " spatial axes, 3 at most have loop names";
    for (const Window& window : shape->windows) {
        if (window.stride > 1 && window.dilation > 1) return "a transposed convolution with both stride and dilation";
        if (cropOf(op, window) < 0) return "a transposed convolution with negative padding";
    }
    ConvNest conv = startNest(lowering, op);
    conv.batch = conv.nest.dim("B", lowering.shape(op.input(0))[0]);
    conv.filters = conv.nest.dim("K", shape->filtersPerGroup);
    conv.groups = conv.nest.dim("G", shape->groups);
    std::vector<DimIndex> rows(axes);
    std::vector<DimIndex> phases(axes);
    for (std::size_t i = axes; i-- > 0;) {
        const Window& window = shape->windows[i];
        const std::int64_t crop = cropOf(op, window);
        const std::int64_t first = window.stride == 1 ? crop : crop / window.stride;
        const std::int64_t count =
            window.stride == 1 ? window.output : ceilDiv(window.output + crop, window.stride) - first;
        rows[i] = conv.nest.dim("O" + spatialLetter(i, axes), count);
        phases[i] = conv.nest.dim("P" + spatialLetter(i, axes), window.stride);
    }
    conv.channels = conv.nest.dim("C", shape->channelsPerGroup, DimKind::reduction);
    addLeadingAxes(conv, *shape, lowering.shape(op.input(0)), lowering.shape(op.output(0)),
                   lowering.shape(weightsOf(op)), true);
    std::vector<DimIndex> taps(axes);
    for (std::size_t i = axes; i-- > 0;) {
        const Window& window = shape->windows[i];
        const std::int64_t count = ceilDiv(window.kernel, window.stride);
        taps[i] = conv.nest.dim("F" + spatialLetter(i, axes), count, DimKind::reduction);
    }
    for (std::size_t i = 0; i < axes; ++i) {
        const Window& window = shape->windows[i];
        const std::string letter = spatialLetter(i, axes);
        addTransposedAxis(conv, window, cropOf(op, window), letter, rows[i], phases[i], taps[i]);
    }
    finishNest(lowering, op, std::move(conv));
    return {};
}

}  // namespace millrace::workload
