#include "explore/search/allocation.h"

#include <algorithm>
#include <set>

#include "explore/mapping/cores.h"
#include "explore/mapping/loops.h"

namespace millrace::search {

using hardware::CoreId;

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
    const mapping::MappingEntry* entry = mapping == nullptr ? nullptr : mapping->find(layer.name, layer.type);
    const std::vector<CoreId> named = mapping::namedCores(layer, entry);
    const std::vector<CoreId> cores = mapping::allowedCores(layer, chip, mapping);
    std::optional<workload::DimIndex> dim;
    if (entry != nullptr && !entry->interCoreTiling.empty()) {
        dim = mapping::resolve(layer, *entry, entry->interCoreTiling.front());
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
