#include "explore/workload/windows.h"

namespace millrace::workload {

/// A pooling nest: B K OY OX FY FX; the window is an operand of 0 bits that reads nothing.
static void emitPool(Lowering& lowering, const model::Operator& op, const std::vector<Window>& windows) {
    const Precision precision = lowering.precision(op);
    const Read data = lowering.read(op.input(0), precision);
    const Shape& result = lowering.shape(op.output(0));
    const std::size_t axes = windows.size();
    const bool maximum = op.type.find("Max") != std::string::npos;
    Nest nest;
    nest.layer.name = op.name;
    nest.layer.type = op.type;
    nest.layer.elementwise = true;
    nest.layer.output.bits = maximum ? precision.activation : precision.partial;
    nest.layer.outputFinalBits = precision.activation;
    const DimIndex b = nest.dim("B", result[0]);
    const DimIndex k = nest.dim("K", result[1]);
    std::vector<DimIndex> rows;
    if (axes == 1) nest.dim("OY", 1);
    for (std::size_t i = 0; i < axes; ++i) rows.push_back(nest.dim("O" + spatialLetter(i, axes), windows[i].output));
    if (axes == 1) nest.dim("FY", 1, DimKind::reduction);
    nest.input("W", "I2", 0).source = std::vector<Piece>{};
    Operand& input = nest.input("I", "I1", precision.operand(data));
    input.source = data.source;
    input.axes = {{"B", expr({{b, 1}}), data.shape[0]}, {"K", expr({{k, 1}}), data.shape[1]}};
    Operand& output = nest.layer.output;
    output.axes = {{"B", expr({{b, 1}}), result[0]}, {"K", expr({{k, 1}}), result[1]}};
    for (std::size_t i = 0; i < axes; ++i) {
        const Window& window = windows[i];
        const std::string letter = spatialLetter(i, axes);
        const DimIndex tap = nest.dim("F" + letter, window.kernel, DimKind::reduction);
        nest.layer.inputs[0].axes.push_back({"F" + letter, expr({{tap, 1}}), window.kernel});
        nest.layer.inputs[1].axes.push_back(
            {"I" + letter, expr({{rows[i], window.stride}, {tap, window.dilation}}, -window.padBegin), window.input});
        output.axes.push_back({"O" + letter, expr({{rows[i], 1}}), window.output});
    }
    if (lowering.compat().streamPooling) addPoolingChannels(nest.layer);
    lowering.emit(std::move(nest), op, op.output(0));
}

static bool sameLeading(Lowering& lowering, const model::Operator& op, const Shape& input, const Shape& output) {
    if (input.size() >= 3 && output.size() == input.size() && input[0] == output[0] && input[1] == output[1])
        return true;
    lowering.error(op, "its input and output do not have the same batch size, channels and rank (3 or more)");
    return false;
}

std::string lowerPool(Lowering& lowering, const model::Operator& op) {
    const Shape& input = lowering.shape(op.input(0));
    const Shape& output = lowering.shape(op.output(0));
    if (!sameLeading(lowering, op, input, output)) return {};
    if (input.size() > 5) return "more than 3 spatial axes";
    const auto windows = readWindows(lowering, op, input, output, op.integers("kernel_shape"));
    if (windows) emitPool(lowering, op, *windows);
    return {};
}

std::string lowerGlobalPool(Lowering& lowering, const model::Operator& op) {
    const Shape& input = lowering.shape(op.input(0));
    const Shape& output = lowering.shape(op.output(0));
    if (!sameLeading(lowering, op, input, output)) return {};
    if (input.size() > 5) return "more than 3 spatial axes";
    std::vector<Window> windows;
    for (std::size_t i = 2; i < input.size(); ++i) {
        if (output[i] != 1) lowering.error(op, "output axis " + std::to_string(i) + " is not of size 1");
        windows.push_back({input[i], 1, input[i], 1, 1, 0});
    }
    emitPool(lowering, op, windows);
    return {};
}

std::string lowerLrn(Lowering& lowering, const model::Operator& op) {
    const Shape& shape = lowering.shape(op.input(0));
    const std::int64_t size = op.integer("size", 1);
    if (shape.size() != 4) return "rank " + std::to_string(shape.size()) + ", only rank 4 has a loop nest";
    if (size < 1 || size > (std::int64_t{1} << 31)) {
        lowering.error(op, "a window of " + std::to_string(size) + " channels", "size is 1 or more");
        return {};
    }
    const Precision precision = lowering.precision(op);
    const Read data = lowering.read(op.input(0), precision);
    Nest nest;
    nest.layer.name = op.name;
    nest.layer.type = op.type;
    nest.layer.elementwise = true;
    nest.layer.output.bits = precision.partial;
    nest.layer.outputFinalBits = precision.activation;
    const DimIndex b = nest.dim("B", shape[0]);
    const DimIndex k = nest.dim("K", shape[1]);
    const DimIndex y = nest.dim("OY", shape[2]);
    const DimIndex x = nest.dim("OX", shape[3]);
    const DimIndex c = nest.dim("C", size, DimKind::reduction);
    Operand& input = nest.input("I", "I1", precision.operand(data));
    input.source = data.source;
    input.axes = {{"B", expr({{b, 1}}), shape[0]},
                  {"C", expr({{k, 1}, {c, 1}}, -((size - 1) / 2)), shape[1]},
                  {"OY", expr({{y, 1}}), shape[2]},
                  {"OX", expr({{x, 1}}), shape[3]}};
    nest.layer.output.axes = {{"B", expr({{b, 1}}), shape[0]},
                              {"K", expr({{k, 1}}), shape[1]},
                              {"OY", expr({{y, 1}}), shape[2]},
                              {"OX", expr({{x, 1}}), shape[3]}};
    lowering.emit(std::move(nest), op, op.output(0));
    return {};
}

}  // namespace millrace::workload
