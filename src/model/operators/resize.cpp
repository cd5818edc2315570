#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 31;

Rational fraction(std::int64_t numerator, std::int64_t denominator) {
    const std::int64_t divisor = std::max<std::int64_t>(1, std::gcd(numerator, denominator));
    return {numerator / divisor, denominator / divisor};
}

/// The fraction of smallest denominator whose float is `scale`; else the nearest 4096th.
Rational rationalScale(float scale) {
    for (std::int64_t denominator = 1; denominator <= 4096; ++denominator) {
        const double product = static_cast<double>(scale) * static_cast<double>(denominator);
        const auto numerator = static_cast<std::int64_t>(std::llround(product));
        const double back = static_cast<double>(numerator) / static_cast<double>(denominator);
        if (numerator >= 1 && static_cast<float>(back) == scale) return fraction(numerator, denominator);
    }
    const auto numerator = static_cast<std::int64_t>(std::llround(static_cast<double>(scale) * 4096));
    return fraction(std::max<std::int64_t>(1, numerator), 4096);
}

/// What the operator asks for: one scale or one size per axis in `axes`.
struct Request {
    std::vector<double> scales;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> axes;
    bool axesGiven = false;
};

std::optional<Request> readRequest(const Network& network, const Operator& op) {
    Request request;
    if (op.type == "Upsample" && op.version < 9) {
        const auto found = op.attributes.find("scales");
        const auto* list = found == op.attributes.end() ? nullptr : std::get_if<std::vector<double>>(&found->second);
        if (list != nullptr) request.scales = *list;
        return request;
    }
    const std::size_t scalesInput = op.type == "Upsample" || op.version < 11 ? 1 : 2;
    if (op.input(scalesInput).valid()) {
        const auto scales = inputReals(network, op, scalesInput);
        if (!scales) return std::nullopt;
        request.scales = *scales;
    }
    if (scalesInput == 2 && op.input(3).valid()) {
        const auto sizes = inputIntegers(network, op, 3);
        if (!sizes) return std::nullopt;
        request.sizes = *sizes;
    }
    request.axesGiven = op.version >= 18 && op.attributes.find("axes") != op.attributes.end();
    if (request.axesGiven) request.axes = op.integers("axes");
    return request;
}

std::string checkRequest(const Request& request, const Shape& input, std::vector<std::size_t>& axes) {
    const std::size_t given = request.sizes.empty() ? request.scales.size() : request.sizes.size();
    if (given == 0) return "neither scales nor sizes are given";
    if (!request.sizes.empty() && !request.scales.empty()) return "scales and sizes are both given";
    const std::size_t needed = request.axesGiven ? request.axes.size() : input.size();
    if (given != needed) return fmt::format("{} scales or sizes for {} axes", given, needed);
    for (std::size_t i = 0; i < needed; ++i) {
        const std::int64_t value = request.axesGiven ? request.axes[i] : static_cast<std::int64_t>(i);
        const auto axis = normalAxis(value, input.size());
        if (!axis) return badAxis(value, input.size());
        if (std::find(axes.begin(), axes.end(), *axis) != axes.end()) return fmt::format("axis {} twice", *axis);
        axes.push_back(*axis);
        if (input[*axis] < 1 || input[*axis] > kLargest) {
            return fmt::format("axis {} of size {} cannot be resized", *axis, input[*axis]);
        }
        if (!request.scales.empty() && !(request.scales[i] > 0 && request.scales[i] < 65536)) {
            return fmt::format("scale {} along axis {} is outside of (0, 65536)", request.scales[i], *axis);
        }
        if (!request.sizes.empty() && (request.sizes[i] < 1 || request.sizes[i] > kLargest)) {
            return fmt::format("size {} along axis {} is outside of [1, 2^31]", request.sizes[i], *axis);
        }
    }
    return "";
}

/// Scales and output sizes of all axes.
struct Geometry {
    std::vector<Rational> scales;
    Shape output;
};

bool isLess(const Rational& a, const Rational& b) {
    return static_cast<double>(a.numerator) * static_cast<double>(b.denominator) <
           static_cast<double>(b.numerator) * static_cast<double>(a.denominator);
}

void applySizes(const Operator& op, const Request& request, const std::vector<std::size_t>& axes, const Shape& input,
                Geometry& geometry) {
    std::vector<Rational> asked;
    for (std::size_t i = 0; i < axes.size(); ++i) asked.push_back(fraction(request.sizes[i], input[axes[i]]));
    const std::string policy = op.text("keep_aspect_ratio_policy", "stretch");
    const bool keep = op.version >= 18 && policy != "stretch";
    const Rational common = policy == "not_larger" ? *std::min_element(asked.begin(), asked.end(), isLess)
                                                   : *std::max_element(asked.begin(), asked.end(), isLess);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        std::int64_t& out = geometry.output[axes[i]];
        geometry.scales[axes[i]] = keep ? common : asked[i];
        const std::int64_t twice = 2 * common.denominator;
        if (keep) {
            const double exact = static_cast<double>(out) * static_cast<double>(common.numerator) * 2 +
                                 static_cast<double>(common.denominator);
            out = static_cast<std::int64_t>(std::floor(exact / static_cast<double>(twice)));
        } else {
            out = request.sizes[i];
        }
    }
}

Resolved<Geometry> resolveGeometry(const Network& network, const Operator& op) {
    using Result = Resolved<Geometry>;
    const auto request = readRequest(network, op);
    if (!request) return Result::notAtHand();
    const Shape& input = inputShape(network, op, 0);
    std::vector<std::size_t> axes;
    const std::string why = checkRequest(*request, input, axes);
    if (!why.empty()) return Result::error(why);
    Geometry geometry{std::vector<Rational>(input.size()), input};
    if (!request->sizes.empty()) {
        applySizes(op, *request, axes, input, geometry);
        return geometry;
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto scale = static_cast<float>(request->scales[i]);
        geometry.scales[axes[i]] = rationalScale(scale);
        // Sizes are computed in floats, as the operator's definition and every runtime do.
        geometry.output[axes[i]] = static_cast<std::int64_t>(std::floor(static_cast<float>(input[axes[i]]) * scale));
    }
    return geometry;
}

bool resizeShape(Inference& inference) {
    const std::string mode = inference.op().text("mode", "nearest");
    if (mode != "nearest" && mode != "linear" && mode != "bilinear" && mode != "cubic") {
        return inference.fail(fmt::format("mode '{}' is none of nearest, linear, cubic", mode));
    }
    const auto geometry = resolveGeometry(inference.network(), inference.op());
    if (!geometry.wrong.empty()) return inference.fail(geometry.wrong);
    if (!geometry.value) return inference.setUnknown(0, inference.type(0));
    return inference.set(0, inference.type(0), geometry.value->output);
}

}  // namespace

Resolved<ResizeAttributes> resolveResize(const Network& network, const Operator& op) {
    using Result = Resolved<ResizeAttributes>;
    const auto geometry = resolveGeometry(network, op);
    if (!geometry.wrong.empty()) return Result::error(geometry.wrong);
    if (!geometry.value) return Result::notAtHand();
    const bool old = op.type == "Upsample" || op.version < 11;
    ResizeAttributes resize;
    resize.scales = geometry.value->scales;
    resize.fromSizes = !old && op.input(3).valid() && inputShape(network, op, 3) != Shape{0};
    resize.mode = op.text("mode", "nearest");
    if (resize.mode == "bilinear") resize.mode = "linear";
    resize.coordinateTransformation = old ? "asymmetric" : op.text("coordinate_transformation_mode", "half_pixel");
    resize.nearestMode = old ? "floor" : op.text("nearest_mode", "round_prefer_floor");
    resize.cubicCoefficient = op.real("cubic_coeff_a", -0.75);
    resize.excludeOutside = op.integer("exclude_outside", 0) != 0;
    resize.antialias = op.integer("antialias", 0) != 0;
    resize.extrapolationValue = op.real("extrapolation_value", 0);
    return resize;
}

std::vector<OperatorSpec> resizeOperators() {
    using K = AttributeKind;
    const AttributeSpec mode{"mode", K::text};
    const std::vector<AttributeSpec> eleven{mode,
                                            {"coordinate_transformation_mode", K::text},
                                            {"cubic_coeff_a", K::real},
                                            {"exclude_outside", K::integer},
                                            {"extrapolation_value", K::real},
                                            {"nearest_mode", K::text}};
    std::vector<AttributeSpec> eighteen = eleven;
    eighteen.push_back({"antialias", K::integer});
    eighteen.push_back({"axes", K::integers});
    eighteen.push_back({"keep_aspect_ratio_policy", K::text});
    return {{"Upsample", 7, 8, {1, 1}, {1, 1}, {mode, {"scales", K::reals, true}}, resizeShape},
            {"Upsample", 9, 9, {2, 2}, {1, 1}, {mode}, resizeShape},
            {"Resize", 10, 10, {2, 2}, {1, 1}, {mode}, resizeShape},
            {"Resize", 11, 12, {3, 4}, {1, 1}, eleven, resizeShape},
            {"Resize", 13, 17, {1, 4}, {1, 1}, eleven, resizeShape},
            {"Resize", 18, kNewestOpset, {1, 4}, {1, 1}, eighteen, resizeShape}};
}

}  // namespace millrace::model
