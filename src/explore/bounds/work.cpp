#include "explore/bounds/work.h"

#include <algorithm>
#include <set>

#include "explore/cost/imc.h"
#include "explore/cost/nest.h"
#include "explore/platform/binding.h"
#include "explore/platform/writing.h"
#include "support/units.h"

namespace millrace::bounds {

using platform::Writing;

/// Longer axes are not enumerated; one index of them counts.
static constexpr std::int64_t kMostIndices = Writing::kMostPoints;

double peakRate(const workload::Layer& layer, const hardware::Core& core, const mapping::Mapping* mapping) {
    // By dimension of the array, and by loop: whichever is less.
    double byDimension = 1;
    double open = 1;
    std::vector<double> byLoop(layer.dims.size(), 1.0);
    std::set<std::size_t> given;
    for (const hardware::Dataflow& dataflow : platform::spatialOf(layer, core, mapping)) {
        const double most = static_cast<double>(core.array.dimensions.at(dataflow.dimension).size);
        double product = 1;
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            const auto dim = layer.dim(unrolling.loop);
            if (!dim) continue;
            const double size = static_cast<double>(layer.dims[*dim].size);
            const double useful = std::max(1.0, std::min({static_cast<double>(unrolling.factor), size, most}));
            byLoop[*dim] = std::min(byLoop[*dim] * useful, size);
            product *= useful;
        }
        given.insert(dataflow.dimension);
        byDimension *= std::min(product, most);
    }
    for (std::size_t i = 0; i < core.array.dimensions.size(); ++i) {
        if (!given.contains(i)) open *= static_cast<double>(core.array.dimensions[i].size);
    }
    double rate = 1;
    for (const double loop : byLoop) rate *= loop;
    rate = std::min(rate, byDimension) * open;
    const auto imc = cost::imcArrayOf(core);
    return std::max(rate, 1.0) / (imc ? static_cast<double>(imc->cyclesPerOperation()) : 1.0);
}

static void sortUnique(std::vector<std::int64_t>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// Different values in [0, extent) that the index takes over all points that write something.
static std::int64_t distinctIndices(const workload::Layer& layer, const Writing& writing, const workload::Axis& axis) {
    std::vector<std::int64_t> values{axis.index.offset};
    for (const workload::AffineTerm& term : axis.index.terms) {
        std::vector<std::int64_t> next;
        const std::int64_t size = layer.dims[term.dim].size;
        if (static_cast<std::int64_t>(values.size()) > kMostIndices / size) return 1;
        for (const std::int64_t value : values) {
            for (std::int64_t i = 0; i < size; ++i) {
                if (writing.at(term.dim, i)) next.push_back(value + term.coefficient * i);
            }
        }
        sortUnique(next);
        values = std::move(next);
    }
    std::vector<std::int64_t> inside;
    for (const std::int64_t value : values) {
        const std::int64_t divisor = axis.index.divisor;
        const std::int64_t index = (value - (value % divisor + divisor) % divisor) / divisor;
        if (index >= 0 && index < axis.extent) inside.push_back(index);
    }
    sortUnique(inside);
    return static_cast<std::int64_t>(inside.size());
}

bool sharesLoops(const workload::Operand& operand) {
    std::set<workload::DimIndex> seen;
    for (const workload::Axis& axis : operand.axes) {
        for (const workload::AffineTerm& term : axis.index.terms) {
            if (!seen.insert(term.dim).second) return true;
        }
    }
    return false;
}

std::int64_t touchedElements(const workload::Layer& layer, const workload::Operand& operand) {
    const Writing writing(layer);
    if (!writing.freeIn(operand)) return 0;
    std::int64_t product = 1;
    std::int64_t largest = 0;
    for (const workload::Axis& axis : operand.axes) {
        const std::int64_t distinct = distinctIndices(layer, writing, axis);
        product *= distinct;
        largest = std::max(largest, distinct);
    }
    if (product == 0) return 0;
    return sharesLoops(operand) ? largest : product;
}

std::optional<std::vector<std::int64_t>> passSpacing(const workload::Layer& layer, const hardware::Core& core,
                                                     const mapping::Mapping* mapping) {
    const std::vector<hardware::Dataflow> dataflows = platform::spatialOf(layer, core, mapping);
    if (dataflows.empty()) return std::nullopt;
    const auto times = [](std::int64_t a, std::int64_t b) { return std::min(a, cost::kMaxMacs / b) * b; };
    std::vector<std::int64_t> spacing(layer.dims.size(), 1);
    std::set<std::size_t> given;
    for (const hardware::Dataflow& dataflow : dataflows) {
        const std::int64_t most = core.array.dimensions.at(dataflow.dimension).size;
        given.insert(dataflow.dimension);
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            const auto dim = layer.dim(unrolling.loop);
            if (dim) spacing[*dim] = times(spacing[*dim], std::clamp<std::int64_t>(unrolling.factor, 1, most));
        }
    }
    // What a dimension that is not given unrolls is the mapper's choice: it may be any loop.
    for (std::size_t i = 0; i < core.array.dimensions.size(); ++i) {
        if (given.contains(i)) continue;
        for (std::int64_t& step : spacing) step = times(step, std::max<std::int64_t>(1, core.array.dimensions[i].size));
    }
    return spacing;
}

std::int64_t fewestPasses(const workload::Layer& layer, const std::vector<std::int64_t>& spacing) {
    std::int64_t passes = 1;
    for (std::size_t i = 0; i < spacing.size(); ++i) passes *= ceilDiv(layer.dims[i].size, spacing[i]);
    return passes;
}

workload::TensorId onlyTensor(const workload::Operand& operand) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    if (pieces == nullptr || pieces->size() != 1) return {};
    const workload::Piece& piece = pieces->front();
    Box existing;
    for (const workload::Axis& axis : operand.axes) existing.push_back({0, axis.extent});
    if (!contains(piece.region, existing)) return {};
    std::set<std::size_t> used;
    for (const workload::AxisMap& map : piece.map) {
        if (map.operandAxis) used.insert(*map.operandAxis);
    }
    return used.size() == operand.axes.size() ? piece.tensor : workload::TensorId();
}

}  // namespace millrace::bounds
