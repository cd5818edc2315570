#include "model/exec/planes.h"

#include <algorithm>
#include <cstring>

namespace millrace::model::exec {

namespace {

constexpr std::int64_t kSlack = 64;

/// A run of output positions that lie side by side in a plane.
struct Run {
    int to;
    int count;
    std::int64_t from;
};

std::int64_t planeIndex(const ConvGeometry& geometry, const ConvGeometry::Sizes& size, std::int64_t column) {
    const std::int64_t x = column % geometry.out[2];
    const std::int64_t rest = column / geometry.out[2];
    return (rest / geometry.out[1] * size[1] + rest % geometry.out[1]) * size[2] + x;
}

std::vector<Run> runsOf(const ConvGeometry& geometry, const ConvGeometry::Sizes& size, std::int64_t begin,
                        std::int64_t end) {
    std::vector<Run> runs;
    for (std::int64_t column = begin; column < end;) {
        const std::int64_t count = std::min(end - column, geometry.out[2] - column % geometry.out[2]);
        const std::int64_t from = planeIndex(geometry, size, column);
        if (!runs.empty() && runs.back().from + runs.back().count == from) {
            runs.back().count += static_cast<int>(count);
        } else {
            runs.push_back({static_cast<int>(column - begin), static_cast<int>(count), from});
        }
        column += count;
    }
    return runs;
}

}  // namespace

Planes::Planes(const ConvGeometry& geometry) : geometry_(geometry) {
    isInput_ = true;
    double volume = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::int64_t stride = geometry.stride[i];
        const std::int64_t last = (geometry.kernel[i] - 1) * geometry.dilation[i];
        size_[i] = geometry.out[i] + last / stride;
        phases_[i] = std::min(stride, last + 1);
        volume *= static_cast<double>(size_[i]) * static_cast<double>(phases_[i]);
        isInput_ = isInput_ && geometry.begin[i] == 0 && size_[i] == geometry.in[i] && (stride == 1 || size_[i] == 1);
    }
    const double useful = static_cast<double>(geometry.inPlane()) + static_cast<double>(geometry.outPlane());
    tooLarge_ = !isInput_ && volume > 8 * useful + 4096;
    if (tooLarge_) return;
    planeSize_ = ConvGeometry::volume(size_) * ConvGeometry::volume(phases_);
    for (std::int64_t channel = 0; channel < geometry.channels; ++channel) {
        for (std::int64_t tap = 0; tap < geometry.taps(); ++tap) {
            const ConvGeometry::Sizes at{tap / geometry.kernel[2] / geometry.kernel[1],
                                         tap / geometry.kernel[2] % geometry.kernel[1], tap % geometry.kernel[2]};
            std::int64_t phase = 0;
            std::int64_t shift = 0;
            for (std::size_t i = 0; i < 3; ++i) {
                const std::int64_t position = at[i] * geometry.dilation[i];
                phase = phase * phases_[i] + position % geometry.stride[i];
                shift = shift * size_[i] + position / geometry.stride[i];
            }
            offsets_.push_back(channel * planeSize_ + phase * ConvGeometry::volume(size_) + shift);
        }
    }
}

void Planes::fillPhase(const float* input, const ConvGeometry::Sizes& phase, float* to) const {
    const ConvGeometry& g = geometry_;
    const auto ceilDiv = [](std::int64_t a, std::int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; };
    const std::int64_t stride = g.stride[2];
    const std::int64_t start = phase[2] - g.begin[2];
    const std::int64_t first = std::min(size_[2], ceilDiv(-start, stride));
    const std::int64_t last = std::clamp(ceilDiv(g.in[2] - start, stride), first, size_[2]);
    for (std::int64_t z = 0; z < size_[0]; ++z) {
        const std::int64_t fromZ = z * g.stride[0] + phase[0] - g.begin[0];
        for (std::int64_t y = 0; y < size_[1]; ++y, to += size_[2]) {
            const std::int64_t fromY = y * g.stride[1] + phase[1] - g.begin[1];
            if (fromZ < 0 || fromZ >= g.in[0] || fromY < 0 || fromY >= g.in[1]) {
                std::fill(to, to + size_[2], 0.0F);
                continue;
            }
            const float* from = input + (fromZ * g.in[1] + fromY) * g.in[2] + start;
            std::fill(to, to + first, 0.0F);
            if (stride == 1) {
                std::copy(from + first, from + last, to + first);
            } else if (stride == 2) {
                for (std::int64_t x = first; x < last; ++x) to[x] = from[2 * x];
            } else {
                for (std::int64_t x = first; x < last; ++x) to[x] = from[stride * x];
            }
            std::fill(to + last, to + size_[2], 0.0F);
        }
    }
}

void Planes::fill(const Environment& environment, const float* input) {
    const std::int64_t channels = geometry_.groups * geometry_.channels;
    if (!data_) data_.reset(new float[static_cast<std::size_t>(channels * planeSize_ + kSlack)]);
    std::fill_n(data_.get() + channels * planeSize_, kSlack, 0.0F);
    const std::int64_t grain = std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, planeSize_));
    parallelFor(environment, channels, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t channel = begin; channel < end; ++channel) {
            float* to = data_.get() + channel * planeSize_;
            ConvGeometry::Sizes phase{};
            for (phase[0] = 0; phase[0] < phases_[0]; ++phase[0]) {
                for (phase[1] = 0; phase[1] < phases_[1]; ++phase[1]) {
                    for (phase[2] = 0; phase[2] < phases_[2]; ++phase[2], to += ConvGeometry::volume(size_)) {
                        fillPhase(input + channel * geometry_.inPlane(), phase, to);
                    }
                }
            }
        }
    });
}

void packTaps(const ConvGeometry& geometry, const Planes& planes, const float* source, const float* limit,
              const PanelBlock& block) {
    constexpr int kChunk = 8;
    float* to = block.panels;
    const std::vector<std::int64_t>& offsets = planes.offsets();
    for (std::int64_t column = block.columnBegin; column < block.columnEnd; column += block.width) {
        const std::vector<Run> runs =
            runsOf(geometry, planes.size(), column, std::min(column + block.width, block.columnEnd));
        const std::int64_t reach = runs.back().from + runs.back().count + kChunk;
        for (std::int64_t l = block.innerBegin; l < block.innerEnd; ++l, to += block.width) {
            const float* from = source + offsets[static_cast<std::size_t>(l)];
            const bool roomy = limit - from >= reach;
            for (const Run& run : runs) {
                if (roomy) {
                    for (int i = 0; i < run.count; i += kChunk) {
                        std::memcpy(to + run.to + i, from + run.from + i, kChunk * sizeof(float));
                    }
                } else {
                    std::copy_n(from + run.from, run.count, to + run.to);
                }
            }
        }
    }
}

}  // namespace millrace::model::exec
