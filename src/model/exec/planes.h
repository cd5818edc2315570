#pragma once
#include <memory>
#include <vector>

#include "model/exec/convwindow.h"
#include "model/exec/gemm.h"

namespace millrace::model::exec {

/// The input of a convolution, padded and sorted by position modulo stride, such that every kernel tap reads every
/// output's element at a fixed distance: tap t of output (z, y, x) reads
/// plane[offset(t) + (z * size[1] + y) * size[2] + x].
class Planes {
public:
    explicit Planes(const ConvGeometry& geometry);

    /// The input itself serves: no padding, no strides.
    bool isInput() const { return isInput_; }
    /// Would the planes be far larger than input and output? Then they are of no use.
    bool tooLarge() const { return tooLarge_; }
    std::int64_t planeSize() const { return planeSize_; }
    const ConvGeometry::Sizes& size() const { return size_; }
    /// Of taps of channels: [channel * taps + tap], for one group.
    const std::vector<std::int64_t>& offsets() const { return offsets_; }

    /// Reads all channels of one batch item.
    void fill(const Environment& environment, const float* input);
    /// Plane of a channel; may be read 16 floats beyond its end.
    const float* plane(std::int64_t channel) const { return data_.get() + channel * planeSize_; }

private:
    void fillPhase(const float* input, const ConvGeometry::Sizes& phase, float* to) const;

    const ConvGeometry& geometry_;
    bool isInput_ = false, tooLarge_ = false;
    ConvGeometry::Sizes size_{}, phases_{};
    std::int64_t planeSize_ = 0;
    std::vector<std::int64_t> offsets_;
    std::unique_ptr<float[]> data_;
};

/// `packRight` of a convolution: row l of the matrix is tap l of the group that starts at `source`, its columns are
/// output positions. Whatever lies below `limit` may be read.
void packTaps(const ConvGeometry& geometry, const Planes& planes, const float* source, const float* limit,
              const PanelBlock& block);

}  // namespace millrace::model::exec
