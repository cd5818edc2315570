#include "explore/fusion/coresums.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::fusion {

using tiling::Split;
using workload::Layer;
using workload::LayerId;
using workload::TensorId;

/// The operand that takes over the sums of the part before, which lie in a tensor of the result's shape.
static workload::Operand sumsOf(const workload::Workload& workload, const Layer& whole, TensorId before) {
    workload::Operand operand = whole.output;
    operand.name = "S";
    workload::Piece piece;
    piece.tensor = before;
    piece.region = wholeBox(workload.tensors[whole.result].shape);
    for (std::size_t axis = 0; axis < piece.region.size(); ++axis) piece.map.push_back({axis, 1, 0});
    operand.source = std::vector<workload::Piece>{piece};
    return operand;
}

Layer roomiestPart(const workload::Workload& workload, LayerId id, const LayerPlan& plan) {
    Layer layer = workload.layers[id];
    std::int64_t parts = 1;
    for (const Split& split : plan.inter) parts *= tiling::writes(layer, split.dim) ? 1 : split.parts;
    if (parts == 1) return layer;
    layer.inputs.push_back(sumsOf(workload, layer, layer.result));
    if (parts > 2) layer.outputFinalBits = layer.output.bits;
    return layer;
}

namespace {

class Chains {
public:
    Chains(const workload::Workload& workload, const Plan& plan) : given_(workload), plan_(plan) {
        result_.workload = workload;
        result_.workload.layers = {};
        result_.costed = result_.workload;
        result_.plan.stacks.resize(plan.stacks.size());
    }

    CoreSums run() {
        for (const LayerId id : given_.layers.ids()) addLayer(id);
        result_.costed.tensors = result_.workload.tensors;
        return std::move(result_);
    }

private:
    void add(const Layer& layer, const Layer& costed, LayerPlan plan) {
        const LayerId id = result_.workload.layers.add(layer);
        result_.costed.layers.add(costed);
        result_.workload.tensors[layer.result].producer = id;
        result_.plan.stacks[plan.stack].push_back(id);
        result_.plan.layers.add(std::move(plan));
    }

    void addLayer(LayerId id) {
        const Layer& layer = given_.layers[id];
        const LayerPlan& plan = plan_.layers[id];
        std::vector<Split> sums;
        std::vector<Split> others;
        for (const Split& split : plan.inter) (tiling::writes(layer, split.dim) ? others : sums).push_back(split);
        const std::vector<tiling::Tile> parts = tiling::grid(tiling::wholeLayer(layer), sums);
        if (parts.size() == 1) {
            add(layer, layer, plan);
            return;
        }
        TensorId before;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            LayerPlan own = plan;
            own.inter = others;
            own.cores = coresOf(plan, sums, i);
            before = addPart(layer, parts[i], i, parts.size(), before, std::move(own));
        }
    }

    /// The part of a layer whose summed loops run over these ranges.
    TensorId addPart(const Layer& whole, const tiling::Tile& ranges, std::size_t index, std::size_t count,
                     TensorId before, LayerPlan plan) {
        Layer part = whole;
        for (workload::DimIndex dim = 0; dim < ranges.size(); ++dim) {
            part.dims[dim].size = ranges[dim].size();
            for (workload::Operand& operand : part.inputs) {
                for (workload::Axis& axis : operand.axes) {
                    for (const workload::AffineTerm& term : axis.index.terms) {
                        if (term.dim == dim) axis.index.offset += term.coefficient * ranges[dim].begin;
                    }
                }
            }
        }
        const std::string place = fmt::format(" (sum {} of {})", index + 1, count);
        if (index + 1 < count) {
            workload::Tensor tensor = given_.tensors[whole.result];
            tensor.name += place;
            tensor.bits = whole.output.bits;
            tensor.isOutput = false;
            part.result = result_.workload.tensors.add(std::move(tensor));
            part.outputFinalBits = whole.output.bits;
        }
        const Layer costed = part;
        part.name += place;
        if (before.valid()) part.inputs.push_back(sumsOf(given_, whole, before));
        add(part, costed, std::move(plan));
        return part.result;
    }

    /// The cores of the parts of the whole grid whose summed loops are at this part of the sum. `tiling::grid` varies
    /// the last split fastest, numbers of parts the first.
    std::vector<hardware::CoreId> coresOf(const LayerPlan& plan, const std::vector<Split>& sums,
                                          std::size_t index) const {
        std::vector<std::size_t> wanted(sums.size());
        for (std::size_t i = sums.size(); i-- > 0;) {
            wanted[i] = index % static_cast<std::size_t>(sums[i].parts);
            index /= static_cast<std::size_t>(sums[i].parts);
        }
        std::vector<hardware::CoreId> cores;
        for (std::size_t part = 0; part < static_cast<std::size_t>(plan.parts()); ++part) {
            std::size_t rest = part;
            bool here = true;
            for (const Split& split : plan.inter) {
                const std::size_t digit = rest % static_cast<std::size_t>(split.parts);
                rest /= static_cast<std::size_t>(split.parts);
                for (std::size_t i = 0; i < sums.size(); ++i) {
                    if (sums[i].dim == split.dim) here = here && wanted[i] == digit;
                }
            }
            if (here) cores.push_back(plan.cores[part % plan.cores.size()]);
        }
        return cores;
    }

    const workload::Workload& given_;
    const Plan& plan_;
    CoreSums result_;
};

}  // namespace

CoreSums sumOverCores(const workload::Workload& workload, const Plan& plan) { return Chains(workload, plan).run(); }

}  // namespace millrace::fusion
