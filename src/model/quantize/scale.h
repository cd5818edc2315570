#pragma once
#include <cstdint>
#include <vector>

#include "model/quantize/weights.h"

namespace millrace::model::quantize {

/// The scale of one channel by the rule; `magnitudes` holds |w|, finite, at least one not zero. It may be reordered and
/// gets zeros appended.
float channelScale(std::vector<float>& magnitudes, const WeightOptions& options);

}  // namespace millrace::model::quantize
