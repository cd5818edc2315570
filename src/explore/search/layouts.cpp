#include "explore/search/layouts.h"

#include <algorithm>
#include <cmath>

#include "explore/bounds/work.h"
#include "explore/fusion/axes.h"
#include "explore/tiling/splits.h"

namespace millrace::search {

using hardware::CoreId;
using workload::DimIndex;
using workload::Layer;

namespace {

/// Longest list of cores with unequal shares.
constexpr std::size_t kMostShares = 16;

struct Kind {
    double rate = 1;
    std::int64_t bits = 0;
    std::vector<CoreId> cores;
};

std::vector<Kind> kindsOf(const Layer& layer, const std::vector<CoreId>& allowed, const hardware::Chip& chip,
                          const mapping::Mapping* mapping) {
    std::vector<Kind> kinds;
    for (const CoreId core : allowed) {
        Kind kind{bounds::peakRate(layer, chip.cores[core], mapping), 0, {}};
        for (const hardware::Memory& memory : chip.cores[core].memories) kind.bits += memory.size.value();
        const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& other) {
            return other.rate == kind.rate && other.bits == kind.bits;
        });
        (same == kinds.end() ? kinds.emplace_back(kind) : *same).cores.push_back(core);
    }
    std::stable_sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return a.rate > b.rate; });
    return kinds;
}

/// Each core as often as it is faster than the slowest of the list.
std::vector<CoreId> shares(const std::vector<Kind>& kinds) {
    std::vector<CoreId> list;
    const double slowest = kinds.back().rate;
    for (const Kind& kind : kinds) {
        const auto times = static_cast<std::size_t>(std::llround(std::min(kind.rate / slowest, 1e6)));
        for (const CoreId core : kind.cores) {
            if (list.size() + times > kMostShares) return {};
            list.insert(list.end(), times, core);
        }
    }
    return list;
}

std::vector<std::vector<CoreId>> coreLists(const std::vector<Kind>& kinds, const std::vector<CoreId>& allowed) {
    std::vector<std::vector<CoreId>> lists;
    for (const Kind& kind : kinds) {
        for (std::size_t size = kind.cores.size(); size >= 1; --size) {
            for (std::size_t first = 0; first + size <= kind.cores.size(); first += size) {
                const auto begin = kind.cores.begin() + static_cast<std::ptrdiff_t>(first);
                lists.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
            }
        }
    }
    if (kinds.size() > 1) {
        lists.push_back(allowed);
        auto unequal = shares(kinds);
        if (unequal.size() > allowed.size()) lists.push_back(std::move(unequal));
    }
    return lists;
}

bool mayBeCut(const Layer& layer, DimIndex dim) {
    const workload::LoopDim& loop = layer.dims[dim];
    return loop.size > 1 && loop.kind == workload::DimKind::parallel && tiling::writes(layer, dim) &&
           loop.name[0] != 'P';
}

void addLayouts(const Layer& layer, const std::vector<CoreId>& cores, std::vector<Layout>& layouts) {
    const auto parts = static_cast<std::int64_t>(cores.size());
    if (parts == 1) {
        layouts.push_back({{}, cores});
        return;
    }
    for (DimIndex one = 0; one < layer.dims.size(); ++one) {
        if (!mayBeCut(layer, one)) continue;
        if (layer.dims[one].size >= parts) layouts.push_back({{{one, parts}}, cores});
        for (DimIndex two = one + 1; two < layer.dims.size(); ++two) {
            if (!mayBeCut(layer, two)) continue;
            for (std::int64_t first = 2; first < parts; ++first) {
                const std::int64_t second = parts / first;
                if (first * second != parts || layer.dims[one].size < first || layer.dims[two].size < second) continue;
                layouts.push_back({{{one, first}, {two, second}}, cores});
            }
        }
    }
}

}  // namespace

std::vector<Layout> layoutsOf(const Layer& layer, const std::vector<CoreId>& allowed, const hardware::Chip& chip,
                              const mapping::Mapping* mapping) {
    std::vector<Layout> all;
    for (const std::vector<CoreId>& cores : coreLists(kindsOf(layer, allowed, chip, mapping), allowed)) {
        addLayouts(layer, cores, all);
    }
    if (all.size() <= kMostLayouts) return all;
    std::vector<Layout> some;
    for (std::size_t i = 0; i < kMostLayouts; ++i) some.push_back(std::move(all[i * all.size() / kMostLayouts]));
    return some;
}

}  // namespace millrace::search
