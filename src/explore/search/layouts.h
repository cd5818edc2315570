#pragma once
#include <vector>

#include "explore/fusion/plan.h"
#include "explore/mapping/mapping.h"

/// The ways in which a layer may be laid over cores.
namespace millrace::search {

struct Layout {
    std::vector<tiling::Split> inter;
    std::vector<hardware::CoreId> cores;
};

/// Layouts of a layer without cuts of sums: every block of neighbouring cores of one kind (all sizes), all allowed
/// cores together, and lists in which a core stands as often as it is faster than the slowest (unequal shares); each
/// cut along one loop or along two. Cores are of one kind if they do as many operations of the layer a cycle and have
/// as large memories. At most `kMostLayouts`, evenly thinned. At least one.
inline constexpr std::size_t kMostLayouts = 400;
std::vector<Layout> layoutsOf(const workload::Layer& layer, const std::vector<hardware::CoreId>& allowed,
                              const hardware::Chip& chip, const mapping::Mapping* mapping);

}  // namespace millrace::search
