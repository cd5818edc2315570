#include <fmt/format.h>

#include <algorithm>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool isArgument(const Operator& op) { return op.type.rfind("Arg", 0) == 0; }

/// From this opset on the axes are input 1.
std::int64_t axesInputSince(const Operator& op) { return op.type == "ReduceSum" ? 13 : 18; }

bool reduceShape(Inference& inference) {
    const auto resolved = resolveReduce(inference.network(), inference.op());
    if (!resolved.wrong.empty()) return inference.fail(resolved.wrong);
    const DataType type = isArgument(inference.op()) ? DataType::int64 : inference.type(0);
    if (!resolved.value) return inference.setUnknown(0, type);
    const Shape& input = inference.shape(0);
    Shape output;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const auto& axes = resolved.value->axes;
        if (!std::binary_search(axes.begin(), axes.end(), i)) {
            output.push_back(input[i]);
        } else if (resolved.value->keepDims) {
            output.push_back(1);
        }
    }
    return inference.set(0, type, std::move(output));
}

}  // namespace

Resolved<ReduceAttributes> resolveReduce(const Network& network, const Operator& op) {
    using Result = Resolved<ReduceAttributes>;
    const std::size_t rank = inputShape(network, op, 0).size();
    ReduceAttributes reduce;
    reduce.keepDims = op.integer("keepdims", 1) != 0;
    std::vector<std::int64_t> axes = op.integers("axes");
    if (isArgument(op)) {
        axes = {op.integer("axis", 0)};
    } else if (op.version >= axesInputSince(op)) {
        axes.clear();
        if (op.input(1).valid()) {
            auto values = inputIntegers(network, op, 1);
            if (!values) return Result::notAtHand();
            axes = *std::move(values);
        }
        if (axes.empty() && op.integer("noop_with_empty_axes", 0) != 0) return reduce;
    }
    if (axes.empty()) {
        for (std::size_t i = 0; i < rank; ++i) reduce.axes.push_back(i);
        return reduce;
    }
    for (const std::int64_t value : axes) {
        const auto axis = normalAxis(value, rank);
        if (!axis) return Result::error(badAxis(value, rank));
        reduce.axes.push_back(*axis);
    }
    std::sort(reduce.axes.begin(), reduce.axes.end());
    const auto twice = std::adjacent_find(reduce.axes.begin(), reduce.axes.end());
    if (twice != reduce.axes.end()) return Result::error(fmt::format("axis {} is given twice", *twice));
    return reduce;
}

std::vector<OperatorSpec> reductionOperators() {
    using K = AttributeKind;
    const AttributeSpec keep{"keepdims", K::integer};
    const AttributeSpec noop{"noop_with_empty_axes", K::integer};
    const AttributeSpec last{"select_last_index", K::integer};
    std::vector<OperatorSpec> rows;
    for (const auto* name : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                             "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}) {
        const std::int64_t since = std::string_view(name) == "ReduceSum" ? 13 : 18;
        rows.push_back({name, 1, since - 1, {1, 1}, {1, 1}, {{"axes", K::integers}, keep}, reduceShape});
        rows.push_back({name, since, kNewestOpset, {1, 2}, {1, 1}, {noop, keep}, reduceShape});
    }
    for (const auto* name : {"ArgMax", "ArgMin"}) {
        rows.push_back({name, 1, 11, {1, 1}, {1, 1}, {{"axis", K::integer}, keep}, reduceShape});
        rows.push_back({name, 12, kNewestOpset, {1, 1}, {1, 1}, {{"axis", K::integer}, keep, last}, reduceShape});
    }
    return rows;
}

}  // namespace millrace::model
