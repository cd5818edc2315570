#include "explore/platform/costs.h"

#include <algorithm>
#include <cmath>

#include "explore/cost/nest.h"
#include "explore/platform/binding.h"

namespace millrace::platform {

cost::Corrections tileCorrections() {
    cost::Corrections corrections;
    corrections.add(cost::Correction::shares);
    return corrections;
}

TileCosts::TileCosts(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
                     explore::Objective objective, int lpfLimit, std::shared_ptr<mapper::Cache> cache,
                     cost::Corrections corrections)
    : workload_(workload),
      chip_(chip),
      mapping_(mapping),
      cache_(cache ? std::move(cache) : std::make_shared<mapper::Cache>()) {
    options_.objective = objective;
    options_.lpfLimit = lpfLimit;
    options_.corrections = corrections;
}

/// What tells tiles of a layer apart for the cost model: sizes, and how much of each input really exists.
static std::vector<std::int64_t> shapeOf(const workload::Layer& tile) {
    std::vector<std::int64_t> shape;
    for (const workload::LoopDim& dim : tile.dims) shape.push_back(dim.size);
    for (const workload::Operand& operand : tile.inputs) {
        for (const workload::Axis& axis : operand.axes) shape.push_back(axis.extent);
    }
    return shape;
}

/// A given loop order names sizes of the whole layer; for a tile of it, it says nothing.
static bool isWhole(const workload::Layer& layer, const workload::Layer& tile) {
    return std::equal(layer.dims.begin(), layer.dims.end(), tile.dims.begin(),
                      [](const workload::LoopDim& a, const workload::LoopDim& b) { return a.size == b.size; });
}

const explore::TileKind* TileCosts::cost(workload::LayerId layer, const tiling::Tile& tile, hardware::CoreId core) {
    const workload::Layer& whole = workload_.layers[layer];
    const workload::Layer part = tiling::tileLayer(whole, tile);
    Known& known = this->known(Key{layer, core, shapeOf(part)});
    const std::lock_guard lock(known.asking);
    if (!known.asked) ask(whole, part, core, known);
    known.asked = true;
    if (known.kind) return &*known.kind;
    const std::lock_guard reasonLock(mutex_);
    reason_ = known.reason;
    return nullptr;
}

std::string TileCosts::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

TileCosts::Known& TileCosts::known(Key key) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Known>& known = known_[std::move(key)];
    if (!known) known = std::make_unique<Known>();
    return *known;
}

void TileCosts::ask(const workload::Layer& layer, const workload::Layer& tile, hardware::CoreId core, Known& known) {
    Diagnostics diagnostics;
    const auto nest = cost::nestOf(tile, diagnostics);
    std::optional<mapper::Mapping> mapping;
    if (nest) {
        const bool whole = isWhole(layer, tile);
        mapping = cache_->map(requestFor(*nest, layer, whole, chip_.cores[core], mapping_, options_), diagnostics);
    }
    if (!mapping) {
        known.reason = diagnostics.all().empty() ? "no mapping" : diagnostics.all().back().message;
        return;
    }
    explore::TileKind& kind = known.kind.emplace();
    for (const workload::LoopDim& dim : tile.dims) kind.sizes.push_back(dim.size);
    kind.core = core;
    // ZigZag's loads may borrow more than they have (docs/differences.md); no tile ends before its last pass.
    kind.loadCycles = std::max(0.0, mapping->onloadCycles + mapping->offloadCycles);
    const double cycles = mapping->spatialCycles + mapping->stallCycles + kind.loadCycles;
    kind.duration = Cycles(std::max<std::int64_t>(1, std::llround(std::ceil(cycles))));
    kind.energy = Picojoules(mapping->energy);
    kind.arrayEnergy = Picojoules(mapping->arrayEnergy);
    kind.idealCycles = mapping->idealCycles;
    kind.spatialCycles = mapping->spatialCycles;
    kind.stallCycles = mapping->stallCycles;
    kind.spatial = mapper::spatialText(*mapping);
    kind.temporal = mapper::temporalText(*mapping);
    for (const double energy : mapping->memoryEnergy) kind.memoryEnergy.push_back(Picojoules(energy));
}

}  // namespace millrace::platform
