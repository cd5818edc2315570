#include <algorithm>
#include <set>

#include "explore/workload/workload.h"

namespace millrace::workload {

static constexpr std::int64_t kMostOperations = std::int64_t{1} << 62;

/// Product of sizes, or nothing from `limit` on.
static std::optional<std::int64_t> product(const std::vector<std::int64_t>& sizes, std::int64_t limit) {
    std::int64_t result = 1;
    for (const std::int64_t size : sizes) {
        if (__builtin_mul_overflow(result, size, &result) || result >= limit) return std::nullopt;
    }
    return result;
}

class Verifier {
public:
    Verifier(const Workload& workload, Diagnostics& diagnostics) : workload_(workload), diagnostics_(diagnostics) {}

    void run() {
        for (const TensorId id : workload_.tensors.ids()) tensor(id);
        for (const LayerId id : workload_.layers.ids()) layer(id);
        for (const HostOperator& host : workload_.hostOperators) hostOperator(host);
    }

private:
    void fail(std::string message, std::string hint = {}) {
        diagnostics_.error(where_, context_ + ": " + std::move(message), std::move(hint));
    }

    void tensor(TensorId id) {
        const Tensor& tensor = workload_.tensors[id];
        where_ = {};
        context_ = "tensor '" + tensor.name + "'";
        const bool negative = std::any_of(tensor.shape.begin(), tensor.shape.end(), [](auto size) { return size < 0; });
        if (negative || !product(tensor.shape, kMostOperations / 64)) fail("a negative size, or 2^56 elements or more");
        if (tensor.bits < 1 || tensor.bits > 64) fail(std::to_string(tensor.bits) + " bits an element, not 1 to 64");
        if ((tensor.origin == TensorOrigin::layer) != tensor.producer.valid()) {
            fail("a producer belongs to tensors of layers, and to those only");
        } else if (tensor.producer.valid() &&
                   (!workload_.layers.contains(tensor.producer) || workload_.layers[tensor.producer].result != id)) {
            fail("its producer does not name it as its result");
        }
    }

    void expression(const Layer& layer, const Operand& operand, const Axis& axis) {
        if (axis.index.divisor < 1) fail("operand " + operand.name + " axis " + axis.name + " has a divisor below 1");
        for (const AffineTerm& term : axis.index.terms) {
            if (term.dim >= layer.dims.size())
                fail("operand " + operand.name + " axis " + axis.name + " has a loop that does not exist");
        }
        if (axis.extent < 0) fail("operand " + operand.name + " axis " + axis.name + " has a negative extent");
    }

    void piece(const Operand& operand, const Piece& piece, LayerId reader) {
        if (!known(piece.tensor, operand, reader)) return;
        const Tensor& tensor = workload_.tensors[piece.tensor];
        const std::vector<std::int64_t>& shape = piece.viewShape.empty() ? tensor.shape : piece.viewShape;
        if (piece.region.size() != operand.axes.size() || piece.map.size() != shape.size()) {
            fail("operand " + operand.name + " has a piece of the wrong rank");
            return;
        }
        if (!piece.viewShape.empty() && product(shape, kMostOperations) != product(tensor.shape, kMostOperations)) {
            fail("operand " + operand.name + " sees tensor '" + tensor.name +
                 "' in a shape of another number of elements");
        }
        for (std::size_t i = 0; i < piece.region.size(); ++i) {
            const Interval& side = piece.region[i];
            if (side.begin < 0 || side.empty() || side.end > operand.axes[i].extent) {
                fail("operand " + operand.name + " has a piece that is empty or outside of its extent");
                return;
            }
        }
        for (std::size_t i = 0; i < shape.size(); ++i) mapInside(operand, piece, i, shape[i]);
    }

    void mapInside(const Operand& operand, const Piece& piece, std::size_t axis, std::int64_t size) {
        const AxisMap& map = piece.map[axis];
        std::int64_t first = map.offset;
        std::int64_t last = map.offset;
        if (map.operandAxis) {
            if (*map.operandAxis >= piece.region.size()) {
                fail("operand " + operand.name + " has a piece that maps an axis it does not have");
                return;
            }
            first += map.coefficient * piece.region[*map.operandAxis].begin;
            last += map.coefficient * (piece.region[*map.operandAxis].end - 1);
        }
        if (std::min(first, last) < 0 || std::max(first, last) >= size) {
            fail("operand " + operand.name + " has a piece that reads outside of tensor '" +
                 workload_.tensors[piece.tensor].name + "' on axis " + std::to_string(axis));
        }
    }

    bool known(TensorId id, const Operand& operand, LayerId reader) {
        if (!workload_.tensors.contains(id)) {
            fail("operand " + operand.name + " reads a tensor that does not exist");
            return false;
        }
        const Tensor& tensor = workload_.tensors[id];
        if (tensor.origin == TensorOrigin::layer && tensor.producer.valid() && tensor.producer >= reader) {
            fail("operand " + operand.name + " reads tensor '" + tensor.name + "' before its layer has run");
        }
        return true;
    }

    void input(const Layer& layer, const Operand& operand, LayerId id) {
        for (const Axis& axis : operand.axes) expression(layer, operand, axis);
        if (operand.bits < 0 || operand.bits > 64)
            fail("operand " + operand.name + " has a precision outside of 0 to 64 bits");
        if (const auto* barrier = std::get_if<Barrier>(&operand.source)) {
            for (const TensorId tensor : barrier->tensors) known(tensor, operand, id);
            return;
        }
        const auto& pieces = std::get<std::vector<Piece>>(operand.source);
        if (operand.bits == 0 && !pieces.empty()) fail("operand " + operand.name + " of 0 bits reads something");
        for (const Piece& each : pieces) piece(operand, each, id);
    }

    void dims(const Layer& layer) {
        std::set<std::string> names;
        std::vector<std::int64_t> sizes;
        for (const LoopDim& dim : layer.dims) {
            if (dim.size < 1) fail("loop " + dim.name + " has size " + std::to_string(dim.size));
            if (dim.name.empty() || !names.insert(dim.name).second) fail("two loops are called '" + dim.name + "'");
            sizes.push_back(dim.size);
        }
        if (!product(sizes, kMostOperations)) fail("2^62 operations or more");
    }

    void layer(LayerId id) {
        const Layer& layer = workload_.layers[id];
        where_ = layer.where;
        context_ = "layer '" + layer.name + "'";
        dims(layer);
        for (const Axis& axis : layer.output.axes) expression(layer, layer.output, axis);
        if (layer.output.bits < 1 || layer.output.bits > 64 || layer.outputFinalBits < 1 ||
            layer.outputFinalBits > 64) {
            fail("the output has a precision outside of 1 to 64 bits");
        }
        for (const Operand& operand : layer.inputs) input(layer, operand, id);
        if (!workload_.tensors.contains(layer.result)) {
            fail("its result does not exist");
            return;
        }
        const Tensor& result = workload_.tensors[layer.result];
        std::vector<std::int64_t> extents;
        for (const Axis& axis : layer.output.axes) extents.push_back(axis.extent);
        if (extents != result.shape)
            fail("the extents of its output are not the shape of tensor '" + result.name + "'");
        if (result.producer != id) fail("tensor '" + result.name + "' names another layer as its producer");
    }

    void hostOperator(const HostOperator& host) {
        where_ = {};
        context_ = "host operator '" + host.name + "'";
        for (const TensorId id : host.inputs) {
            if (!workload_.tensors.contains(id)) {
                fail("it reads a tensor that does not exist");
            } else if (workload_.tensors[id].origin == TensorOrigin::layer && !workload_.tensors[id].isOutput) {
                fail("it reads tensor '" + workload_.tensors[id].name + "', which is not brought off chip");
            }
        }
        for (const TensorId id : host.outputs) {
            if (!workload_.tensors.contains(id) || workload_.tensors[id].origin != TensorOrigin::host) {
                fail("an output is not a tensor of a host operator");
            }
        }
    }

    const Workload& workload_;
    Diagnostics& diagnostics_;
    SourceLocation where_;
    std::string context_;
};

bool verify(const Workload& workload, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    Verifier(workload, diagnostics).run();
    return diagnostics.failures() == before;
}

}  // namespace millrace::workload
