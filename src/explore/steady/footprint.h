#pragma once
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "explore/fusion/memories.h"
#include "explore/platform/result.h"
#include "explore/steady/problem.h"
#include "explore/steady/region.h"

/// What the tiles of one layer, laid over cores and cut in one way, take and touch.
namespace millrace::steady {

/// What a tile of a layer costs on a core; null if the mapper finds no way.
using CostOf =
    std::function<const explore::TileKind*(workload::LayerId layer, const tiling::Tile& tile, hardware::CoreId core)>;

/// Of a tensor, by memory.
using Regions = std::map<std::size_t, Region>;

/// Least boxes of a tensor that the tiles of some steps touch, by rising step.
struct Course {
    std::vector<std::size_t> steps;
    std::vector<Box> boxes;
};

struct Footprint {
    bool runs = true;  ///< false: some tile has no mapping
    double steps = 1;
    std::vector<Load> work;
    double tile = 0;                                   ///< cycles of the longest tile
    std::map<workload::TensorId, Regions> needs;       ///< all that it reads
    std::map<workload::TensorId, Regions> firstNeeds;  ///< its first step
    std::map<workload::TensorId, Course> readCourse;
    Regions written;
    Course writeCourse;
};

/// Steps of very fine cuts are sampled evenly: at most `kMostSampled` for costs and for courses.
inline constexpr std::size_t kMostSampled = 64;

Footprint footprintOf(const workload::Workload& workload, workload::LayerId layer, const fusion::LayerPlan& plan,
                      const fusion::Memories& memories, const CostOf& cost);

}  // namespace millrace::steady
