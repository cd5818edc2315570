#pragma once
#include <optional>
#include <vector>

#include "explore/fusion/stacks.h"

/// Fused groups of a mapping file (Stream, 2026).
namespace millrace::fusion {

/// The layers of each group, in the order of the file; a layer in one group at most.
///
/// A layer that a group names, or that one of its tilings names, is in that group. Operator types stand for layers
/// beside those: the group is then a run of consecutive layers of the listed types. Between two groups that could both
/// have a layer, the border is where the fewest results cross it, of several such places the last (after the activation
/// that follows a residual addition). A group of types alone starts with the first fitting layer behind the group
/// before it.
///
/// Errors: names that are no layer and no type, layers in two groups, groups that get no layer, tilings of layers
/// outside of their group.
std::optional<Stacks> groupLayers(const workload::Workload& workload, const Reads& reads,
                                  const mapping::Mapping& mapping, Diagnostics& diagnostics);

/// The layers of a group that a tiling speaks of: the one of that name, or all of that type.
std::vector<workload::LayerId> layersOf(const workload::Workload& workload, const mapping::GroupTiling& tiling,
                                        const std::vector<workload::LayerId>& group);

}  // namespace millrace::fusion
