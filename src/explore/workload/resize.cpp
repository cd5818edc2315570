#include <cmath>

#include "explore/workload/elementwise.h"

namespace millrace::workload {

/// Where an output index y lies in the input: (scale * y + shift) / divisor.
struct Coordinate {
    std::int64_t scale = 1;
    std::int64_t shift = 0;
    std::int64_t divisor = 1;
};

static std::optional<Coordinate> coordinate(const std::string& mode, std::int64_t in, std::int64_t out) {
    if (in == out) return Coordinate{};
    if (mode == "asymmetric") return Coordinate{in, 0, out};
    if (mode == "half_pixel" || mode == "half_pixel_symmetric") return Coordinate{2 * in, in - out, 2 * out};
    if (mode == "pytorch_half_pixel") return out > 1 ? Coordinate{2 * in, in - out, 2 * out} : Coordinate{0, 0, 1};
    if (mode == "align_corners") return out > 1 ? Coordinate{in - 1, 0, out - 1} : Coordinate{0, 0, 1};
    if (mode == "tf_half_pixel_for_nn") return Coordinate{2 * in, in, 2 * out};
    return std::nullopt;
}

/// The coordinate rounded to a whole index, as an index expression of loop `dim`.
static AffineExpr rounded(const Coordinate& at, const std::string& rounding, DimIndex dim) {
    if (rounding == "floor") return expr({{dim, at.scale}}, at.shift, at.divisor);
    if (rounding == "ceil") return expr({{dim, at.scale}}, at.shift + at.divisor - 1, at.divisor);
    const std::int64_t half = rounding == "round_prefer_ceil" ? at.divisor : at.divisor - 1;
    return expr({{dim, 2 * at.scale}}, 2 * at.shift + half, 2 * at.divisor);
}

/// Scales must be the ratios of the sizes, else the true index expressions are others.
static bool scalesAreRatios(const Lowering& lowering, const model::Operator& op, const Shape& in, const Shape& out) {
    const std::size_t index = op.type == "Upsample" || op.version < 11 ? 1 : 2;
    std::optional<std::vector<double>> scales;
    if (op.input(index).valid()) scales = lowering.network().tensors[op.input(index)].reals();
    if (!scales || scales->size() != in.size()) return true;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (std::abs((*scales)[i] * static_cast<double>(in[i]) - static_cast<double>(out[i])) > 1e-3) return false;
    }
    return true;
}

struct ResizeMode {
    bool linear = false;
    std::string coordinates;
    std::string rounding;
};

static std::string readMode(const Lowering& lowering, const model::Operator& op, ResizeMode& mode) {
    const std::string kind = op.text("mode", "nearest");
    mode.linear = kind == "linear" || kind == "bilinear";
    if (!mode.linear && kind != "nearest") return "interpolation mode '" + kind + "'";
    const bool early = op.type == "Upsample" || (op.version > 0 && op.version < 11);
    mode.coordinates = early ? "asymmetric" : op.text("coordinate_transformation_mode", "half_pixel");
    mode.rounding = early || mode.linear ? "floor" : op.text("nearest_mode", "round_prefer_floor");
    if (op.integer("antialias", 0) != 0) return "antialiasing";
    const Shape& in = lowering.shape(op.input(0));
    const Shape& out = lowering.shape(op.output(0));
    if (!scalesAreRatios(lowering, op, in, out)) return "scales that are not the ratio of its output and input sizes";
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] >= std::int64_t{1} << 31 || out[i] >= std::int64_t{1} << 31)
            return "an axis of 2^31 elements or more";
        if (!coordinate(mode.coordinates, in[i], out[i])) return "coordinate transformation '" + mode.coordinates + "'";
    }
    return {};
}

/// The operand's source with its first and last element repeated where the index expressions reach over the edge.
static void clampAxis(Operand& operand, std::size_t i, const std::vector<Interval>& loops) {
    Axis& axis = operand.axes[i];
    const Interval touched = range(axis.index, loops);
    const std::int64_t before = std::max<std::int64_t>(0, -touched.begin);
    const std::int64_t after = std::max<std::int64_t>(0, touched.end - axis.extent);
    if (before == 0 && after == 0) return;
    Shape shape;
    for (const Axis& each : operand.axes) shape.push_back(each.extent);
    operand.source = views::padded(operand.source, shape, i, before, after, views::PadMode::edge);
    axis.index.offset += before * axis.index.divisor;
    axis.extent += before + after;
}

std::string lowerResize(Lowering& lowering, const model::Operator& op) {
    const Shape& out = lowering.shape(op.output(0));
    const Read value = lowering.read(op.input(0), lowering.precision(op));
    if (value.shape.size() != out.size() || out.empty()) {
        lowering.error(op, "its input and output have different ranks");
        return {};
    }
    ResizeMode mode;
    std::string reason = readMode(lowering, op, mode);
    if (!reason.empty()) return reason;
    const std::vector<std::string> names = elementNames(out.size(), lowering.compat());
    const Precision precision = lowering.precision(op);
    Nest nest;
    nest.layer.name = op.name;
    nest.layer.type = op.type;
    nest.layer.elementwise = true;
    nest.layer.output.bits = mode.linear ? precision.partial : precision.activation;
    nest.layer.outputFinalBits = precision.activation;
    for (std::size_t i = 0; i < out.size(); ++i) {
        nest.dim(names[i], out[i]);
        nest.layer.output.axes.push_back({names[i], expr({{i, 1}}), out[i]});
    }
    Operand& input = nest.input("I", "I1", precision.operand(value));
    input.source = value.source;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Coordinate at = *coordinate(mode.coordinates, value.shape[i], out[i]);
        const std::string name = names[i].size() == 2 && names[i][0] == 'O' ? "I" + names[i].substr(1) : names[i];
        Axis axis{name, rounded(at, mode.rounding, i), value.shape[i]};
        if (value.shape[i] == out[i]) {
            axis.index = expr({{i, 1}});
        } else if (mode.linear) {
            const std::string tap = names[i][0] == 'O' ? "F" + names[i].substr(1) : "F" + names[i];
            axis.index.terms.push_back({nest.dim(tap, 2, DimKind::reduction), at.divisor});
        }
        input.axes.push_back(std::move(axis));
    }
    std::vector<Interval> loops;
    for (const LoopDim& dim : nest.layer.dims) loops.push_back({0, dim.size});
    // Where linear interpolation reaches over the edge, its other tap reads the edge already.
    for (std::size_t i = 0; i < out.size() && !mode.linear; ++i) clampAxis(input, i, loops);
    lowering.emit(std::move(nest), op, op.output(0));
    return {};
}

}  // namespace millrace::workload
