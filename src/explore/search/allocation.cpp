#include "explore/search/allocation.h"

#include <algorithm>
#include <set>

#include "explore/mapping/cores.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/splits.h"

namespace millrace::search {

using hardware::CoreId;

Allocation splitOver(const workload::Layer& layer, const std::vector<tiling::Split>& splits,
                     const std::vector<CoreId>& cores) {
    Allocation allocation{{}, splits, cores};
    const std::vector<tiling::Split> slowestFirst(splits.rbegin(), splits.rend());
    for (const tiling::Tile& region : tiling::grid(tiling::wholeLayer(layer), slowestFirst)) {
        allocation.parts.push_back({cores[allocation.parts.size() % cores.size()], region});
    }
    return allocation;
}

/// On each block of cores with a core for each part.
static void splitOverBlocks(const workload::Layer& layer, const std::vector<tiling::Split>& splits,
                            const std::vector<CoreId>& cores, std::vector<Allocation>& result) {
    std::size_t block = 1;
    for (const tiling::Split& split : splits)
        block = std::min(block * static_cast<std::size_t>(split.parts), cores.size());
    for (std::size_t first = 0; first + block <= cores.size(); first += block) {
        const auto begin = cores.begin() + static_cast<std::ptrdiff_t>(first);
        result.push_back(splitOver(layer, splits, {begin, begin + static_cast<std::ptrdiff_t>(block)}));
    }
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
    const mapping::MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    const std::vector<CoreId> named = mapping::namedCores(layer, entry);
    const std::vector<CoreId> cores = mapping::allowedCores(layer, chip, mapping);
    const bool several = entry != nullptr && entry->interCoreTiling.size() > 1;
    std::optional<workload::DimIndex> dim;
    if (entry != nullptr && !entry->interCoreTiling.empty())
        dim = mapping::resolve(layer, *entry, entry->interCoreTiling.front());
    if (entry != nullptr && entry->allocationIsFixed && named.size() > 1) {
        if (several) return {splitOver(layer, tiling::interSplits(layer, *entry, named.size()), named)};
        if (!dim) dim = defaultSplitDim(layer);
        std::vector<tiling::Split> splits;
        if (dim) splits.push_back({*dim, static_cast<std::int64_t>(named.size())});
        return {splitOver(layer, splits, named)};
    }
    std::vector<Allocation> result;
    if (several) {
        splitOverBlocks(layer, tiling::interSplits(layer, *entry, cores.size()), cores, result);
        return result;
    }
    std::vector<std::int64_t> counts{1};
    if (dim) counts = partCounts(entry->interCoreTiling.front(), layer.dims[*dim].size, cores.size());
    for (const std::int64_t count : counts) {
        std::vector<tiling::Split> splits;
        if (count > 1) splits.push_back({*dim, count});
        splitOverBlocks(layer, splits, cores, result);
    }
    return result;
}

}  // namespace millrace::search
