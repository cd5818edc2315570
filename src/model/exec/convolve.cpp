#include "model/exec/convolve.h"

#include <algorithm>
#include <memory>

#include "model/exec/gemm.h"
#include "model/exec/planes.h"
#include "model/exec/tiles.h"

namespace millrace::model::exec {

namespace {

/// Groups with fewer output channels are summed tap by tap instead of as a matrix product: packing would cost more.
constexpr std::int64_t kFewOutputs = 8;

void convolveAsProduct(const Environment& environment, const ConvGeometry& g, Planes& planes, const float* input,
                       const float* weight, const float* bias, float* output) {
    Gemm gemm;
    gemm.rows = g.outputs;
    gemm.columns = gemm.resultPitch = g.outPlane();
    gemm.inner = g.inner();
    for (std::int64_t group = 0; group < g.groups; ++group) {
        gemm.lefts.push_back({weight + group * g.outputs * g.inner(), g.inner(), 1});
    }
    const std::int64_t itemsAtOnce = planes.isInput() ? g.batch : 1;
    const std::int64_t channels = g.groups * g.channels;
    for (std::int64_t first = 0; first < g.batch; first += itemsAtOnce) {
        gemm.items.clear();
        for (std::int64_t n = first; n < first + itemsAtOnce; ++n) {
            for (std::int64_t group = 0; group < g.groups; ++group) {
                const std::int64_t channel = group * g.outputs;
                gemm.items.push_back({static_cast<std::size_t>(group),
                                      output + (n * g.groups * g.outputs + channel) * g.outPlane(),
                                      bias == nullptr ? nullptr : bias + channel});
            }
        }
        if (!planes.isInput()) planes.fill(environment, input + first * channels * g.inPlane());
        const float* source = planes.isInput() ? input : planes.plane(0);
        const float* limit = source + itemsAtOnce * channels * planes.planeSize() + (planes.isInput() ? 0 : 16);
        gemm.packRight = [&](std::size_t item, const PanelBlock& block) {
            packTaps(g, planes, source + static_cast<std::int64_t>(item) * g.channels * planes.planeSize(), limit,
                     block);
        };
        run(environment, gemm);
    }
}

/// Output rows [begin, end) of one channel; a row is (z, y).
void sumRows(const ConvGeometry& g, const Planes& planes, const float* source, const float* weight, float bias,
             std::int64_t begin, std::int64_t end, float* buffer, float* output) {
    const std::int64_t pitch = planes.size()[2];
    while (begin < end) {
        const std::int64_t z = begin / g.out[1];
        const std::int64_t y = begin % g.out[1];
        const std::int64_t rows = std::min(end - begin, g.out[1] - y);
        const std::int64_t count = (rows - 1) * pitch + g.out[2];
        tileKernels().weightedSum(source + (z * planes.size()[1] + y) * pitch, planes.offsets().data(), weight,
                                  g.inner(), bias, buffer, count);
        for (std::int64_t r = 0; r < rows; ++r) {
            std::copy_n(buffer + r * pitch, g.out[2], output + (begin + r) * g.out[2]);
        }
        begin += rows;
    }
}

void convolveByTaps(const Environment& environment, const ConvGeometry& g, Planes& planes, const float* input,
                    const float* weight, const float* bias, float* output) {
    constexpr std::int64_t kPiece = 2048;
    const std::int64_t pitch = planes.size()[2];
    const std::int64_t rows = g.out[0] * g.out[1];
    const std::int64_t rowsAtOnce = std::clamp<std::int64_t>(kPiece / pitch, 1, rows);
    const std::int64_t pieces = (rows + rowsAtOnce - 1) / rowsAtOnce;
    const std::int64_t outputs = g.groups * g.outputs;
    for (std::int64_t n = 0; n < g.batch; ++n) {
        planes.fill(environment, input + n * g.groups * g.channels * g.inPlane());
        const std::int64_t work = rowsAtOnce * pitch * g.inner();
        const std::int64_t grain = std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, work));
        parallelFor(environment, outputs * pieces, grain, [&](std::int64_t begin, std::int64_t end) {
            const auto buffer = std::make_unique<float[]>(static_cast<std::size_t>(rowsAtOnce * pitch + 64));
            for (; begin < end; ++begin) {
                const std::int64_t m = begin / pieces;
                const std::int64_t row = begin % pieces * rowsAtOnce;
                sumRows(g, planes, planes.plane(m / g.outputs * g.channels), weight + m * g.inner(),
                        bias == nullptr ? 0.0F : bias[m], row, std::min(rows, row + rowsAtOnce), buffer.get(),
                        output + (n * outputs + m) * g.outPlane());
            }
        });
    }
}

/// Columns [begin, end) of the taps of one group as a row-major matrix; false reads are zeros.
template <class T>
void gather(const ConvGeometry& g, const T* input, std::int64_t begin, std::int64_t end, T* matrix) {
    for (std::int64_t l = 0; l < g.inner(); ++l) {
        const std::int64_t tap = l % g.taps();
        const T* plane = input + l / g.taps() * g.inPlane();
        const std::int64_t kx = tap % g.kernel[2];
        const std::int64_t ky = tap / g.kernel[2] % g.kernel[1];
        const std::int64_t kz = tap / g.kernel[2] / g.kernel[1];
        for (std::int64_t column = begin; column < end; ++column) {
            const std::int64_t rest = column / g.out[2];
            const std::int64_t x = column % g.out[2] * g.stride[2] + kx * g.dilation[2] - g.begin[2];
            const std::int64_t y = rest % g.out[1] * g.stride[1] + ky * g.dilation[1] - g.begin[1];
            const std::int64_t z = rest / g.out[1] * g.stride[0] + kz * g.dilation[0] - g.begin[0];
            const bool inside = x >= 0 && x < g.in[2] && y >= 0 && y < g.in[1] && z >= 0 && z < g.in[0];
            *matrix++ = inside ? plane[(z * g.in[1] + y) * g.in[2] + x] : T{};
        }
    }
}

}  // namespace

void convolve(const Environment& environment, const ConvGeometry& g, const float* input, const float* weight,
              const float* bias, float* output) {
    Planes planes(g);
    if (g.batch == 0 || g.outputs == 0) return;
    if (planes.tooLarge()) {
        Gemm gemm;
        gemm.rows = g.outputs;
        gemm.columns = gemm.resultPitch = g.outPlane();
        gemm.inner = g.inner();
        for (std::int64_t i = 0; i < g.batch * g.groups; ++i) {
            const std::int64_t group = i % g.groups;
            if (i < g.groups) gemm.lefts.push_back({weight + group * g.outputs * g.inner(), g.inner(), 1});
            gemm.items.push_back({static_cast<std::size_t>(group), output + i * g.outputs * g.outPlane(),
                                  bias == nullptr ? nullptr : bias + group * g.outputs});
        }
        gemm.packRight = [&](std::size_t item, const PanelBlock& block) {
            std::vector<float> matrix(static_cast<std::size_t>(g.inner() * block.columns()));
            gather(g, input + static_cast<std::int64_t>(item) * g.channels * g.inPlane(), block.columnBegin,
                   block.columnEnd, matrix.data());
            PanelBlock shifted = block;
            shifted.columnBegin = 0;
            shifted.columnEnd = block.columns();
            packMatrix({matrix.data(), block.columns(), 1}, shifted);
        };
        return run(environment, gemm);
    }
    if (g.outputs <= kFewOutputs) return convolveByTaps(environment, g, planes, input, weight, bias, output);
    convolveAsProduct(environment, g, planes, input, weight, bias, output);
}

template <class T>
void convolvePlain(const Environment& environment, const ConvGeometry& g, const T* input, const T* weight, T* output) {
    constexpr std::int64_t kMatrix = 1 << 18;
    const std::int64_t atOnce =
        std::clamp<std::int64_t>(kMatrix / std::max<std::int64_t>(1, g.inner()), 1, g.outPlane());
    const std::int64_t pieces = (g.outPlane() + atOnce - 1) / atOnce;
    Environment single;
    forEachTask(environment, g.batch * g.groups * pieces, [&](std::int64_t task) {
        const std::int64_t item = task / pieces;
        const std::int64_t group = item % g.groups;
        const std::int64_t begin = task % pieces * atOnce;
        const std::int64_t columns = std::min(g.outPlane(), begin + atOnce) - begin;
        std::vector<T> matrix(static_cast<std::size_t>(g.inner() * columns));
        std::vector<T> result(static_cast<std::size_t>(g.outputs * columns));
        gather(g, input + item * g.channels * g.inPlane(), begin, begin + columns, matrix.data());
        multiplyPlain(single, g.outputs, columns, g.inner(), weight + group * g.outputs * g.inner(), matrix.data(),
                      result.data());
        for (std::int64_t m = 0; m < g.outputs; ++m) {
            std::copy_n(result.data() + m * columns, columns, output + (item * g.outputs + m) * g.outPlane() + begin);
        }
    });
}

template void convolvePlain(const Environment&, const ConvGeometry&, const double*, const double*, double*);
template void convolvePlain(const Environment&, const ConvGeometry&, const std::uint32_t*, const std::uint32_t*,
                            std::uint32_t*);
template void convolvePlain(const Environment&, const ConvGeometry&, const std::uint64_t*, const std::uint64_t*,
                            std::uint64_t*);

}  // namespace millrace::model::exec
