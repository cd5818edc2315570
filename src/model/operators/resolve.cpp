#include "model/operators/resolve.h"

#include <fmt/format.h>

namespace millrace::model {

const Shape& inputShape(const Network& network, const Operator& op, std::size_t i) {
    static const Shape scalar;
    const TensorId id = op.input(i);
    if (!id.valid() || !network.tensors[id].shape) return scalar;
    return *network.tensors[id].shape;
}

std::optional<std::vector<std::int64_t>> inputIntegers(const Network& network, const Operator& op, std::size_t i) {
    const TensorId id = op.input(i);
    return id.valid() ? network.tensors[id].integers() : std::nullopt;
}

std::optional<std::vector<double>> inputReals(const Network& network, const Operator& op, std::size_t i) {
    const TensorId id = op.input(i);
    return id.valid() ? network.tensors[id].reals() : std::nullopt;
}

std::optional<std::size_t> normalAxis(std::int64_t axis, std::size_t rank) {
    const auto signedRank = static_cast<std::int64_t>(rank);
    if (axis < -signedRank || axis >= signedRank) return std::nullopt;
    return static_cast<std::size_t>(axis < 0 ? axis + signedRank : axis);
}

std::string badAxis(std::int64_t axis, std::size_t rank) {
    return fmt::format("axis {} is outside of [-{}, {}], the axes of a tensor of rank {}", axis, rank,
                       static_cast<std::int64_t>(rank) - 1, rank);
}

std::string listText(const std::vector<std::int64_t>& values) { return text(values); }

Resolved<std::size_t> resolveAxis(const Network& network, const Operator& op, std::int64_t otherwise) {
    const std::int64_t value = op.integer("axis", otherwise);
    const std::size_t rank = inputShape(network, op, 0).size();
    const auto axis = normalAxis(value, rank);
    if (!axis) return Resolved<std::size_t>::error(badAxis(value, rank));
    return *axis;
}

ConvAttributes convAttributes(const Network& network, const Operator& op) { return resolveConv(network, op).orThrow(); }
ConvTransposeAttributes convTransposeAttributes(const Network& network, const Operator& op) {
    return resolveConvTranspose(network, op).orThrow();
}
PoolAttributes poolAttributes(const Network& network, const Operator& op) { return resolvePool(network, op).orThrow(); }
ResizeAttributes resizeAttributes(const Network& network, const Operator& op) {
    return resolveResize(network, op).orThrow();
}
ReduceAttributes reduceAttributes(const Network& network, const Operator& op) {
    return resolveReduce(network, op).orThrow();
}
std::vector<SliceAxis> sliceAttributes(const Network& network, const Operator& op) {
    return resolveSlice(network, op).orThrow();
}
PadAttributes padAttributes(const Network& network, const Operator& op) { return resolvePad(network, op).orThrow(); }
SplitAttributes splitAttributes(const Network& network, const Operator& op) {
    return resolveSplit(network, op).orThrow();
}
std::vector<std::size_t> transposePermutation(const Network& network, const Operator& op) {
    return resolvePermutation(network, op).orThrow();
}
std::size_t axisAttribute(const Network& network, const Operator& op, std::int64_t otherwise) {
    return resolveAxis(network, op, otherwise).orThrow();
}

}  // namespace millrace::model
