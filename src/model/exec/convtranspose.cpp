#include <algorithm>

#include "model/exec/convolve.h"
#include "model/exec/gemm.h"

namespace millrace::model::exec {

namespace {

using Sizes = ConvGeometry::Sizes;

constexpr std::int64_t kMostBuffered = std::int64_t{1} << 23;

Sizes tapPosition(const ConvGeometry& g, std::int64_t tap) {
    return {tap / g.kernel[2] / g.kernel[1], tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]};
}

/// Adds row (z, y) of a plane of `out` size to where tap `at` sends it in a plane of `in` size: each element times
/// `factor`.
template <class T>
void addRow(const ConvGeometry& g, const Sizes& at, std::int64_t z, std::int64_t y, const T* row, T factor, T* plane) {
    const std::int64_t toZ = z * g.stride[0] + at[0] * g.dilation[0] - g.begin[0];
    const std::int64_t toY = y * g.stride[1] + at[1] * g.dilation[1] - g.begin[1];
    if (toZ < 0 || toZ >= g.in[0] || toY < 0 || toY >= g.in[1]) return;
    const std::int64_t stride = g.stride[2];
    const std::int64_t start = at[2] * g.dilation[2] - g.begin[2];
    const std::int64_t first = start >= 0 ? 0 : (-start + stride - 1) / stride;
    const std::int64_t last = start >= g.in[2] ? 0 : std::min(g.out[2], (g.in[2] - start + stride - 1) / stride);
    T* to = plane + (toZ * g.in[1] + toY) * g.in[2] + start;
    if (stride == 2) {
        for (std::int64_t x = first; x < last; ++x) to[2 * x] += factor * row[x];
    } else {
        for (std::int64_t x = first; x < last; ++x) to[stride * x] += factor * row[x];
    }
}

template <class T>
void transposePlain(const Environment& environment, const ConvGeometry& g, const T* input, const T* weight, T* output) {
    const std::int64_t rows = g.out[0] * g.out[1];
    forEachTask(environment, g.batch * g.groups * g.channels, [&](std::int64_t task) {
        const std::int64_t m = task % g.channels;
        const std::int64_t item = task / g.channels;
        const std::int64_t group = item % g.groups;
        for (std::int64_t c = 0; c < g.outputs; ++c) {
            const T* taps = weight + ((group * g.outputs + c) * g.channels + m) * g.taps();
            const T* plane = input + (item * g.outputs + c) * g.outPlane();
            for (std::int64_t tap = 0; tap < g.taps(); ++tap) {
                const Sizes at = tapPosition(g, tap);
                for (std::int64_t row = 0; row < rows; ++row) {
                    addRow(g, at, row / g.out[1], row % g.out[1], plane + row * g.out[2], taps[tap],
                           output + task * g.inPlane());
                }
            }
        }
    });
}

/// Channels [channel, channel + count) of one group from input rows [rowBegin, rowEnd): a matrix product gives what
/// each tap adds, then it is added.
struct Part {
    std::int64_t channel, count, rowBegin, rowEnd;
};

void addPart(const Environment& environment, const ConvGeometry& g, const Part& part, const float* input,
             const float* weight, float* buffer, float* output) {
    const std::int64_t columns = (part.rowEnd - part.rowBegin) * g.out[2];
    const MatrixView left{weight + part.channel * g.taps(), 1, g.channels * g.taps()};
    const MatrixView right{input + part.rowBegin * g.out[2], g.outPlane(), 1};
    multiply(environment, part.count * g.taps(), columns, g.outputs, {left}, {right}, {buffer}, columns);
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / (g.taps() * columns));
    parallelFor(environment, part.count, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin * g.taps(); i < end * g.taps(); ++i) {
            const Sizes at = tapPosition(g, i % g.taps());
            float* plane = output + (part.channel + i / g.taps()) * g.inPlane();
            for (std::int64_t row = part.rowBegin; row < part.rowEnd; ++row) {
                addRow(g, at, row / g.out[1], row % g.out[1], buffer + i * columns + (row - part.rowBegin) * g.out[2],
                       1.0F, plane);
            }
        }
    });
}

}  // namespace

void convolveTransposed(const Environment& environment, const ConvGeometry& g, const float* input, const float* weight,
                        float* output) {
    const std::int64_t rowSize = g.taps() * g.out[2];
    if (rowSize == 0 || g.outputs <= 4 || rowSize > kMostBuffered) {
        return transposePlain(environment, g, input, weight, output);
    }
    const std::int64_t rows = g.out[0] * g.out[1];
    const std::int64_t rowsAtOnce = std::clamp<std::int64_t>(kMostBuffered / rowSize, 1, rows);
    const std::int64_t channelsAtOnce = std::clamp<std::int64_t>(kMostBuffered / (rowSize * rowsAtOnce), 1, g.channels);
    const auto buffer = std::make_unique<float[]>(static_cast<std::size_t>(rowSize * rowsAtOnce * channelsAtOnce));
    for (std::int64_t item = 0; item < g.batch * g.groups; ++item) {
        const float* taps = weight + item % g.groups * g.outputs * g.channels * g.taps();
        for (std::int64_t channel = 0; channel < g.channels; channel += channelsAtOnce) {
            for (std::int64_t row = 0; row < rows; row += rowsAtOnce) {
                const Part part{channel, std::min(channelsAtOnce, g.channels - channel), row,
                                std::min(rows, row + rowsAtOnce)};
                addPart(environment, g, part, input + item * g.outputs * g.outPlane(), taps, buffer.get(),
                        output + item * g.channels * g.inPlane());
            }
        }
    }
}

void convolveTransposedPlain(const Environment& environment, const ConvGeometry& g, const double* input,
                             const double* weight, double* output) {
    transposePlain(environment, g, input, weight, output);
}

}  // namespace millrace::model::exec
