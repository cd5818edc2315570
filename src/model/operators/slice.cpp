#include <fmt/format.h>

#include <algorithm>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

bool sliceShape(Inference& inference) {
    const auto resolved = resolveSlice(inference.network(), inference.op());
    if (!resolved.wrong.empty()) return inference.fail(resolved.wrong);
    if (!resolved.value) return inference.setUnknown(0, inference.type(0));
    Shape output;
    for (const SliceAxis& axis : *resolved.value) output.push_back(axis.size);
    return inference.set(0, inference.type(0), std::move(output));
}

bool padShape(Inference& inference) {
    const auto resolved = resolvePad(inference.network(), inference.op());
    if (!resolved.wrong.empty()) return inference.fail(resolved.wrong);
    if (!resolved.value) return inference.setUnknown(0, inference.type(0));
    Shape output = inference.shape(0);
    for (std::size_t i = 0; i < output.size(); ++i) {
        const std::int64_t before = output[i];
        output[i] += resolved.value->begin[i] + resolved.value->end[i];
        if (output[i] >= 0) continue;
        return inference.fail(fmt::format("pads {} and {} take more than the {} elements along axis {} of {}",
                                          resolved.value->begin[i], resolved.value->end[i], before, i,
                                          inference.label(0)));
    }
    return inference.set(0, inference.type(0), std::move(output));
}

bool splitShape(Inference& inference) {
    const auto resolved = resolveSplit(inference.network(), inference.op());
    if (!resolved.wrong.empty()) return inference.fail(resolved.wrong);
    for (std::size_t i = 0; i < inference.op().outputs.size(); ++i) {
        if (!resolved.value) {
            inference.setUnknown(i, inference.type(0));
            continue;
        }
        Shape part = inference.shape(0);
        part[resolved.value->axis] = resolved.value->sizes[i];
        if (!inference.set(i, inference.type(0), std::move(part))) return false;
    }
    return true;
}

struct SliceLists {
    std::vector<std::int64_t> starts, ends, axes, steps;
    bool axesGiven = false;
};

/// Nothing if an input is not at hand.
std::optional<SliceLists> sliceLists(const Network& network, const Operator& op) {
    SliceLists lists;
    if (op.version < 10) {
        lists.starts = op.integers("starts");
        lists.ends = op.integers("ends");
        lists.axesGiven = op.attributes.find("axes") != op.attributes.end();
        lists.axes = op.integers("axes");
        lists.steps.assign(lists.starts.size(), 1);
        return lists;
    }
    const auto starts = inputIntegers(network, op, 1);
    const auto ends = inputIntegers(network, op, 2);
    const auto axes = inputIntegers(network, op, 3);
    const auto steps = inputIntegers(network, op, 4);
    if (!starts || !ends || (op.input(3).valid() && !axes) || (op.input(4).valid() && !steps)) return std::nullopt;
    lists.starts = *starts;
    lists.ends = *ends;
    lists.axesGiven = axes.has_value();
    lists.axes = axes.value_or(std::vector<std::int64_t>{});
    lists.steps = steps.value_or(std::vector<std::int64_t>(lists.starts.size(), 1));
    return lists;
}

SliceAxis clampSlice(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
    const auto fromFront = [size](std::int64_t index) { return index < 0 ? index + size : index; };
    SliceAxis slice;
    slice.step = std::clamp(step, -kMaxElements, kMaxElements);
    const bool forward = step > 0;
    slice.start = std::clamp(fromFront(start), std::int64_t{0}, forward ? size : size - 1);
    const std::int64_t stop = forward ? std::clamp(fromFront(end), std::int64_t{0}, size)
                                      : std::clamp(fromFront(end), std::int64_t{-1}, size - 1);
    const std::int64_t span = forward ? stop - slice.start : slice.start - stop;
    const std::int64_t stride = forward ? slice.step : -slice.step;
    slice.size = span <= 0 ? 0 : (span + stride - 1) / stride;
    return slice;
}

}  // namespace

Resolved<std::vector<SliceAxis>> resolveSlice(const Network& network, const Operator& op) {
    using Result = Resolved<std::vector<SliceAxis>>;
    const Shape& input = inputShape(network, op, 0);
    auto lists = sliceLists(network, op);
    if (!lists) return Result::notAtHand();
    const std::size_t count = lists->starts.size();
    if (!lists->axesGiven) {
        for (std::size_t i = 0; i < std::min(count, input.size()); ++i) {
            lists->axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    if (lists->ends.size() != count || lists->axes.size() != count || lists->steps.size() != count) {
        return Result::error(fmt::format("{} starts, {} ends, {} axes and {} steps do not go together", count,
                                         lists->ends.size(), lists->axes.size(), lists->steps.size()));
    }
    std::vector<SliceAxis> slices;
    for (const std::int64_t size : input) slices.push_back({0, 1, size});
    std::vector<bool> seen(input.size(), false);
    for (std::size_t i = 0; i < count; ++i) {
        const auto axis = normalAxis(lists->axes[i], input.size());
        if (!axis) return Result::error(badAxis(lists->axes[i], input.size()));
        if (seen[*axis]) return Result::error(fmt::format("axis {} is given twice", *axis));
        if (lists->steps[i] == 0) return Result::error(fmt::format("the step along axis {} is 0", *axis));
        seen[*axis] = true;
        slices[*axis] = input[*axis] == 0 ? SliceAxis{0, lists->steps[i] > 0 ? 1 : -1, 0}
                                          : clampSlice(lists->starts[i], lists->ends[i], lists->steps[i], input[*axis]);
    }
    return slices;
}

Resolved<PadAttributes> resolvePad(const Network& network, const Operator& op) {
    using Result = Resolved<PadAttributes>;
    const std::size_t rank = inputShape(network, op, 0).size();
    PadAttributes pad;
    pad.mode = op.text("mode", "constant");
    if (pad.mode != "constant" && pad.mode != "reflect" && pad.mode != "edge" &&
        !(pad.mode == "wrap" && op.version >= 19)) {
        return Result::error(fmt::format("mode '{}' is not known in opset {}", pad.mode, op.version));
    }
    std::optional<std::vector<std::int64_t>> pads = op.integers("pads");
    std::optional<std::vector<std::int64_t>> axes;
    if (op.version < 11) {
        pad.value = op.real("value", 0);
    } else {
        pads = inputIntegers(network, op, 1);
        const auto value = inputReals(network, op, 2);
        if (value && !value->empty()) pad.value = value->front();
        axes = inputIntegers(network, op, 3);
        if (!pads || (op.input(3).valid() && !axes)) return Result::notAtHand();
    }
    if (!axes) {
        axes.emplace();
        for (std::size_t i = 0; i < rank; ++i) axes->push_back(static_cast<std::int64_t>(i));
    }
    if (pads->size() != 2 * axes->size()) {
        return Result::error(fmt::format("pads {} has {} entries, but {} axes need {}", listText(*pads), pads->size(),
                                         axes->size(), 2 * axes->size()));
    }
    pad.begin.assign(rank, 0);
    pad.end.assign(rank, 0);
    for (std::size_t i = 0; i < axes->size(); ++i) {
        const auto axis = normalAxis((*axes)[i], rank);
        if (!axis) return Result::error(badAxis((*axes)[i], rank));
        pad.begin[*axis] = std::clamp((*pads)[i], -2 * kMaxElements, 2 * kMaxElements);
        pad.end[*axis] = std::clamp((*pads)[axes->size() + i], -2 * kMaxElements, 2 * kMaxElements);
    }
    return pad;
}

Resolved<SplitAttributes> resolveSplit(const Network& network, const Operator& op) {
    using Result = Resolved<SplitAttributes>;
    const Shape& input = inputShape(network, op, 0);
    const auto axis = normalAxis(op.integer("axis", 0), input.size());
    if (!axis) return Result::error(badAxis(op.integer("axis", 0), input.size()));
    SplitAttributes split{*axis, op.integers("split")};
    const std::int64_t size = input[*axis];
    const auto parts = static_cast<std::int64_t>(op.outputs.size());
    bool given = op.version < 13 && op.attributes.find("split") != op.attributes.end();
    if (op.version >= 13 && op.input(1).valid()) {
        const auto values = inputIntegers(network, op, 1);
        if (!values) return Result::notAtHand();
        split.sizes = *values;
        given = true;
    }
    if (!given) {
        const std::int64_t wanted = op.integer("num_outputs", parts);
        if (wanted != parts) return Result::error(fmt::format("num_outputs is {}, but it has {}", wanted, parts));
        if (op.version < 18 && size % parts != 0) {
            return Result::error(
                fmt::format("{} elements along axis {} do not divide into {} equal parts", size, *axis, parts));
        }
        const std::int64_t chunk = (size + parts - 1) / parts;
        split.sizes.assign(op.outputs.size(), chunk);
        split.sizes.back() = size - chunk * (parts - 1);
    }
    std::int64_t sum = 0;
    for (const std::int64_t part : split.sizes) {
        sum = sum < 0 || part < 0 || part > size - sum ? -1 : sum + part;
    }
    if (sum != size || static_cast<std::int64_t>(split.sizes.size()) != parts) {
        return Result::error(fmt::format("split {} for {} outputs does not add up to the {} elements along axis {}",
                                         listText(split.sizes), parts, size, *axis));
    }
    return split;
}

std::vector<OperatorSpec> sliceOperators() {
    using K = AttributeKind;
    const AttributeSpec axis{"axis", K::integer};
    return {
        {"Slice",
         1,
         9,
         {1, 1},
         {1, 1},
         {{"axes", K::integers}, {"starts", K::integers, true}, {"ends", K::integers, true}},
         sliceShape},
        {"Slice", 10, kNewestOpset, {3, 5}, {1, 1}, {}, sliceShape},
        {"Pad", 2, 10, {1, 1}, {1, 1}, {{"mode", K::text}, {"pads", K::integers, true}, {"value", K::real}}, padShape},
        {"Pad", 11, 17, {2, 3}, {1, 1}, {{"mode", K::text}}, padShape},
        {"Pad", 18, kNewestOpset, {2, 4}, {1, 1}, {{"mode", K::text}}, padShape},
        {"Split", 2, 12, {1, 1}, {1, kMany}, {axis, {"split", K::integers}}, splitShape},
        {"Split", 13, 17, {1, 2}, {1, kMany}, {axis}, splitShape},
        {"Split", 18, kNewestOpset, {1, 2}, {1, kMany}, {axis, {"num_outputs", K::integer}}, splitShape}};
}

}  // namespace millrace::model
