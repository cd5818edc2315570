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
                     explore::Objective objective, int lpfLimit)
    : workload_(workload), chip_(chip), mapping_(mapping) {
    options_.objective = objective;
    options_.lpfLimit = lpfLimit;
    options_.corrections = tileCorrections();
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
    const auto [entry, isNew] = known_.try_emplace(Key{layer, core, shapeOf(part)});
    Known& known = entry->second;
    if (isNew) {
        known.kind = ask(whole, part, core);
        if (!known.kind) known.reason = reason_;
    }
    if (known.kind) return &*known.kind;
    reason_ = known.reason;
    return nullptr;
}

std::optional<explore::TileKind> TileCosts::ask(const workload::Layer& layer, const workload::Layer& tile,
                                                hardware::CoreId core) {
    Diagnostics diagnostics;
    const auto nest = cost::nestOf(tile, diagnostics);
    std::optional<mapper::Mapping> mapping;
    if (nest) {
        const bool whole = isWhole(layer, tile);
        mapping = cache_.map(requestFor(*nest, layer, whole, chip_.cores[core], mapping_, options_), diagnostics);
    }
    if (!mapping) {
        reason_ = diagnostics.all().empty() ? "no mapping" : diagnostics.all().back().message;
        return std::nullopt;
    }
    explore::TileKind kind;
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
    return kind;
}

}  // namespace millrace::platform
