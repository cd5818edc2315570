#include "explore/fusion/axes.h"

#include <algorithm>
#include <tuple>

#include "explore/tiling/grid.h"

namespace millrace::fusion {

using workload::AffineTerm;
using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

/// The loop that moves an index the most: of those longer than 1, one of the result before others, then the widest.
static std::optional<DimIndex> leading(const Layer& layer, const workload::AffineExpr& index) {
    std::optional<DimIndex> best;
    std::tuple<bool, bool, std::int64_t> bestKey;
    for (const AffineTerm& term : index.terms) {
        const std::int64_t size = layer.dims[term.dim].size;
        const std::tuple key{size > 1, tiling::writes(layer, term.dim), std::abs(term.coefficient) * (size - 1)};
        if (best && key <= bestKey) continue;
        best = term.dim;
        bestKey = key;
    }
    return best;
}

SharedAxes::SharedAxes(const workload::Workload& workload, const std::vector<LayerId>& layers) : workload_(workload) {
    for (const LayerId id : layers) {
        first_[id] = parent_.size();
        for (std::size_t i = 0; i < workload.layers[id].dims.size(); ++i) parent_.push_back(parent_.size());
    }
    for (const LayerId id : layers) join(id);
}

void SharedAxes::join(LayerId reader) {
    for (const workload::Operand& operand : workload_.layers[reader].inputs) {
        const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
        if (pieces == nullptr) continue;
        for (const workload::Piece& piece : *pieces) join(reader, operand, piece);
    }
}

/// The axis of a tensor that an axis of its view is: as long, and as far from one index to the next.
static std::optional<std::size_t> sameAxis(const std::vector<std::int64_t>& shape,
                                           const std::vector<std::int64_t>& view, std::size_t axis) {
    std::int64_t stride = 1;
    for (std::size_t i = axis + 1; i < view.size(); ++i) stride *= view[i];
    std::int64_t mine = 1;
    for (std::size_t t = shape.size(); t-- > 0; mine *= shape[t]) {
        if (shape[t] == view[axis] && mine == stride) return t;
    }
    return std::nullopt;
}

void SharedAxes::join(LayerId reader, const workload::Operand& operand, const workload::Piece& piece) {
    const workload::Tensor& tensor = workload_.tensors[piece.tensor];
    if (tensor.origin != workload::TensorOrigin::layer || first_.count(tensor.producer) == 0) return;
    const Layer& producer = workload_.layers[tensor.producer];
    for (std::size_t i = 0; i < piece.map.size(); ++i) {
        const auto& axis = piece.map[i].operandAxis;
        if (!axis || 2 * piece.region[*axis].size() <= operand.axes[*axis].extent) continue;
        const auto from = piece.viewShape.empty() ? std::optional(i) : sameAxis(tensor.shape, piece.viewShape, i);
        if (!from) continue;
        const auto read = leading(workload_.layers[reader], operand.axes[*axis].index);
        const auto written = leading(producer, producer.output.axes[*from].index);
        if (read && written) parent_[classOf(reader, *read)] = classOf(tensor.producer, *written);
    }
}

std::size_t SharedAxes::classOf(LayerId layer, DimIndex dim) const {
    std::size_t at = first_.at(layer) + dim;
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
}

std::optional<DimIndex> SharedAxes::loop(LayerId layer, std::size_t axis) const {
    std::optional<DimIndex> found;
    for (DimIndex dim = 0; dim < workload_.layers[layer].dims.size(); ++dim) {
        if (classOf(layer, dim) != axis) continue;
        if (tiling::writes(workload_.layers[layer], dim)) return dim;
        if (!found) found = dim;
    }
    return found;
}

std::vector<std::size_t> SharedAxes::classes() const {
    std::vector<std::size_t> result;
    for (const auto& [layer, first] : first_) {
        for (DimIndex dim = 0; dim < workload_.layers[layer].dims.size(); ++dim) result.push_back(classOf(layer, dim));
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

}  // namespace millrace::fusion
