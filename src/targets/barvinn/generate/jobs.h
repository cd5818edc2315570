#pragma once
#include <cstdint>

#include "targets/barvinn/format/registers.h"

/// Walks of the usual jobs. All sizes of channels are in blocks of 64. Only what depends on the shape is set: jumps,
/// lengths, precisions, `config1` and the countdown; bases, scaling and destinations are the caller's. Sources: the
/// address generators as they are (`Walk`); each walk is proven by running it (tests).
namespace millrace::targets::barvinn {

struct Precision {
    int input = 1, weight = 1, output = 1;  ///< bits
    bool inputSigned = false, weightSigned = false;
};

/// A convolution of `inputs` x height x width, without padding: a border of zeros is part of the map.
struct ConvShape {
    std::int64_t inputs = 1, height = 1, width = 1;  ///< blocks, rows, columns
    std::int64_t outputs = 1;                        ///< blocks
    std::int64_t filterHeight = 1, filterWidth = 1;
    std::int64_t strideHeight = 1, strideWidth = 1;
    std::int64_t outputHeight() const { return (height - filterHeight) / strideHeight + 1; }
    std::int64_t outputWidth() const { return (width - filterWidth) / strideWidth + 1; }
};

/// `inputTiles` x 64 values times a matrix, `outputTiles` x 64 results.
Job gemvJob(std::int64_t inputTiles, std::int64_t outputTiles, const Precision& precision);
/// One row of the output, all columns and output blocks.
Job convRowJob(const ConvShape& shape, const Precision& precision);
/// The whole output; rows follow each other without a gap.
Job convLayerJob(const ConvShape& shape, const Precision& precision);
/// One row, with the input in `planes` maps behind each other, each of `shape.inputs` blocks; weights in the order
/// output block, plane, row, column, input block.
Job convSplitJob(const ConvShape& shape, std::int64_t planes, const Precision& precision);
/// The next scaler word (and bias word) for each output block; begins again at the first after the last one.
void walkScalers(std::int64_t outputBlocks, Job& job);

}  // namespace millrace::targets::barvinn
