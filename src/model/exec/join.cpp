#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "model/exec/copy.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

void concat(Call& call) {
    std::vector<const Value*> parts;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) parts.push_back(&call.in(i));
    if (parts.empty()) throw Refused{"it has no inputs"};
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), parts[0]->shape().size());
    call.result(parts[0]->type(), {});
    call.outputs[0] = concatenated(parts, axis);
}

/// Sizes of the parts, from attribute or input or even.
std::vector<std::int64_t> splitSizes(const Call& call, std::int64_t size) {
    const auto count = static_cast<std::int64_t>(call.outputs.size());
    auto sizes = call.optional(1) != nullptr ? call.integers(1) : call.op.integers("split");
    if (sizes.empty() && count > 0) {
        const std::int64_t asked = call.op.integer("num_outputs", count);
        if (asked != count) throw Refused{fmt::format("num_outputs is {}; there are {} outputs", asked, count)};
        const bool uneven = call.op.attributes.count("num_outputs") != 0;
        if (!uneven && size % count != 0) throw Refused{fmt::format("{} elements in {} even parts", size, count)};
        const std::int64_t each = (size + count - 1) / count;
        for (std::int64_t i = 0; i < count; ++i) sizes.push_back(std::clamp(size - i * each, std::int64_t{0}, each));
    }
    std::int64_t sum = 0;
    for (const std::int64_t part : sizes) {
        if (part < 0 || part > size) throw Refused{fmt::format("a part of {} of {} elements", part, size)};
        sum += part;
    }
    if (sum != size || static_cast<std::int64_t>(sizes.size()) != count) {
        throw Refused{fmt::format("{} parts with {} elements in all, for {} outputs and {} elements", sizes.size(), sum,
                                  count, size)};
    }
    return sizes;
}

void split(Call& call) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), input.shape().size());
    const auto sizes = splitSizes(call, input.shape()[axis]);
    std::int64_t at = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (call.wants(i)) call.outputs[i] = part(input, axis, at, sizes[i]);
        at += sizes[i];
    }
}

struct Range {
    std::int64_t start, step, count;
};

Range range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
    if (step == 0) throw Refused{"a step is 0"};
    // Beyond these, steps differ in nothing but the risk of overflow.
    step = std::clamp<std::int64_t>(step, -(size + 1), size + 1);
    const auto fromFront = [size](std::int64_t at) { return at < 0 ? std::max(at, -size - 1) + size : at; };
    start = std::clamp<std::int64_t>(fromFront(start), step < 0 ? -1 : 0, step < 0 ? size - 1 : size);
    end = std::clamp<std::int64_t>(fromFront(end), step < 0 ? -1 : 0, size);
    const std::int64_t span = step > 0 ? end - start : start - end;
    const std::int64_t stride = step > 0 ? step : -step;
    return {start, step, span <= 0 ? 0 : (span + stride - 1) / stride};
}

void slice(Call& call) {
    const Value& input = call.in(0);
    const bool byInputs = call.op.version >= 10;
    const auto starts = byInputs ? call.integers(1) : call.op.integers("starts");
    const auto ends = byInputs ? call.integers(2) : call.op.integers("ends");
    auto axes = byInputs && call.optional(3) != nullptr ? call.integers(3) : call.op.integers("axes");
    auto steps = byInputs && call.optional(4) != nullptr ? call.integers(4) : std::vector<std::int64_t>();
    const bool allAxes = axes.empty();
    for (std::size_t i = 0; allAxes && i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    if (steps.empty()) steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
        throw Refused{fmt::format("{} starts, {} ends, {} axes, {} steps", starts.size(), ends.size(), axes.size(),
                                  steps.size())};
    }
    Shape shape = input.shape();
    auto strides = rowMajor(shape);
    const auto own = strides;
    std::int64_t first = 0;
    std::vector<bool> seen(shape.size(), false);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const std::size_t axis = Call::axis(axes[i], shape.size());
        if (seen[axis]) throw Refused{fmt::format("axis {} is given twice", axis)};
        seen[axis] = true;
        const Range r = range(starts[i], ends[i], steps[i], input.shape()[axis]);
        shape[axis] = r.count;
        strides[axis] = own[axis] * r.step;
        if (r.count > 0) first += r.start * own[axis];
    }
    call.result(input.type(), {});
    call.outputs[0] = gatherStrided(call.environment, input, std::move(shape), first, std::move(strides));
}

enum class PadMode { constant, reflect, edge, wrap };

PadMode padMode(const Call& call) {
    const std::string mode = call.op.text("mode", "constant");
    if (mode == "constant") return PadMode::constant;
    if (mode == "reflect") return PadMode::reflect;
    if (mode == "edge") return PadMode::edge;
    if (mode == "wrap") return PadMode::wrap;
    throw Refused{fmt::format("mode '{}' is none of constant, reflect, edge, wrap", mode)};
}

/// Which input element stands at `at` of an axis of `size` elements; -1: the fill.
std::int64_t sourceOf(std::int64_t at, std::int64_t size, PadMode mode) {
    if (at >= 0 && at < size) return at;
    switch (mode) {
        case PadMode::constant: return -1;
        case PadMode::edge: return at < 0 ? 0 : size - 1;
        case PadMode::wrap: return (at % size + size) % size;
        case PadMode::reflect: break;
    }
    if (size == 1) return 0;
    const std::int64_t period = 2 * (size - 1);
    const std::int64_t place = (at % period + period) % period;
    return place < size ? place : period - place;
}

/// Begin and end pads for each axis, from the attribute or input 1 (with axes in input 3).
void givenPads(const Call& call, std::size_t rank, std::vector<std::int64_t>& begin, std::vector<std::int64_t>& end) {
    const auto pads = call.op.version < 11 ? call.op.integers("pads") : call.integers(1);
    std::vector<std::size_t> axes;
    if (call.optional(3) != nullptr) {
        for (const std::int64_t axis : call.integers(3)) axes.push_back(Call::axis(axis, rank));
    } else {
        for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
    }
    if (pads.size() != 2 * axes.size()) throw Refused{fmt::format("{} pads for {} axes", pads.size(), axes.size())};
    for (std::size_t i = 0; i < axes.size(); ++i) {
        for (const std::int64_t pad : {pads[i], pads[i + axes.size()]}) {
            if (pad > kMaxValueElements || pad < -kMaxValueElements) throw Refused{fmt::format("a pad of {}", pad)};
        }
        begin[axes[i]] = pads[i];
        end[axes[i]] = pads[i + axes.size()];
    }
}

template <class T>
void padRows(const T* x, T* y, const T& fill, const Shape& shape, const std::vector<std::vector<std::int64_t>>& sources,
             const std::vector<std::int64_t>& strides) {
    const std::vector<std::int64_t>& last = sources.back();
    Shape outer(shape.begin(), shape.end() - 1);
    Counter counter(outer);
    do {
        std::int64_t from = 0;
        for (std::size_t axis = 0; axis < outer.size() && from >= 0; ++axis) {
            const std::int64_t source = sources[axis][static_cast<std::size_t>(counter.index()[axis])];
            from = source < 0 ? -1 : from + source * strides[axis];
        }
        for (const std::int64_t source : last) *y++ = from < 0 || source < 0 ? fill : x[from + source];
    } while (counter.next());
}

void pad(Call& call) {
    const Value& input = call.in(0);
    const PadMode mode = padMode(call);
    const std::size_t rank = input.shape().size();
    std::vector<std::int64_t> begin(rank, 0);
    std::vector<std::int64_t> end(rank, 0);
    givenPads(call, rank, begin, end);
    Shape shape = input.shape();
    for (std::size_t i = 0; i < rank; ++i) {
        shape[i] += begin[i] + end[i];
        if (shape[i] < 0) throw Refused{fmt::format("axis {} would have {} elements", i, shape[i])};
        if (mode != PadMode::constant && input.shape()[i] == 0 && shape[i] > 0) {
            throw Refused{fmt::format("axis {} has no elements to fill from", i)};
        }
    }
    Value& result = call.result(input.type(), shape);
    if (result.elements() == 0) return;
    if (rank == 0) {
        result = input;
        return;
    }
    std::vector<std::vector<std::int64_t>> sources(rank);
    for (std::size_t i = 0; i < rank; ++i) {
        for (std::int64_t at = 0; at < shape[i]; ++at) {
            sources[i].push_back(sourceOf(at - begin[i], input.shape()[i], mode));
        }
    }
    const auto strides = rowMajor(input.shape());
    const Value* given = call.op.version < 11 ? nullptr : call.optional(2);
    if (given != nullptr && (given->type() != input.type() || given->elements() != 1)) {
        throw Refused{"the fill is not one element of the input's type"};
    }
    const double old = call.op.version < 11 ? call.op.real("value", 0.0) : 0.0;
    if (input.type() == DataType::string) {
        return padRows(input.strings().data(), result.writeStrings().data(),
                       given != nullptr ? given->strings()[0] : std::string(), shape, sources, strides);
    }
    dispatchOrRefuse(call, All{}, input.type(), [&]<class T>() {
        const T fill = given != nullptr ? given->read<T>()[0] : static_cast<T>(old);
        padRows(input.read<T>().data(), result.write<T>().data(), fill, shape, sources, strides);
    });
}

void reverseSequence(Call& call) {
    const Value& input = call.in(0);
    const auto lengths = call.integers(1);
    const std::size_t rank = input.shape().size();
    const std::size_t time = Call::axis(call.op.integer("time_axis", 0), rank);
    const std::size_t batch = Call::axis(call.op.integer("batch_axis", 1), rank);
    if (time == batch) throw Refused{"time_axis and batch_axis are the same"};
    if (static_cast<std::int64_t>(lengths.size()) != input.shape()[batch]) {
        throw Refused{fmt::format("{} lengths for a batch of {}", lengths.size(), input.shape()[batch])};
    }
    for (const std::int64_t length : lengths) {
        if (length < 0 || length > input.shape()[time]) throw Refused{fmt::format("a length of {}", length)};
    }
    const auto strides = rowMajor(input.shape());
    Value& result = call.result(input.type(), input.shape());
    if (input.elements() == 0) return;
    moveElements(input, result, [&](const auto* x, auto* y) {
        Counter counter(input.shape());
        std::int64_t at = 0;
        do {
            const std::int64_t t = counter.index()[time];
            const std::int64_t length = lengths[static_cast<std::size_t>(counter.index()[batch])];
            const std::int64_t from = t < length ? length - 1 - t : t;
            y[at] = x[at + (from - t) * strides[time]];
            ++at;
        } while (counter.next());
    });
}

void compress(Call& call) {
    const Value& condition = call.in(1);
    if (condition.type() != DataType::boolean) throw Refused{"the condition is not bool"};
    const bool flat = call.op.attributes.count("axis") == 0;
    const Value input = flat ? call.in(0).reshaped({call.in(0).elements()}) : call.in(0);
    const std::size_t axis = flat ? 0 : Call::axis(call.op.integer("axis", 0), input.shape().size());
    const auto chosen = condition.read<bool>();
    const std::int64_t size = input.shape()[axis];
    std::vector<std::int64_t> which;
    for (std::size_t i = 0; i < chosen.size() && static_cast<std::int64_t>(i) < size; ++i) {
        if (chosen[i]) which.push_back(static_cast<std::int64_t>(i));
    }
    Shape shape = input.shape();
    shape[axis] = static_cast<std::int64_t>(which.size());
    Value& result = call.result(input.type(), shape);
    const Around around(input.shape(), axis);
    if (result.elements() == 0) return;
    moveElements(input, result, [&](const auto* x, auto* y) {
        for (std::int64_t o = 0; o < around.outer; ++o) {
            for (const std::int64_t i : which) {
                y = std::copy_n(x + (o * around.size + i) * around.inner, around.inner, y);
            }
        }
    });
}

const KernelEntry kTable[] = {
    {"", "Concat", 4, kNewest, concat},
    {"", "Split", 2, kNewest, split},
    {"", "Slice", 1, kNewest, slice},
    {"", "Pad", 2, kNewest, pad},
    {"", "ReverseSequence", 10, kNewest, reverseSequence},
    {"", "Compress", 9, kNewest, compress},
};

}  // namespace

std::span<const KernelEntry> joinKernels() { return kTable; }

}  // namespace millrace::model::exec
