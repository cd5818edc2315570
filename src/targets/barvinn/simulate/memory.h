#pragma once
#include <vector>

#include "targets/barvinn/format/geometry.h"

namespace millrace::targets::barvinn {

/// The memories of one MVU; all words 0 at first.
struct MvuMemory {
    std::vector<ActivationWord> activations = std::vector<ActivationWord>(kActivationWords);
    std::vector<WeightWord> weights = std::vector<WeightWord>(kWeightWords);
    std::vector<ScalerWord> scalers = std::vector<ScalerWord>(kScalerWords);
    std::vector<BiasWord> biases = std::vector<BiasWord>(kBiasWords);
};

}  // namespace millrace::targets::barvinn
