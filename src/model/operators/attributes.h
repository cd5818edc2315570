#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/network/network.h"

/// Attributes as shape rules, lowering and execution need them: defaults filled in, `auto_pad` resolved against shapes,
/// axes counted from the front. Spatial lists have one entry per spatial axis, H before W.
///
/// The functions hold for operators that `inferShapes` has accepted. On any other one they throw std::invalid_argument
/// with the reason.
namespace millrace::model {

/// A window that slides over the spatial axes. Output size per axis:
/// (in + padsBegin + padsEnd - ((kernel - 1) * dilation + 1)) / stride + 1, rounded down, or as `ceilMode` says.
struct WindowAttributes {
    std::vector<std::int64_t> kernel, strides, dilations, padsBegin, padsEnd;
};

/// Conv: input [N,C,spatial], weight [M,C/group,kernel].
struct ConvAttributes : WindowAttributes {
    std::int64_t group = 1;
};
ConvAttributes convAttributes(const Network& network, const Operator& op);

/// ConvTranspose: input [N,C,spatial], weight [C,M/group,kernel]. Output size per axis:
/// stride * (in - 1) + outputPadding + (kernel - 1) * dilation + 1 - padsBegin - padsEnd.
/// With `output_shape` (or auto_pad SAME, which means in * stride) the pads are what makes the size come out; where
/// that would take negative pads, outputPadding grows instead.
struct ConvTransposeAttributes : WindowAttributes {
    std::int64_t group = 1;
    std::vector<std::int64_t> outputPadding;
};
ConvTransposeAttributes convTransposeAttributes(const Network& network, const Operator& op);

/// MaxPool, AveragePool, LpPool; GlobalMaxPool and GlobalAveragePool as a window over the whole input.
struct PoolAttributes : WindowAttributes {
    /// Round the output size up. A window that would start in the end padding does not exist.
    bool ceilMode = false;
    /// AveragePool: padding counts as elements.
    bool countIncludePad = false;
    /// LpPool's exponent.
    std::int64_t p = 2;
};
PoolAttributes poolAttributes(const Network& network, const Operator& op);

struct GemmAttributes {
    bool transA = false;
    bool transB = false;
    double alpha = 1;
    double beta = 1;
};
GemmAttributes gemmAttributes(const Operator& op);

/// A positive fraction in lowest terms.
struct Rational {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;
    bool operator==(const Rational&) const = default;
};

/// Resize and Upsample. Scale = output size / input size as the file asks for it: from sizes, size / input exactly;
/// from scales, the fraction of smallest denominator up to 4096 whose float is the scale.
struct ResizeAttributes {
    std::vector<Rational> scales;  ///< one per axis of the input; {1,1} where nothing is resized
    bool fromSizes = false;
    std::string mode;                      ///< "nearest", "linear" or "cubic"
    std::string coordinateTransformation;  ///< "half_pixel", "asymmetric", ...
    std::string nearestMode;               ///< "round_prefer_floor", "floor", ...
    double cubicCoefficient = -0.75;
    bool excludeOutside = false;
    bool antialias = false;
    double extrapolationValue = 0;
};
ResizeAttributes resizeAttributes(const Network& network, const Operator& op);

/// Softmax and LogSoftmax normalise over the axes [firstAxis, lastAxis]: before opset 13 from `axis` to the end (the
/// input seen as a matrix), after that the one axis.
struct SoftmaxAttributes {
    std::size_t firstAxis = 0;
    std::size_t lastAxis = 0;
};
SoftmaxAttributes softmaxAttributes(const Network& network, const Operator& op);

/// ReduceX, ArgMax, ArgMin: sorted axes, from the attribute or the input.
struct ReduceAttributes {
    std::vector<std::size_t> axes;
    bool keepDims = true;
};
ReduceAttributes reduceAttributes(const Network& network, const Operator& op);

/// Slice: start, stop and step per axis of the input, clamped: `size` elements start, start + step, ...
struct SliceAxis {
    std::int64_t start = 0;
    std::int64_t step = 1;
    std::int64_t size = 0;
};
std::vector<SliceAxis> sliceAttributes(const Network& network, const Operator& op);

/// Pad: elements added (or cut off, if negative) per axis of the input.
struct PadAttributes {
    std::vector<std::int64_t> begin, end;
    std::string mode;  ///< "constant", "reflect", "edge" or "wrap"
    double value = 0;  ///< fill of "constant"; 0 if the value is not at hand
};
PadAttributes padAttributes(const Network& network, const Operator& op);

/// Sizes of the parts of Split along `axis`.
struct SplitAttributes {
    std::size_t axis = 0;
    std::vector<std::int64_t> sizes;
};
SplitAttributes splitAttributes(const Network& network, const Operator& op);

/// Transpose: output axis i is input axis perm[i].
std::vector<std::size_t> transposePermutation(const Network& network, const Operator& op);

/// Concat, Gather, Flatten, LayerNormalization and others: attribute `axis` counted from the front.
std::size_t axisAttribute(const Network& network, const Operator& op, std::int64_t otherwise);

/// Clip's bounds from attributes or inputs; nothing where there is none. Also nothing if values are not at hand.
struct ClipAttributes {
    std::optional<double> low, high;
};
ClipAttributes clipAttributes(const Network& network, const Operator& op);

}  // namespace millrace::model
