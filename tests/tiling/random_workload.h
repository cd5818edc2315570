#pragma once
#include <vector>

#include "explore/workload/workload.h"
#include "support/rng.h"

namespace millrace::test {

/// A small network of one to about ten layers, lowered from random operators (`RandomNet`): chains and branches of
/// convolutions (stride, dilation, padding, groups, depthwise, transposed), pooling, element-wise layers with
/// broadcasts, matrix products, reductions and upsampling, with concatenations, slices, paddings, transposes, reshapes
/// and selections between them. Rows and columns of the input: 1 to 10. Passes `workload::verify`; the last result is
/// an output.
workload::Workload randomSmallWorkload(Rng& rng);

/// Ranges inside of the layer's loops: of each loop a random part (never empty), one point or all.
std::vector<Interval> randomTile(const workload::Layer& layer, Rng& rng);

}  // namespace millrace::test
