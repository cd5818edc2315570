#include "explore/mapping/loops.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/mapping/cores.h"

namespace millrace::mapping {

using workload::DimIndex;
using workload::Layer;

static bool speaksStream(const Layer& layer, const MappingEntry& entry) {
    if (workOf(layer) != Work::elementwise || layer.dim("H") || layer.dim("D") || !layer.dim("OY")) return false;
    const auto foreign = [](const Tiling& tiling) { return tiling.dim == "H" || tiling.dim == "D"; };
    return std::any_of(entry.intraCoreTiling.begin(), entry.intraCoreTiling.end(), foreign) ||
           std::any_of(entry.interCoreTiling.begin(), entry.interCoreTiling.end(), foreign);
}

static std::optional<DimIndex> named(const Layer& layer, std::string_view name) {
    const auto groups = layer.dim("G");
    if (name == "K" && groups && layer.dims[*groups].size > 1) return groups;
    return layer.dim(name);
}

std::optional<DimIndex> resolve(const Layer& layer, const MappingEntry& entry, const Tiling& tiling) {
    if (tiling.place) {
        const auto all = places(layer);
        return *tiling.place < all.size() ? all[*tiling.place] : std::nullopt;
    }
    if (speaksStream(layer, entry)) {
        if (tiling.dim == "H") return layer.dim("K");
        if (tiling.dim == "D") return layer.dim("OY");
        if (tiling.dim == "K") return layer.dim("OX");
    }
    return named(layer, tiling.dim);
}

/// Matrix products: rows, contraction, columns for Gemm; batch axes, rows, columns, contraction for MatMul.
static std::vector<std::string> productLoops(const Layer& layer) {
    std::vector<std::string> batch;
    for (const workload::LoopDim& dim : layer.dims) {
        if (dim.name != "C" && dim.name != "D" && dim.name != "K") batch.push_back(dim.name);
    }
    std::string rows = "D";
    if (!layer.dim("D") && !batch.empty()) {
        rows = batch.back();
        batch.pop_back();
    }
    if (layer.type == "Gemm") return {rows, "C", "K"};
    batch.insert(batch.end(), {rows, "K", "C"});
    return batch;
}

static std::vector<std::string> streamLoops(const Layer& layer) {
    switch (workOf(layer)) {
        case Work::pooling: return {"B", "K", "OY", "OX", "FY", "FX"};
        case Work::matrix:
            if (layer.dim("OY") || layer.dim("OX")) return {"B", "OX", "OY", "FX", "FY", "C", "K"};
            return productLoops(layer);
        case Work::elementwise: break;
    }
    std::vector<std::string> axes;
    for (const workload::LoopDim& dim : layer.dims) axes.push_back(dim.name);
    return axes;
}

std::vector<std::optional<DimIndex>> places(const Layer& layer) {
    std::vector<std::optional<DimIndex>> result;
    for (const std::string& name : streamLoops(layer)) result.push_back(named(layer, name));
    return result;
}

std::string placesText(const Layer& layer) {
    std::string result;
    const std::vector<std::string> names = streamLoops(layer);
    for (std::size_t i = 0; i < names.size(); ++i)
        result += fmt::format("{}D{} {}", i == 0 ? "" : ", ", i, layer.dim(names[i]) ? names[i] : "(none)");
    return result;
}

}  // namespace millrace::mapping
