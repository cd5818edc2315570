#include "explore/fusion/layout.h"

#include <algorithm>
#include <functional>

#include "explore/bounds/work.h"
#include "explore/mapping/cores.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using hardware::CoreId;
using mapping::MappingEntry;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

/// The option that speaks for a layer: by name or number, by type, or for all; of equals the last.
template <class Has>
static const MappingEntry* optionFor(const Layer& layer, LayerId id, const PlanOptions& options, Has has) {
    for (const std::string& name : {layer.name, std::to_string(id.index()), layer.type, std::string("default")}) {
        for (auto entry = options.tiles.rbegin(); entry != options.tiles.rend(); ++entry) {
            if (entry->name == name && has(*entry)) return &*entry;
        }
    }
    return nullptr;
}

Wish wishFor(const workload::Workload& workload, LayerId id, const mapping::Mapping* mapping,
             const PlanOptions& options) {
    const Layer& layer = workload.layers[id];
    Wish wish;
    wish.entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    const auto cutsOverCores = [](const MappingEntry& entry) { return !entry.interCoreTiling.empty(); };
    const auto cutsInTime = [](const MappingEntry& entry) { return !entry.intraCoreTiling.empty(); };
    wish.inter = optionFor(layer, id, options, cutsOverCores);
    wish.intra = optionFor(layer, id, options, cutsInTime);
    wish.intraIsOption = wish.intra != nullptr;
    if (wish.inter == nullptr && wish.entry != nullptr && cutsOverCores(*wish.entry)) wish.inter = wish.entry;
    if (wish.intra == nullptr && wish.entry != nullptr && cutsInTime(*wish.entry)) wish.intra = wish.entry;
    return wish;
}

CoreChoice::CoreChoice(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping)
    : workload_(workload), chip_(chip), mapping_(mapping), busy_(chip.cores.size(), 0.0) {}

void CoreChoice::takeLeastBusy(const std::vector<CoreId>& cores, LayerPlan& plan) const {
    const auto parts = static_cast<std::size_t>(std::min<std::int64_t>(plan.parts(), 1 << 30));
    const std::size_t block = std::min(parts, cores.size());
    double least = 0;
    for (std::size_t first = 0; first + block <= cores.size(); first += block) {
        double work = 0;
        for (std::size_t i = first; i < first + block; ++i) work += busy_[cores[i]];
        if (first > 0 && work >= least) continue;
        least = work;
        const auto begin = cores.begin() + static_cast<std::ptrdiff_t>(first);
        plan.cores.assign(begin, begin + static_cast<std::ptrdiff_t>(block));
    }
}

/// The first of these loops that has something to divide without summing up across cores.
static std::optional<DimIndex> loop(const Layer& layer, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        const auto dim = layer.dim(name);
        if (!dim || layer.dims[*dim].size == 1) continue;
        if (layer.dims[*dim].kind == workload::DimKind::parallel) return dim;
    }
    return std::nullopt;
}

void CoreChoice::byList(const Layer& layer, const Wish& wish, const std::vector<CoreId>& list, LayerPlan& plan) const {
    plan.cores = list;
    if (wish.inter != nullptr && wish.inter->interCoreTiling.size() > 1) {
        plan.inter = tiling::interSplits(layer, *wish.inter, list.size());
        return;
    }
    std::optional<DimIndex> dim;
    if (wish.inter != nullptr) dim = mapping::resolve(layer, *wish.inter, wish.inter->interCoreTiling.front());
    if (!dim) dim = loop(layer, {"G", "H", "K"});
    if (dim) tiling::addSplit(plan.inter, *dim, static_cast<std::int64_t>(list.size()), layer.dims[*dim].size);
}

/// How far the array of a core needs the loop to be full; 1 if that is not known.
std::int64_t CoreChoice::unrolled(const Layer& layer, CoreId core, std::string_view loop) const {
    const hardware::Core& chosen = chip_.cores[core];
    std::int64_t product = 1;
    for (const hardware::Dataflow& dataflow : chosen.dataflows) {
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            if (unrolling.loop == loop) product *= unrolling.factor;
        }
    }
    if (!chosen.dataflows.empty() || mapping::workOf(layer) != mapping::Work::matrix || loop != "K") return product;
    for (const hardware::ArrayDimension& dimension : chosen.array.dimensions)
        product = std::max(product, dimension.size);
    return product;
}

void CoreChoice::byDefault(const Layer& layer, const std::vector<CoreId>& cores, LayerPlan& plan) const {
    const auto count = static_cast<std::int64_t>(cores.size());
    const auto channels = loop(layer, {"G", "K"});
    const auto rows = loop(layer, {"OY", "D", "H", "OX", "B"});
    const std::int64_t rowSize = rows ? layer.dims[*rows].size : 1;
    std::int64_t channelMost = 1;
    if (channels) {
        const workload::LoopDim& dim = layer.dims[*channels];
        channelMost = std::max<std::int64_t>(dim.size / unrolled(layer, cores.front(), dim.name), 1);
    }
    std::int64_t bestChannels = 1;
    std::int64_t bestRows = 1;
    for (std::int64_t parts = std::min(count, channelMost); parts >= 1; --parts) {
        if (count % parts != 0) continue;
        const std::int64_t other = std::min(count / parts, rowSize);
        if (parts * other <= bestChannels * bestRows) continue;
        bestChannels = parts;
        bestRows = other;
    }
    if (channels) tiling::addSplit(plan.inter, *channels, bestChannels, layer.dims[*channels].size);
    if (rows) tiling::addSplit(plan.inter, *rows, bestRows, rowSize);
}

/// Parts are equal, so that a slow core holds the fast ones up: the fastest cores, as many of them as finish first.
static std::vector<CoreId> worthUsing(const Layer& layer, const hardware::Chip& chip, const mapping::Mapping* mapping,
                                      const std::vector<CoreId>& cores) {
    std::vector<double> rates;
    for (const CoreId core : cores) rates.push_back(bounds::peakRate(layer, chip.cores[core], mapping));
    std::vector<double> sorted = rates;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    double best = 0;
    double slowest = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const double together = static_cast<double>(i + 1) * sorted[i];
        if (together < best) continue;
        best = together;
        slowest = sorted[i];
    }
    std::vector<CoreId> result;
    for (std::size_t i = 0; i < cores.size(); ++i) {
        if (rates[i] >= slowest) result.push_back(cores[i]);
    }
    return result;
}

void CoreChoice::choose(LayerId id, const Wish& wish, LayerPlan& plan) {
    const Layer& layer = workload_.layers[id];
    const std::vector<CoreId> named = mapping::namedCores(layer, wish.entry);
    std::vector<CoreId> allowed = mapping::allowedCores(layer, chip_, mapping_);
    if (named.empty()) allowed = worthUsing(layer, chip_, mapping_, allowed);
    plan.inter.clear();
    if (wish.entry != nullptr && wish.entry->allocationIsFixed && named.size() > 1) {
        byList(layer, wish, named, plan);
    } else {
        if (wish.inter != nullptr) {
            plan.inter = tiling::interSplits(layer, *wish.inter, allowed.size());
        } else {
            byDefault(layer, allowed, plan);
        }
        takeLeastBusy(allowed, plan);
    }
    const auto used = static_cast<std::size_t>(std::min(plan.parts(), static_cast<std::int64_t>(plan.cores.size())));
    const double share = static_cast<double>(layer.operations()) / static_cast<double>(used);
    for (std::size_t i = 0; i < used; ++i) busy_[plan.cores[i]] += share;
}

}  // namespace millrace::fusion
