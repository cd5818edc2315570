#include "explore/fusion/plancheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "explore/fusion/reads.h"
#include "explore/mapping/cores.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using mapping::MappingEntry;
using mapping::Tiling;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

namespace {

constexpr std::int64_t kMostTiles = std::int64_t{1} << 31;
constexpr std::size_t kMostLoops = 8;

std::vector<const Layer*> layersOf(const workload::Workload& workload, const MappingEntry& option) {
    std::vector<const Layer*> result;
    for (const Layer& layer : workload.layers) {
        if (layer.name == option.name || layer.type == option.name || option.name == "default")
            result.push_back(&layer);
    }
    if (!result.empty()) return result;
    const auto numbered = findLayer(workload, option.name);
    if (numbered) result.push_back(&workload.layers[*numbered]);
    return result;
}

std::string loopsOf(const Layer& layer) {
    std::string text;
    for (const workload::LoopDim& dim : layer.dims)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", dim.name, dim.size);
    return text;
}

void checkOption(const workload::Workload& workload, const MappingEntry& option, Diagnostics& diagnostics) {
    const auto layers = layersOf(workload, option);
    if (layers.empty()) {
        std::vector<std::string> names;
        for (const Layer& layer : workload.layers) names.insert(names.end(), {layer.name, layer.type});
        const std::string close = nearestName(option.name, names);
        diagnostics.error(option.where,
                          fmt::format("the workload '{}' has no layer and no type '{}'", workload.name, option.name),
                          close.empty() ? "" : fmt::format("did you mean '{}'?", close));
        return;
    }
    for (const auto* list : {&option.intraCoreTiling, &option.interCoreTiling}) {
        for (const Tiling& tiling : *list) {
            std::int64_t longest = 0;
            for (const Layer* layer : layers) {
                if (const auto dim = mapping::resolve(*layer, option, tiling))
                    longest = std::max(longest, layer->dims[*dim].size);
            }
            if (longest > 0 && tiling.kind == Tiling::Kind::parts && tiling.parts > longest) {
                diagnostics.warning(option.where, fmt::format("{} is to be cut into {} parts: it has {} steps at most",
                                                              tiling.dim, tiling.parts, longest));
            }
            if (longest > 0) continue;
            diagnostics.error(option.where, fmt::format("'{}' has no loop {}: layer '{}' has {}", option.name,
                                                        tiling.dim, layers.front()->name, loopsOf(*layers.front())));
        }
    }
}

/// Places of files of 2026; names of loops that a layer lacks are no mistake.
void checkPlaces(const Layer& layer, const MappingEntry& entry, Diagnostics& diagnostics) {
    for (const auto* list : {&entry.intraCoreTiling, &entry.interCoreTiling}) {
        for (const Tiling& tiling : *list) {
            if (!tiling.place || mapping::resolve(layer, entry, tiling)) continue;
            diagnostics.error(entry.where,
                              fmt::format("entry '{}' cuts {}, which layer '{}' ({}) does not have", entry.name,
                                          tiling.dim, layer.name, layer.type),
                              fmt::format("its loops are {}", mapping::placesText(layer)));
        }
    }
}

/// What is fixed is not asked for.
void checkFixed(const mapping::Mapping& mapping, const PlanOptions& options, Diagnostics& diagnostics) {
    const bool stacks = options.stacking != Stacking::automatic;
    if (!mapping.isFixed() || (options.tiles.empty() && !stacks)) return;
    diagnostics.error(mapping.schedule->where,
                      fmt::format("the mapping fixes the schedule, but {} to be chosen by hand as well",
                                  stacks ? "stacks are" : "tiles are"),
                      "leave the option out, or 'fixed: true' of 'schedule'");
}

}  // namespace

bool checkAsked(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
                const PlanOptions& options, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    if (mapping != nullptr) mapping::check(*mapping, chip, diagnostics);
    if (mapping != nullptr) checkFixed(*mapping, options, diagnostics);
    for (const MappingEntry& option : options.tiles) checkOption(workload, option, diagnostics);
    for (const Layer& layer : workload.layers) {
        const MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
        if (entry != nullptr) checkPlaces(layer, *entry, diagnostics);
        if (!mapping::checkNamedCores(layer, chip, diagnostics)) continue;
        if (!mapping::allowedCores(layer, chip, mapping).empty()) continue;
        diagnostics.infeasible(
            layer.where,
            fmt::format("no core of the chip '{}' runs layer '{}' of type {}", chip.name, layer.name, layer.type),
            fmt::format("allow it a core in the mapping file, or add {} to a core's operator_types", layer.type));
    }
    return diagnostics.failures() == before;
}

namespace {

/// The first loop of an output axis that is cut although the loops outside of it are not cut to single steps: such a
/// tile writes parts with holes between them. Example: K inside of the G of grouped convolutions.
std::optional<DimIndex> holeMaker(const Layer& layer, const LayerPlan& plan) {
    const auto parts = [&](DimIndex dim) {
        return tiling::partsOf(plan.inter, dim) * tiling::partsOf(plan.intra, dim);
    };
    for (const workload::Axis& axis : layer.output.axes) {
        for (const workload::AffineTerm& inner : axis.index.terms) {
            if (parts(inner.dim) == 1) continue;
            for (const workload::AffineTerm& outer : axis.index.terms) {
                const bool outside = std::abs(outer.coefficient) > std::abs(inner.coefficient);
                if (outside && parts(outer.dim) < layer.dims[outer.dim].size) return inner.dim;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

bool checkGrid(const Layer& layer, const LayerPlan& plan, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (const tiling::Split& split : plan.inter) {
        if (layer.dims[split.dim].kind != workload::DimKind::sequential) continue;
        diagnostics.error(layer.where,
                          fmt::format("layer '{}' is to be cut over cores along {}, but each step of {} needs the one "
                                      "before",
                                      layer.name, layer.dims[split.dim].name, layer.dims[split.dim].name));
    }
    if (const auto dim = holeMaker(layer, plan)) {
        diagnostics.error(layer.where,
                          fmt::format("layer '{}' is cut along {}, which would leave holes in its tiles' results",
                                      layer.name, layer.dims[*dim].name),
                          "cut the loop around it to single steps as well, or only that one");
    }
    std::set<DimIndex> loops;
    double tiles = 1;
    for (const auto* list : {&plan.inter, &plan.intra}) {
        for (const tiling::Split& split : *list) {
            loops.insert(split.dim);
            tiles *= static_cast<double>(split.parts);
        }
    }
    if (tiles > static_cast<double>(kMostTiles) || loops.size() > kMostLoops) {
        diagnostics.error(layer.where,
                          fmt::format("layer '{}' is cut into {:.0f} tiles along {} loops: at most {} tiles and {} "
                                      "loops are possible",
                                      layer.name, tiles, loops.size(), kMostTiles, kMostLoops),
                          "cut it into fewer parts");
    }
    return diagnostics.failures() == before;
}

bool checkGrids(const workload::Workload& workload, const Plan& plan, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (const LayerId id : workload.layers.ids()) checkGrid(workload.layers[id], plan.layers[id], diagnostics);
    return diagnostics.failures() == before;
}

}  // namespace millrace::fusion
