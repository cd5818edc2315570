#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/network/network.h"
#include "support/diagnostics.h"

/// Weights as integers: per output channel, symmetric, w ~ q * scale[channel].
///
/// With b bits q is one of -Q..Q, Q = 2^(b-1) - 1, and q = w / scale in float32, rounded half to even, saturated. With
/// one bit q is -1 or +1, the sign of w (+1 for zero). A channel of zeros has the scale 1.
namespace millrace::model::quantize {

inline constexpr int kMaxWeightBits = 16;

/// Largest |q|.
constexpr std::int32_t largestWeight(int bits) { return bits == 1 ? 1 : (std::int32_t{1} << (bits - 1)) - 1; }

/// How the scale of a channel is chosen. All of |w| = the threshold is the largest value that is not clipped:
/// threshold = scale * Q.
enum class ScaleRule : std::uint8_t {
    maximum,     ///< threshold = max |w|: nothing is clipped
    percentile,  ///< threshold = the smallest |w| that at least so many percent of them do not exceed (nearest rank)
    /// The scale with the least sum of (w - q * scale)^2: the best of all scales with one bit (the mean of |w|) and for
    /// channels of up to 2048 / Q values, else what a search finds: geometric steps from the maximum down to the mean,
    /// finer ones around the best, then least squares of the scale for the integers found.
    meanSquaredError,
};

struct WeightOptions {
    int bits = 8;  ///< 1 to 16
    ScaleRule rule = ScaleRule::maximum;
    double percentile = 99.9;  ///< above 0, up to 100; for that rule
    int threads = 1;           ///< the result does not depend on it
};

/// Which values of a tensor belong to an output channel: the tensor read as [outer, rows, columns, inner] in row-major
/// order, channel = (outer, column). Conv [K, C, FH, FW]: {K, 1, 1, C*FH*FW}; MatMul [C, K]: {1, C, K, 1};
/// ConvTranspose [C, K/g, FH, FW] in g groups: {g, C/g, K/g, FH*FW}.
struct ChannelView {
    std::size_t outer = 1, rows = 1, columns = 1, inner = 1;

    std::size_t channels() const { return outer * columns; }
    std::size_t channelSize() const { return rows * inner; }
    std::size_t elements() const { return channels() * channelSize(); }
};

struct QuantizedWeights {
    int bits = 8;
    std::vector<std::int16_t> values;  ///< in the order of the tensor
    std::vector<float> scales;         ///< by channel
    double squaredError = 0;           ///< sum of (w - q * scale)^2
};

/// Errors, with `what` as the name of the weights: values that are not finite, options out of range.
std::optional<QuantizedWeights> quantizeWeights(std::span<const float> weights, const ChannelView& view,
                                                const WeightOptions& options, std::string_view what,
                                                Diagnostics& diagnostics);

/// The weights of an operator: the constant second input of Conv, ConvTranspose, Gemm and MatMul (two axes or more).
struct WeightUse {
    TensorId tensor;
    ChannelView view;
};
/// Nothing if the operator has none. The values need not be at hand.
std::optional<WeightUse> weightsOf(const Network& network, const Operator& op);

/// Values of a float32, float64, float16 or bfloat16 constant; nothing if it is none or its values are not at hand.
std::optional<std::vector<float>> floatValues(const Tensor& tensor);

}  // namespace millrace::model::quantize
