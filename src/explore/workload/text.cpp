#include <fmt/format.h>

#include "explore/workload/workload.h"

namespace millrace::workload {

std::string text(const AffineExpr& expression, const std::vector<LoopDim>& dims) {
    std::string sum;
    const auto add = [&](std::int64_t value, const std::string& name) {
        if (value == 0) return;
        const std::int64_t size = value < 0 ? -value : value;
        sum += sum.empty() ? (value < 0 ? "-" : "") : (value < 0 ? " - " : " + ");
        if (name.empty()) {
            sum += std::to_string(size);
        } else {
            sum += size == 1 ? name : std::to_string(size) + "*" + name;
        }
    };
    for (const AffineTerm& term : expression.terms) add(term.coefficient, dims[term.dim].name);
    add(expression.offset, "");
    if (sum.empty()) sum = "0";
    return expression.divisor == 1 ? sum : fmt::format("floor(({}) / {})", sum, expression.divisor);
}

static std::string shapeText(const std::vector<std::int64_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

static std::string boxText(const Box& box) {
    std::string result;
    for (const Interval& side : box) result += fmt::format("{}{}:{}", result.empty() ? "" : ", ", side.begin, side.end);
    return "[" + result + "]";
}

static std::string mapText(const AxisMap& map) {
    if (!map.operandAxis) return std::to_string(map.offset);
    std::string result = fmt::format("i{}", *map.operandAxis);
    if (map.coefficient != 1) result = fmt::format("{}*{}", map.coefficient, result);
    if (map.offset != 0)
        result += fmt::format(" {} {}", map.offset < 0 ? "-" : "+", map.offset < 0 ? -map.offset : map.offset);
    return result;
}

static std::string pieceText(const Workload& workload, const Piece& piece) {
    std::string maps;
    for (const AxisMap& map : piece.map) maps += (maps.empty() ? "" : ", ") + mapText(map);
    const std::string as = piece.viewShape.empty() ? "" : " as " + shapeText(piece.viewShape);
    return fmt::format("{} -> '{}'{} [{}]", boxText(piece.region), workload.tensors[piece.tensor].name, as, maps);
}

static std::string operandText(const Layer& layer, const Operand& operand) {
    std::string axes;
    for (const Axis& axis : operand.axes) {
        axes += fmt::format("[{}: {} of {}]", axis.name, text(axis.index, layer.dims), axis.extent);
    }
    return fmt::format("    {} ({}, {} bits) {}\n", operand.name, operand.memoryOperand, operand.bits, axes);
}

static std::string sourceText(const Workload& workload, const Source& source) {
    std::string result;
    if (const auto* barrier = std::get_if<Barrier>(&source)) {
        for (const TensorId tensor : barrier->tensors)
            result += fmt::format("      all of '{}'\n", workload.tensors[tensor].name);
        return result;
    }
    for (const Piece& piece : std::get<std::vector<Piece>>(source)) {
        result += "      " + pieceText(workload, piece) + "\n";
    }
    return result.empty() ? "      nothing\n" : result;
}

static std::string dimText(const LoopDim& dim) {
    const char* mark = dim.kind == DimKind::parallel ? "" : dim.kind == DimKind::reduction ? "+" : ">";
    return fmt::format("{}{} {}", dim.name, mark, dim.size);
}

static std::string layerText(const Workload& workload, LayerId id) {
    const Layer& layer = workload.layers[id];
    std::string dims;
    for (const LoopDim& dim : layer.dims) dims += (dims.empty() ? "" : ", ") + dimText(dim);
    std::string result = fmt::format("layer {} {} '{}': {} ({} operations{})\n", id.index(), layer.type, layer.name,
                                     dims, layer.operations(), layer.elementwise ? ", element-wise" : "");
    result += operandText(layer, layer.output);
    result +=
        fmt::format("      writes '{}' with {} bits\n", workload.tensors[layer.result].name, layer.outputFinalBits);
    for (const Operand& operand : layer.inputs) {
        result += operandText(layer, operand) + sourceText(workload, operand.source);
    }
    return result;
}

std::string printText(const Workload& workload) {
    static constexpr std::string_view origins[] = {"input", "constant", "layer", "host"};
    std::string result = fmt::format("workload '{}'\n", workload.name);
    for (const Tensor& tensor : workload.tensors) {
        result += fmt::format("tensor '{}' {} of {} bits, {}{}\n", tensor.name, shapeText(tensor.shape), tensor.bits,
                              origins[static_cast<std::size_t>(tensor.origin)], tensor.isOutput ? ", output" : "");
    }
    for (const LayerId id : workload.layers.ids()) result += layerText(workload, id);
    for (const HostOperator& host : workload.hostOperators) {
        result += fmt::format("host {} '{}': {}\n", host.type, host.name, host.reason);
    }
    return result;
}

}  // namespace millrace::workload
