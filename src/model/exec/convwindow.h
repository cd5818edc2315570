#pragma once
#include <array>

#include "model/exec/kernel.h"

namespace millrace::model::exec {

/// A convolution with one, two or three spatial axes, as one with three: those that are missing come first, of size 1.
struct ConvGeometry {
    using Sizes = std::array<std::int64_t, 3>;

    std::int64_t batch = 1, groups = 1;
    std::int64_t channels = 1;  ///< input channels of a group
    std::int64_t outputs = 1;   ///< output channels of a group
    Sizes in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, begin{0, 0, 0};
    Shape outputShape;

    static std::int64_t volume(const Sizes& sizes) { return sizes[0] * sizes[1] * sizes[2]; }
    std::int64_t taps() const { return volume(kernel); }
    std::int64_t inPlane() const { return volume(in); }
    std::int64_t outPlane() const { return volume(out); }
    /// Length of a reduction.
    std::int64_t inner() const { return channels * taps(); }
};

/// Conv, ConvInteger, QLinearConv: attributes against shapes; the weight is input `weightInput`. Refused: shapes that
/// do not fit.
ConvGeometry convGeometry(const Call& call, std::size_t weightInput = 1);

/// ConvTranspose, as the convolution whose gradient it is: `in` is the spatial size of the result, `out` that of the
/// input; `channels` are result channels of a group, `outputs` input channels of one.
ConvGeometry transposedGeometry(const Call& call);

/// Refused unless the bias, if there is one, has one value per output channel.
void checkBias(const Value* bias, std::int64_t channels);

}  // namespace millrace::model::exec
