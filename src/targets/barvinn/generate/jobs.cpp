#include "targets/barvinn/generate/jobs.h"

#include <array>

namespace millrace::targets::barvinn {

namespace {

using Five = std::array<std::int64_t, kJumps>;  ///< outermost first: jump 0, the loops of jumps 1 to 4

Walk walkOf(const Five& lengths, const Five& jumps) {
    Walk walk;
    for (std::size_t i = 0; i < kJumps; ++i) {
        walk.length[i] = static_cast<std::int32_t>(lengths[i]);
        walk.jump[i] = static_cast<std::int32_t>(jumps[i]);
    }
    return walk;
}

Job jobWith(const Precision& precision, std::uint32_t config1, std::int64_t countdown) {
    Job job;
    job.inputBits = precision.input;
    job.weightBits = precision.weight;
    job.outputBits = precision.output;
    job.inputSigned = precision.inputSigned;
    job.weightSigned = precision.weightSigned;
    job.config1 = config1;
    job.countdown = static_cast<std::uint32_t>(countdown);
    return job;
}

/// Weights of a convolution: `taps` words of one plane pair, all pairs, all output blocks, then from the start.
Walk convWeights(std::int64_t taps, std::int64_t outputs, const Precision& precision) {
    const std::int64_t w = precision.weight;
    return walkOf({0, outputs - 1, precision.input * w - 1, taps - 1, 0},
                  {-w * (taps * outputs - 1), w, -w * (taps - 1), w, 0});
}

/// From the last tap of a window back to its first.
std::int64_t wayBack(const ConvShape& shape, std::int64_t bits) {
    return bits * (shape.inputs * ((shape.filterHeight - 1) * shape.width + shape.filterWidth) - 1);
}

std::int64_t nextRow(const ConvShape& shape, std::int64_t bits) {
    return bits * (shape.inputs * (shape.width - shape.filterWidth) + 1);
}

std::int64_t tapsOf(const ConvShape& shape) { return shape.inputs * shape.filterHeight * shape.filterWidth; }

}  // namespace

Job gemvJob(std::int64_t inputTiles, std::int64_t outputTiles, const Precision& precision) {
    const std::int64_t i = precision.input;
    const std::int64_t w = precision.weight;
    Job job = jobWith(precision, kGemvConfig, inputTiles * outputTiles * i * w);
    job.input = walkOf({0, inputTiles - 1, 0, 0, 0}, {-i * (inputTiles - 1), i, 0, 0, 0});
    job.weight = walkOf({0, i * w - 1, inputTiles - 1, 0, 0}, {w, -w * (inputTiles - 1), w, 0, 0});
    return job;
}

Job convRowJob(const ConvShape& shape, const Precision& precision) {
    const std::int64_t i = precision.input;
    const std::int64_t pairs = i * precision.weight * shape.outputs;
    const std::int64_t back = wayBack(shape, i);
    Job job = jobWith(precision, kConvConfig, tapsOf(shape) * pairs * shape.outputWidth());
    job.input = walkOf({0, pairs - 1, shape.filterHeight - 1, shape.inputs * shape.filterWidth - 1, 0},
                       {shape.strideWidth * shape.inputs * i - back, -back, nextRow(shape, i), i, 0});
    job.weight = convWeights(tapsOf(shape), shape.outputs, precision);
    return job;
}

Job convLayerJob(const ConvShape& shape, const Precision& precision) {
    const std::int64_t i = precision.input;
    const std::int64_t pairs = i * precision.weight * shape.outputs;
    const std::int64_t back = wayBack(shape, i);
    const std::int64_t columns = shape.outputWidth();
    const std::int64_t down = i * shape.inputs * (shape.strideHeight * shape.width - (columns - 1) * shape.strideWidth);
    Job job = jobWith(precision, kConvConfig, tapsOf(shape) * pairs * columns * shape.outputHeight());
    job.input = walkOf({0, columns - 1, pairs - 1, shape.filterHeight - 1, shape.inputs * shape.filterWidth - 1},
                       {down - back, i * shape.inputs * shape.strideWidth - back, -back, nextRow(shape, i), i});
    job.weight = convWeights(tapsOf(shape), shape.outputs, precision);
    return job;
}

Job convSplitJob(const ConvShape& shape, std::int64_t planes, const Precision& precision) {
    const std::int64_t i = precision.input;
    const std::int64_t pairs = i * precision.weight * shape.outputs;
    const std::int64_t back = wayBack(shape, i);
    const std::int64_t plane = shape.height * shape.width * shape.inputs * i;
    const std::int64_t firstPlane = -back - (planes - 1) * plane;
    Job job = jobWith(precision, kConvConfig, planes * tapsOf(shape) * pairs * shape.outputWidth());
    job.input =
        walkOf({0, pairs - 1, planes - 1, shape.filterHeight - 1, shape.inputs * shape.filterWidth - 1},
               {shape.strideWidth * shape.inputs * i + firstPlane, firstPlane, plane - back, nextRow(shape, i), i});
    job.weight = convWeights(planes * tapsOf(shape), shape.outputs, precision);
    return job;
}

void walkScalers(std::int64_t outputBlocks, Job& job) {
    job.scaler = walkOf({0, outputBlocks - 1, 0, 0, 0}, {-(outputBlocks - 1), 1, 0, 0, 0});
    job.bias = job.scaler;
}

}  // namespace millrace::targets::barvinn
