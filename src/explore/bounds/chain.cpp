#include "explore/bounds/chain.h"

#include <algorithm>
#include <optional>

#include "explore/bounds/work.h"

namespace millrace::bounds {

using workload::DimKind;
using workload::LayerId;
using workload::TensorOrigin;

/// Longer loops of windows that reach into padding are not looked through.
static constexpr std::int64_t kMostSteps = 1'000'000;

static bool isInside(const workload::Layer& layer, const workload::Axis& axis) {
    std::vector<Interval> whole;
    for (const workload::LoopDim& dim : layer.dims) whole.push_back({0, dim.size});
    const Interval range = workload::range(axis.index, whole);
    return range.begin >= 0 && range.end <= axis.extent;
}

/// Does every sum over the axis read something? The axis slides over its tensor, one loop of the result and one that is
/// summed over.
static bool everySumReads(const workload::Layer& layer, const workload::Axis& axis) {
    if (axis.index.terms.size() != 2 || axis.index.divisor != 1) return false;
    const workload::AffineTerm* result = &axis.index.terms[0];
    const workload::AffineTerm* sum = &axis.index.terms[1];
    if (layer.dims[result->dim].kind == DimKind::reduction) std::swap(result, sum);
    const std::int64_t steps = layer.dims[result->dim].size;
    const std::int64_t summed = layer.dims[sum->dim].size;
    if (layer.dims[result->dim].kind != DimKind::parallel || layer.dims[sum->dim].kind != DimKind::reduction)
        return false;
    if (result->dim == sum->dim || steps > kMostSteps / summed) return false;
    for (std::int64_t i = 0; i < steps; ++i) {
        bool reads = false;
        for (std::int64_t j = 0; j < summed && !reads; ++j) {
            const std::int64_t index = result->coefficient * i + sum->coefficient * j + axis.index.offset;
            reads = index >= 0 && index < axis.extent;
        }
        if (!reads) return false;
    }
    return true;
}

/// Nothing if some result needs nothing of the operand, as far as is known.
static std::optional<Wait> waitFor(const workload::Layer& layer, const workload::Operand& operand) {
    Wait wait = Wait::operation;
    for (const workload::Axis& axis : operand.axes) {
        if (isInside(layer, axis)) continue;
        if (!everySumReads(layer, axis) || sharesLoops(operand)) return std::nullopt;
        wait = Wait::result;
    }
    return wait;
}

namespace {

class Collector {
public:
    explicit Collector(const workload::Workload& workload) : workload_(workload) {}

    std::vector<Dependency> run() {
        for (const LayerId id : workload_.layers.ids()) {
            const workload::Layer& layer = workload_.layers[id];
            for (const workload::Operand& operand : layer.inputs) add(id, layer, operand);
        }
        return std::move(result_);
    }

private:
    void add(LayerId id, const workload::Layer& layer, const workload::Operand& operand) {
        if (const auto* barrier = std::get_if<workload::Barrier>(&operand.source)) {
            for (const workload::TensorId tensor : barrier->tensors) wait(id, tensor, Wait::all);
            return;
        }
        const workload::TensorId tensor = onlyTensor(operand);
        if (!tensor.valid() || touchedElements(layer, operand) == 0) return;
        if (const auto how = waitFor(layer, operand)) wait(id, tensor, *how);
    }

    /// A host operator starts when all that it reads is there.
    void wait(LayerId id, workload::TensorId tensor, Wait how) {
        const workload::Tensor& read = workload_.tensors[tensor];
        if (read.origin == TensorOrigin::layer) result_.push_back({read.producer, id, how});
        if (read.origin != TensorOrigin::host || how == Wait::result) return;
        for (const workload::HostOperator& host : workload_.hostOperators) {
            if (std::find(host.outputs.begin(), host.outputs.end(), tensor) == host.outputs.end()) continue;
            for (const workload::TensorId input : host.inputs) wait(id, input, Wait::all);
        }
    }

    const workload::Workload& workload_;
    std::vector<Dependency> result_;
};

}  // namespace

std::vector<Dependency> dependencies(const workload::Workload& workload) { return Collector(workload).run(); }

double longestChain(const std::vector<Dependency>& dependencies, const std::vector<double>& alone,
                    const std::vector<bool>& crosses) {
    std::vector<double> start(alone.size(), 0.0);   // of the first operation
    std::vector<double> result(alone.size(), 0.0);  // first complete element of the result
    std::size_t next = 0;
    double longest = 0;
    for (std::size_t layer = 0; layer < alone.size(); ++layer) {
        double before = 0;
        for (; next < dependencies.size() && dependencies[next].reader.index() == layer; ++next) {
            const std::size_t producer = dependencies[next].producer.index();
            const double way = crosses[next] ? 1 : 0;
            const bool all = dependencies[next].wait == Wait::all;
            const double ready = way + (all ? start[producer] + std::max(1.0, alone[producer]) : result[producer]);
            before = std::max(before, ready);
            if (dependencies[next].wait != Wait::result) start[layer] = std::max(start[layer], ready);
        }
        result[layer] = before + 1;
        longest = std::max({longest, result[layer], start[layer] + std::max(1.0, alone[layer])});
    }
    return longest;
}

}  // namespace millrace::bounds
