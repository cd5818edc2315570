#pragma once
#include <vector>

#include "explore/cost/nest.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// Inter-layer data locality, as ZigZag searches and exploits it (zigzag.md 13): data stay in the lowest memory that
/// has room for them, and a layer runs on the core without what lies above.
namespace millrace::search {

/// A layer of a network that is costed, with its nest. Others are looked through: what they read counts as read by the
/// layers that read them.
struct CostedLayer {
    workload::LayerId layer;
    const cost::Nest* nest = nullptr;
};

/// The core as each of the layers sees it, in their order. Memories keep their indices; one that an operand does not
/// use lacks it in `operands` and in the uses of its ports.
///
/// Results of a layer stay in the lowest memory that holds both them and the activations of the next layer and has room
/// (all instances together) for the activations of this layer that it serves and, if it serves weights, for the weights
/// of the whole network. Results at a fork or before a join stay in the outermost memory. Activations come from where
/// the layer before has left them; those of the first layer lie where its results do. Weights of the whole network lie
/// in the lowest memory that serves the whole array and has room in every layer.
///
/// ZigZag gives up on networks with several inputs or outputs, and where nothing has room; here each layer without a
/// predecessor is a first one, each without a successor a last one, and what has no room stays in the outermost memory.
std::vector<hardware::Core> coresWithLocality(const workload::Workload& workload, const hardware::Core& core,
                                              const std::vector<CostedLayer>& layers);

}  // namespace millrace::search
