#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "explore/search/scene.h"

/// Schedules whole layers instead of tiles: an estimate in microseconds.
namespace millrace::search {

/// Each layer is a bar on each of its cores, as long as its tiles there take one after another (the largest of each
/// kind for all). The layers of a stack run side by side: a stack takes as long as its busiest core, as the off-chip
/// port needs for its weights, inputs and results, or as its longest layer after what its producers need for their
/// first tiles. Stacks run one after another. No memory, no halos, no links between cores. Remembers what it asked of
/// each layer's plan; not for several threads at once.
class Coarse {
public:
    explicit Coarse(const Scene& scene);

    struct Estimate {
        double latency = 0;  ///< cycles; infinite if some tile has no mapping
        double energy = 0;   ///< pJ, of tiles and of what crosses the off-chip port
    };
    Estimate estimate(const fusion::Plan& plan);

private:
    struct Bars {
        std::vector<std::pair<std::size_t, double>> cores;  ///< core and its cycles
        double first = 0;                                   ///< cycles of one tile, of the slowest core
        double longest = 0;                                 ///< of the core that is busy longest
        double energy = 0;
        bool runs = true;
    };
    const Bars& bars(workload::LayerId layer, const fusion::LayerPlan& plan);
    Bars ask(workload::LayerId layer, const fusion::LayerPlan& plan) const;

    using Key = std::vector<std::int64_t>;
    const Scene& scene_;
    Table<workload::LayerId, std::map<Key, Bars>> known_;
    Table<workload::LayerId, std::vector<std::size_t>> producers_;  ///< layers
    Table<workload::LayerId, double> constants_;                    ///< bits of weights
    Table<workload::LayerId, double> results_;                      ///< bits
    double offchipBits_ = 1;                                        ///< a cycle
    double offchipEnergy_ = 0;                                      ///< pJ a bit, in or out
    std::vector<double> busy_;                                      ///< by core
    std::vector<double> begin_;                                     ///< by layer, within its stack
};

}  // namespace millrace::search
