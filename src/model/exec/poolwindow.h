#pragma once
#include <array>
#include <vector>

#include "model/exec/kernel.h"

namespace millrace::model::exec {

/// A pooling window over up to three spatial axes; those that are missing come first, of size 1.
struct PoolGeometry {
    using Sizes = std::array<std::int64_t, 3>;

    std::int64_t planes = 1;  ///< batch items times channels
    Sizes in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, begin{0, 0, 0}, end{0, 0, 0};
    Shape outputShape;
    bool countIncludePad = false;
    std::int64_t p = 2;

    std::int64_t inPlane() const { return in[0] * in[1] * in[2]; }
    std::int64_t outPlane() const { return out[0] * out[1] * out[2]; }
};

/// MaxPool, AveragePool, LpPool and the global ones: attributes against the input's shape. Refused: what does not fit.
PoolGeometry poolGeometry(const Call& call);

/// The taps of a window along one axis that lie within the input.
struct Taps {
    std::int64_t first = 0;  ///< position of the first one
    std::int64_t count = 0;
    std::int64_t padded = 0;  ///< as many with those in the padding, but not those beyond it

    Taps(const PoolGeometry& geometry, std::size_t axis, std::int64_t output);
};
/// For each output along an axis.
std::vector<Taps> tapsOf(const PoolGeometry& geometry, std::size_t axis);

}  // namespace millrace::model::exec
