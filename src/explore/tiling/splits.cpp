#include "explore/tiling/splits.h"

#include <algorithm>

#include "explore/mapping/loops.h"

namespace millrace::tiling {

using mapping::MappingEntry;
using mapping::Tiling;
using workload::DimIndex;
using workload::Layer;

std::int64_t partsOf(const std::vector<Split>& splits, DimIndex dim) {
    const auto split = std::find_if(splits.begin(), splits.end(), [&](const Split& s) { return s.dim == dim; });
    return split == splits.end() ? 1 : split->parts;
}

void addSplit(std::vector<Split>& splits, DimIndex dim, std::int64_t parts, std::int64_t most) {
    const std::int64_t before = partsOf(splits, dim);
    const std::int64_t after = std::min(parts > most / before ? most : before * parts, most);
    if (after <= 1) return;
    const auto split = std::find_if(splits.begin(), splits.end(), [&](const Split& s) { return s.dim == dim; });
    if (split == splits.end()) {
        splits.push_back({dim, after});
    } else {
        split->parts = after;
    }
}

std::int64_t partsOf(const std::vector<Split>& splits) {
    std::int64_t result = 1;
    for (const Split& split : splits) result *= split.parts;
    return result;
}

static std::int64_t wanted(const Tiling& tiling, std::int64_t most, std::int64_t star) {
    switch (tiling.kind) {
        case Tiling::Kind::parts: return tiling.parts;
        case Tiling::Kind::all: return most;
        case Tiling::Kind::wildcard: return star;
    }
    return 1;
}

std::vector<Split> intraSplits(const Layer& layer, const MappingEntry& entry, const std::vector<Split>& inter,
                               std::int64_t star) {
    std::vector<Split> splits;
    for (const Tiling& tiling : entry.intraCoreTiling) {
        const auto dim = mapping::resolve(layer, entry, tiling);
        if (!dim) continue;
        const std::int64_t most = layer.dims[*dim].size / partsOf(inter, *dim);
        addSplit(splits, *dim, wanted(tiling, most, star), most);
    }
    return splits;
}

std::vector<Split> interSplits(const Layer& layer, const MappingEntry& entry, std::size_t cores) {
    auto free = static_cast<std::int64_t>(cores);
    for (const Tiling& tiling : entry.interCoreTiling) {
        const auto dim = mapping::resolve(layer, entry, tiling);
        if (!dim || tiling.kind == Tiling::Kind::wildcard) continue;
        free /= std::min(wanted(tiling, layer.dims[*dim].size, 1), free + 1);
    }
    std::vector<Split> splits;
    for (const Tiling& tiling : entry.interCoreTiling) {
        const auto dim = mapping::resolve(layer, entry, tiling);
        if (!dim) continue;
        const std::int64_t size = layer.dims[*dim].size;
        addSplit(splits, *dim, wanted(tiling, size, std::max<std::int64_t>(free, 1)), size);
        if (tiling.kind == Tiling::Kind::wildcard) free = 1;
    }
    return splits;
}

}  // namespace millrace::tiling
