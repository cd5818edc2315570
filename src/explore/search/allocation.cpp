#include "explore/search/allocation.h"

#include <algorithm>
#include <set>

namespace millrace::search {

using hardware::Core;
using hardware::CoreId;

Work workOf(const workload::Layer& layer) {
    if (!layer.elementwise) return Work::matrix;
    return layer.dim("FX") || layer.dim("FY") ? Work::pooling : Work::elementwise;
}

static bool unrolls(const Core& core, std::string_view loop) {
    for (const hardware::Dataflow& dataflow : core.dataflows) {
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            if (unrolling.loop == loop) return true;
        }
    }
    return false;
}

static bool madeFor(const Core& core, Work work) {
    switch (work) {
        case Work::matrix: return unrolls(core, "K") && (unrolls(core, "C") || unrolls(core, "D"));
        case Work::pooling: return unrolls(core, "FX") && unrolls(core, "FY");
        case Work::elementwise: {
            const auto& dimensions = core.array.dimensions;
            return std::count_if(dimensions.begin(), dimensions.end(), [](const auto& d) { return d.size > 1; }) <= 1;
        }
    }
    return false;
}

std::vector<CoreId> coresByKind(const workload::Layer& layer, const hardware::Chip& chip) {
    std::vector<CoreId> named;
    std::vector<CoreId> fitting;
    std::vector<CoreId> general;
    for (const CoreId id : chip.computeCores()) {
        const Core& core = chip.cores[id];
        if (core.array.units() == 0) continue;
        const auto& types = core.operatorTypes;
        if (std::find(types.begin(), types.end(), layer.type) != types.end()) named.push_back(id);
        if (!types.empty()) continue;
        general.push_back(id);
        if (madeFor(core, workOf(layer))) fitting.push_back(id);
    }
    if (!named.empty()) return named;
    return fitting.empty() ? general : fitting;
}

static const mapping::MappingEntry* entryOf(const workload::Layer& layer, const mapping::Mapping* mapping) {
    return mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
}

static std::vector<CoreId> toIds(const std::vector<std::int64_t>& numbers) {
    std::vector<CoreId> ids;
    for (const std::int64_t number : numbers) ids.push_back(CoreId(static_cast<std::size_t>(number)));
    return ids;
}

static std::vector<CoreId> namedCores(const workload::Layer& layer, const mapping::MappingEntry* entry) {
    if (!layer.mapping.coreAllocation.empty()) return toIds(layer.mapping.coreAllocation);
    return entry == nullptr ? std::vector<CoreId>{} : toIds(entry->coreAllocation);
}

static std::vector<CoreId> distinct(const std::vector<CoreId>& cores) {
    std::vector<CoreId> result;
    for (const CoreId core : cores) {
        if (std::find(result.begin(), result.end(), core) == result.end()) result.push_back(core);
    }
    return result;
}

std::vector<CoreId> allowedCores(const workload::Layer& layer, const hardware::Chip& chip,
                                 const mapping::Mapping* mapping) {
    const std::vector<CoreId> named = distinct(namedCores(layer, entryOf(layer, mapping)));
    return named.empty() ? coresByKind(layer, chip) : named;
}

static bool speaksStream(const workload::Layer& layer, const mapping::MappingEntry& entry) {
    if (workOf(layer) != Work::elementwise || layer.dim("H") || layer.dim("D") || !layer.dim("OY")) return false;
    const auto foreign = [](const mapping::Tiling& tiling) { return tiling.dim == "H" || tiling.dim == "D"; };
    return std::any_of(entry.intraCoreTiling.begin(), entry.intraCoreTiling.end(), foreign) ||
           std::any_of(entry.interCoreTiling.begin(), entry.interCoreTiling.end(), foreign);
}

std::optional<workload::DimIndex> resolveDim(const workload::Layer& layer, const mapping::MappingEntry& entry,
                                             std::string_view name) {
    if (speaksStream(layer, entry)) {
        if (name == "H") return layer.dim("K");
        if (name == "D") return layer.dim("OY");
        if (name == "K") return layer.dim("OX");
    }
    const auto dim = layer.dim(name);
    const auto groups = layer.dim("G");
    if (name == "K" && groups && layer.dims[*groups].size > 1) return groups;
    return dim;
}

static Allocation splitOver(const workload::Layer& layer, std::optional<workload::DimIndex> dim, std::int64_t parts,
                            const std::vector<CoreId>& cores) {
    Allocation allocation;
    const tiling::Tile whole = tiling::wholeLayer(layer);
    if (!dim) return {{cores.front(), whole}};
    for (const tiling::Tile& region : tiling::grid(whole, {{*dim, parts}})) {
        allocation.push_back({cores[allocation.size() % cores.size()], region});
    }
    return allocation;
}

/// The numbers of parts to be tried for the inter-core split of an entry.
static std::vector<std::int64_t> partCounts(const mapping::Tiling& tiling, std::int64_t size, std::size_t cores) {
    if (tiling.kind == mapping::Tiling::Kind::parts) return {std::clamp<std::int64_t>(tiling.parts, 1, size)};
    if (tiling.kind == mapping::Tiling::Kind::all) return {size};
    std::set<std::int64_t> counts;
    const std::int64_t most = std::min<std::int64_t>(size, static_cast<std::int64_t>(cores));
    for (std::int64_t n = 1; n <= most; n *= 2) counts.insert(n);
    counts.insert(most);
    return {counts.begin(), counts.end()};
}

/// The dimension a fixed list of several cores divides when the entry names none.
static std::optional<workload::DimIndex> defaultSplitDim(const workload::Layer& layer) {
    for (const char* name : {"G", "H", "K"}) {
        const auto dim = layer.dim(name);
        if (dim && layer.dims[*dim].size > 1) return dim;
    }
    return std::nullopt;
}

std::vector<Allocation> allocations(const workload::Layer& layer, const hardware::Chip& chip,
                                    const mapping::Mapping* mapping) {
    const mapping::MappingEntry* entry = entryOf(layer, mapping);
    const std::vector<CoreId> named = namedCores(layer, entry);
    const std::vector<CoreId> cores = allowedCores(layer, chip, mapping);
    std::optional<workload::DimIndex> dim;
    if (entry != nullptr && !entry->interCoreTiling.empty()) {
        dim = resolveDim(layer, *entry, entry->interCoreTiling.front().dim);
    }
    if (entry != nullptr && entry->allocationIsFixed && named.size() > 1) {
        if (!dim) dim = defaultSplitDim(layer);
        return {splitOver(layer, dim, static_cast<std::int64_t>(named.size()), named)};
    }
    std::vector<std::int64_t> counts{1};
    if (dim) counts = partCounts(entry->interCoreTiling.front(), layer.dims[*dim].size, cores.size());
    std::vector<Allocation> result;
    for (const std::int64_t count : counts) {
        const std::size_t block = std::min<std::size_t>(static_cast<std::size_t>(count), cores.size());
        for (std::size_t first = 0; first + block <= cores.size(); first += block) {
            const auto begin = cores.begin() + static_cast<std::ptrdiff_t>(first);
            result.push_back(splitOver(layer, count > 1 ? dim : std::nullopt, count,
                                       {begin, begin + static_cast<std::ptrdiff_t>(block)}));
        }
    }
    return result;
}

}  // namespace millrace::search
