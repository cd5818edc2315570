#include "tiling/random_workload.h"

#include <stdexcept>

#include "explore/workload/lower.h"
#include "workload/randomnet.h"

namespace millrace::test {

workload::Workload randomSmallWorkload(Rng& rng) {
    RandomNetLimits limits;
    limits.leastSide = 1;
    limits.mostSide = 10;
    limits.mostChannels = 6;
    limits.leastSteps = 1;
    limits.mostSteps = 12;
    limits.moving = 3;
    Net net;
    RandomNet(net, rng, limits).build();
    Diagnostics diagnostics;
    workload::LowerOptions options;
    options.fuseActivations = rng.below(2) == 0;
    auto workload = workload::lower(net.network, options, diagnostics);
    if (!workload || !workload::verify(*workload, diagnostics)) throw std::logic_error(diagnostics.text());
    return std::move(*workload);
}

std::vector<Interval> randomTile(const workload::Layer& layer, Rng& rng) {
    std::vector<Interval> tile;
    for (const workload::LoopDim& dim : layer.dims) {
        const std::int64_t begin = rng.between(0, dim.size - 1);
        switch (rng.below(4)) {
            case 0: tile.push_back({0, dim.size}); break;
            case 1: tile.push_back({begin, begin + 1}); break;
            default: tile.push_back({begin, rng.between(begin + 1, dim.size)});
        }
    }
    return tile;
}

}  // namespace millrace::test
