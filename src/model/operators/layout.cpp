#include <fmt/format.h>

#include <algorithm>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
    std::int64_t result = 1;
    for (std::size_t i = first; i < last; ++i) result *= shape[i];
    return result;
}

bool flattenShape(Inference& inference) {
    const Shape& input = inference.shape(0);
    const auto rank = static_cast<std::int64_t>(input.size());
    std::int64_t axis = inference.op().integer("axis", 1);
    const std::int64_t least = inference.op().version < 11 ? 0 : -rank;
    if (axis < least || axis > rank) {
        return inference.fail(
            fmt::format("axis {} is outside of [{}, {}] for {}", axis, least, rank, inference.label(0)));
    }
    if (axis < 0) axis += rank;
    const auto cut = static_cast<std::size_t>(axis);
    return inference.set(0, inference.type(0), {product(input, 0, cut), product(input, cut, input.size())});
}

bool reshapeShape(Inference& inference) {
    const auto wanted = inputIntegers(inference.network(), inference.op(), 1);
    if (!wanted) return inference.setUnknown(0, inference.type(0));
    const bool allowZero = inference.op().integer("allowzero", 0) != 0;
    const Shape& input = inference.shape(0);
    const std::int64_t elements = product(input, 0, input.size());
    Shape output = *wanted;
    std::optional<std::size_t> free;
    for (std::size_t i = 0; i < output.size(); ++i) {
        if (output[i] < -1) return inference.fail(fmt::format("cannot reshape to {}: a negative size", text(*wanted)));
        if (output[i] == -1) {
            if (free) return inference.fail(fmt::format("cannot reshape to {}: -1 stands twice", text(*wanted)));
            free = i;
            output[i] = 1;
        } else if (output[i] == 0 && !allowZero) {
            if (i >= input.size()) {
                return inference.fail(fmt::format("cannot reshape {} to {}: 0 copies axis {}, which does not exist",
                                                  inference.label(0), text(*wanted), i));
            }
            output[i] = input[i];
        }
    }
    const auto rest = boundedElements(output);
    const bool fits = rest && (free ? (*rest == 0 ? elements == 0 : elements % *rest == 0) : *rest == elements);
    if (!fits) {
        return inference.fail(
            fmt::format("cannot reshape {} of {} elements to {}", inference.label(0), elements, text(*wanted)));
    }
    if (free) output[*free] = *rest == 0 ? 0 : elements / *rest;
    return inference.set(0, inference.type(0), std::move(output));
}

/// Axes of Squeeze and Unsqueeze: the attribute before opset 13, then input 1. Nothing: not at hand.
std::optional<std::vector<std::int64_t>> axesOf(const Inference& inference) {
    if (inference.op().version < 13) return inference.op().integers("axes");
    if (!inference.has(1)) return std::vector<std::int64_t>{};
    return inputIntegers(inference.network(), inference.op(), 1);
}

bool squeezeShape(Inference& inference) {
    const auto values = axesOf(inference);
    if (!values) return inference.setUnknown(0, inference.type(0));
    const Shape& input = inference.shape(0);
    auto axes = inference.axes(*values, input.size());
    if (!axes) return false;
    const bool all = inference.op().version < 13 ? inference.op().attributes.count("axes") == 0 : !inference.has(1);
    Shape output;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const bool named = std::binary_search(axes->begin(), axes->end(), i);
        if (named && input[i] != 1) {
            return inference.fail(
                fmt::format("axis {} of {} has size {}, and only 1 can be squeezed", i, inference.label(0), input[i]));
        }
        if (!named && !(all && input[i] == 1)) output.push_back(input[i]);
    }
    return inference.set(0, inference.type(0), std::move(output));
}

bool unsqueezeShape(Inference& inference) {
    const auto values = axesOf(inference);
    if (!values) return inference.setUnknown(0, inference.type(0));
    const Shape& input = inference.shape(0);
    if (values->size() > kMaxRank) return inference.fail(fmt::format("{} new axes are too many", values->size()));
    auto axes = inference.axes(*values, input.size() + values->size());
    if (!axes) return false;
    Shape output = input;
    for (const std::size_t axis : *axes) output.insert(output.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    return inference.set(0, inference.type(0), std::move(output));
}

bool transposeShape(Inference& inference) {
    const auto permutation = resolvePermutation(inference.network(), inference.op());
    if (!permutation.value) return inference.fail(permutation.wrong);
    Shape output;
    for (const std::size_t axis : *permutation.value) output.push_back(inference.shape(0)[axis]);
    return inference.set(0, inference.type(0), std::move(output));
}

bool depthSpaceShape(Inference& inference) {
    if (!inference.rankIs(0, 4)) return false;
    const std::int64_t block = inference.op().integer("blocksize", 0);
    if (block < 1 || block > (std::int64_t{1} << 20)) {
        return inference.fail(fmt::format("blocksize {} is outside of [1, 2^20]", block));
    }
    Shape shape = inference.shape(0);
    const bool toSpace = inference.op().type == "DepthToSpace";
    const std::string mode = inference.op().text("mode", "DCR");
    if (mode != "DCR" && mode != "CRD") return inference.fail(fmt::format("mode '{}' is neither DCR nor CRD", mode));
    const bool divides = toSpace ? shape[1] % (block * block) == 0 : shape[2] % block == 0 && shape[3] % block == 0;
    if (!divides) {
        return inference.fail(fmt::format("{} does not divide by blocksize {}{}", inference.label(0), block,
                                          toSpace ? " squared along its channels" : " along its rows or columns"));
    }
    if (shape[2] > kMaxElements / block || shape[3] > kMaxElements / block) {
        return inference.fail(fmt::format("{} is too large for blocksize {}", inference.label(0), block));
    }
    const bool fits = toSpace || shape[1] <= kMaxElements / (block * block);
    if (!fits) return inference.fail(fmt::format("{} is too large for blocksize {}", inference.label(0), block));
    shape[1] = toSpace ? shape[1] / (block * block) : shape[1] * block * block;
    for (const std::size_t axis : {std::size_t{2}, std::size_t{3}}) {
        shape[axis] = toSpace ? shape[axis] * block : shape[axis] / block;
    }
    return inference.set(0, inference.type(0), std::move(shape));
}

}  // namespace

Resolved<std::vector<std::size_t>> resolvePermutation(const Network& network, const Operator& op) {
    using Result = Resolved<std::vector<std::size_t>>;
    const std::size_t rank = inputShape(network, op, 0).size();
    std::vector<std::size_t> permutation;
    if (op.attributes.find("perm") == op.attributes.end()) {
        for (std::size_t i = rank; i-- > 0;) permutation.push_back(i);
        return permutation;
    }
    const auto perm = op.integers("perm");
    std::vector<bool> seen(rank, false);
    for (const std::int64_t value : perm) {
        const auto axis = normalAxis(value, rank);
        if (!axis || seen[*axis]) break;
        seen[*axis] = true;
        permutation.push_back(*axis);
    }
    if (permutation.size() != rank || perm.size() != rank) {
        return Result::error(fmt::format("perm {} is no permutation of the {} axes", listText(perm), rank));
    }
    return permutation;
}

std::vector<OperatorSpec> layoutOperators() {
    using K = AttributeKind;
    const AttributeSpec axes{"axes", K::integers};
    return {{"Flatten", 1, 10, {1, 1}, {1, 1}, {{"axis", K::integer}}, flattenShape},
            {"Flatten", 11, kNewestOpset, {1, 1}, {1, 1}, {{"axis", K::integer}}, flattenShape},
            {"Reshape", 5, 13, {2, 2}, {1, 1}, {}, reshapeShape},
            {"Reshape", 14, kNewestOpset, {2, 2}, {1, 1}, {{"allowzero", K::integer}}, reshapeShape},
            {"Squeeze", 1, 12, {1, 1}, {1, 1}, {axes}, squeezeShape},
            {"Squeeze", 13, kNewestOpset, {1, 2}, {1, 1}, {}, squeezeShape},
            {"Unsqueeze", 1, 12, {1, 1}, {1, 1}, {{"axes", K::integers, true}}, unsqueezeShape},
            {"Unsqueeze", 13, kNewestOpset, {2, 2}, {1, 1}, {}, unsqueezeShape},
            {"Transpose", 1, kNewestOpset, {1, 1}, {1, 1}, {{"perm", K::integers}}, transposeShape},
            {"DepthToSpace", 1, 10, {1, 1}, {1, 1}, {{"blocksize", K::integer, true}}, depthSpaceShape},
            {"DepthToSpace",
             11,
             kNewestOpset,
             {1, 1},
             {1, 1},
             {{"blocksize", K::integer, true}, {"mode", K::text}},
             depthSpaceShape},
            {"SpaceToDepth", 1, kNewestOpset, {1, 1}, {1, 1}, {{"blocksize", K::integer, true}}, depthSpaceShape}};
}

}  // namespace millrace::model
