#include "explore/mapper/prepare.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/cost/spatial.h"
#include "explore/mapper/describe.h"

namespace millrace::mapper {

static bool checkSpatial(const Request& request, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    std::vector<bool> seen(request.core.array.dimensions.size(), false);
    for (const hardware::Dataflow& flow : request.spatial) {
        if (flow.dimension >= seen.size()) {
            diagnostics.error(
                {}, fmt::format("layer '{}': the spatial mapping names array dimension number {}, but core '{}' has {}",
                                request.nest.name, flow.dimension + 1, request.core.name, seen.size()));
        } else if (seen[flow.dimension]) {
            diagnostics.error({},
                              fmt::format("layer '{}': the spatial mapping names array dimension {} twice",
                                          request.nest.name, request.core.array.dimensions[flow.dimension].name),
                              "list all of its loops in one entry");
        } else {
            seen[flow.dimension] = true;
        }
    }
    return diagnostics.failures() == before;
}

std::unique_ptr<Prepared> Prepared::make(const Request& request, Diagnostics& diagnostics) {
    if (!checkSpatial(request, diagnostics)) return nullptr;
    auto prepared = std::unique_ptr<Prepared>(new Prepared(request));
    prepared->nest_ = request.nest;
    prepared->nest_.corrections = request.options.corrections;
    prepared->machine_ = cost::machineOf(prepared->nest_, request.core, diagnostics);
    return prepared->machine_ ? std::move(prepared) : nullptr;
}

bool Prepared::add(const std::vector<hardware::Dataflow>& flows, Diagnostics& diagnostics) {
    const cost::SpatialPair spatial = cost::spatialOf(nest_, request_->core, *machine_, flows);
    auto orders = OrderSource::make(nest_, cost::temporalSizes(nest_, spatial.fractional), request_->temporal,
                                    request_->options.lpfLimit, diagnostics);
    if (!orders) return false;
    orders_.push_back(std::move(*orders));
    models_.push_back(std::make_unique<cost::Model>(nest_, *machine_, spatial));
    return true;
}

bool Prepared::has(const std::vector<hardware::Dataflow>& flows) const {
    return std::any_of(models_.begin(), models_.end(),
                       [&](const auto& model) { return model->spatial().chosen == flows; });
}

std::vector<cost::Loop> Prepared::primes(std::size_t candidate) const {
    return loopFactors(cost::temporalSizes(nest_, model(candidate).spatial().fractional), cost::kMaxLoops);
}

Best Prepared::zigzag(const Options& options) const {
    Best best;
    for (std::size_t i = 0; i < models_.size(); ++i) tryOrders(*models_[i], i, orders_[i], options, best);
    return best;
}

Mapping Prepared::describe(const Found& found) const {
    cost::TooSmall why;
    const cost::Model& chosen = model(found.candidate);
    return mapper::describe(*request_, chosen, found.order, *chosen.allocate(found.order, request_->options.even, why));
}

}  // namespace millrace::mapper
