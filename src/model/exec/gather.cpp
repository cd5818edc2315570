#include <fmt/format.h>

#include <algorithm>

#include "model/exec/copy.h"
#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Index `at` counted from the front of an axis of `size` elements.
std::int64_t place(std::int64_t at, std::int64_t size) {
    if (at < -size || at >= size) throw Refused{fmt::format("index {} is outside of [{}, {}]", at, -size, size - 1)};
    return at < 0 ? at + size : at;
}

void gather(Call& call) {
    const Value& input = call.in(0);
    const Shape& shape = input.shape();
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), shape.size());
    const auto indices = call.integers(1);
    const Shape& indexShape = call.in(1).shape();
    Shape resultShape(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
    resultShape.insert(resultShape.end(), indexShape.begin(), indexShape.end());
    resultShape.insert(resultShape.end(), shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end());
    Value& result = call.result(input.type(), resultShape);
    const Around around(shape, axis);
    std::vector<std::int64_t> from;
    for (const std::int64_t index : indices) from.push_back(place(index, around.size));
    if (result.elements() == 0) return;
    moveElements(input, result, [&](const auto* x, auto* y) {
        for (std::int64_t o = 0; o < around.outer; ++o) {
            for (const std::int64_t index : from) {
                y = std::copy_n(x + (o * around.size + index) * around.inner, around.inner, y);
            }
        }
    });
}

/// For GatherElements and ScatterElements: indices of the rank of the data, no larger elsewhere than along `axis`.
void checkElementwise(const Value& data, const Value& indices, std::size_t axis) {
    const Shape& a = data.shape();
    const Shape& b = indices.shape();
    bool fits = a.size() == b.size();
    for (std::size_t i = 0; fits && i < a.size(); ++i) fits = i == axis || b[i] <= a[i];
    if (!fits) throw Refused{fmt::format("indices of shape {} for data of shape {}", text(b), text(a))};
}

/// Calls `visit(i, offset)`: element i of the indices means element `offset` of the data.
template <class Visit>
void forElements(const Value& data, const Value& indexValue, const std::vector<std::int64_t>& indices, std::size_t axis,
                 Visit visit) {
    if (indices.empty()) return;
    const auto strides = rowMajor(data.shape());
    Counter counter(indexValue.shape());
    std::size_t i = 0;
    do {
        std::int64_t offset = 0;
        for (std::size_t a = 0; a < strides.size(); ++a) {
            const std::int64_t at = a == axis ? place(indices[i], data.shape()[axis]) : counter.index()[a];
            offset += at * strides[a];
        }
        visit(i++, offset);
    } while (counter.next());
}

void gatherElements(Call& call) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), input.shape().size());
    const auto indices = call.integers(1);
    checkElementwise(input, call.in(1), axis);
    Value& result = call.result(input.type(), call.in(1).shape());
    if (indices.empty()) return;
    moveElements(input, result, [&](const auto* x, auto* y) {
        forElements(input, call.in(1), indices, axis, [&](std::size_t i, std::int64_t offset) { y[i] = x[offset]; });
    });
}

enum class Combine { none, add, mul, max, min };

Combine combination(const Call& call) {
    const std::string how = call.op.text("reduction", "none");
    if (how == "none") return Combine::none;
    if (how == "add") return Combine::add;
    if (how == "mul") return Combine::mul;
    if (how == "max") return Combine::max;
    if (how == "min") return Combine::min;
    throw Refused{fmt::format("reduction '{}' is none of none, add, mul, max, min", how)};
}

template <class T>
T combined(T old, T update, Combine how) {
    using W = std::conditional_t<std::is_integral_v<T>, std::uint64_t, Wide<T>>;
    const auto a = static_cast<Wide<T>>(old);
    const auto b = static_cast<Wide<T>>(update);
    switch (how) {
        case Combine::add: return static_cast<T>(static_cast<W>(a) + static_cast<W>(b));
        case Combine::mul: return static_cast<T>(static_cast<W>(a) * static_cast<W>(b));
        case Combine::max: return b > a || b != b ? update : old;
        case Combine::min: return b < a || b != b ? update : old;
        case Combine::none: break;
    }
    return update;
}

/// `visit(put)` calls `put(to, from)` for each element of the updates.
template <class Visit>
void scatter(Call& call, const Value& updates, Combine how, Visit visit) {
    const Value& data = call.in(0);
    if (updates.type() != data.type()) throw Refused{"the updates are of another type than the data"};
    call.result(data.type(), {});
    Value& result = call.outputs[0] = data;
    if (how == Combine::none) {
        // Not shared with the input, which has its own readers.
        if (updates.elements() == 0) return;
        moveElements(updates, result, [&](const auto* x, auto* y) {
            visit([&](std::int64_t to, std::int64_t from) { y[to] = x[from]; });
        });
        return;
    }
    dispatchOrRefuse(call, Numbers{}, data.type(), [&]<class T>() {
        const T* x = updates.read<T>().data();
        T* y = result.write<T>().data();
        visit([&](std::int64_t to, std::int64_t from) { y[to] = combined(y[to], x[from], how); });
    });
}

void scatterElements(Call& call) {
    const Value& data = call.in(0);
    const Value& updates = call.in(2);
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), data.shape().size());
    const auto indices = call.integers(1);
    checkElementwise(data, call.in(1), axis);
    if (updates.shape() != call.in(1).shape()) {
        throw Refused{fmt::format("updates of shape {} for indices of shape {}", text(updates.shape()),
                                  text(call.in(1).shape()))};
    }
    scatter(call, updates, combination(call), [&](auto put) {
        forElements(data, call.in(1), indices, axis,
                    [&](std::size_t i, std::int64_t offset) { put(offset, static_cast<std::int64_t>(i)); });
    });
}

/// Offsets into the data that the rows of the indices name; `batch` leading axes are shared.
std::vector<std::int64_t> rowOffsets(const Call& call, const Value& data, std::size_t batch) {
    const Shape& shape = call.in(1).shape();
    const auto indices = call.integers(1);
    if (shape.empty() || shape.size() <= batch || data.shape().size() < batch) {
        throw Refused{fmt::format("indices of shape {}", text(shape))};
    }
    const std::int64_t depth = shape.back();
    if (depth < 0 || static_cast<std::size_t>(depth) + batch > data.shape().size()) {
        throw Refused{fmt::format("indices of {} numbers for data of shape {}", depth, text(data.shape()))};
    }
    for (std::size_t i = 0; i < batch; ++i) {
        if (shape[i] != data.shape()[i]) throw Refused{"the leading axes of data and indices differ"};
    }
    const auto strides = rowMajor(data.shape());
    const std::int64_t rows = product(shape, 0, shape.size() - 1);
    const std::int64_t batches = product(shape, 0, batch);
    const std::int64_t batchStep = product(data.shape(), batch, data.shape().size());
    std::vector<std::int64_t> offsets;
    offsets.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
        std::int64_t offset = row / (rows / batches) * batchStep;
        for (std::int64_t i = 0; i < depth; ++i) {
            const std::size_t axis = batch + static_cast<std::size_t>(i);
            const std::int64_t index = indices[static_cast<std::size_t>(row * depth + i)];
            offset += place(index, data.shape()[axis]) * strides[axis];
        }
        offsets.push_back(offset);
    }
    return offsets;
}

void gatherNd(Call& call) {
    const Value& data = call.in(0);
    const Shape& indexShape = call.in(1).shape();
    const std::int64_t asked = call.op.integer("batch_dims", 0);
    if (asked < 0 || asked > static_cast<std::int64_t>(kMaxRank)) throw Refused{fmt::format("batch_dims {}", asked)};
    const auto batch = static_cast<std::size_t>(asked);
    const auto offsets = rowOffsets(call, data, batch);
    const std::size_t used = batch + static_cast<std::size_t>(indexShape.back());
    Shape shape(indexShape.begin(), indexShape.end() - 1);
    shape.insert(shape.end(), data.shape().begin() + static_cast<std::ptrdiff_t>(used), data.shape().end());
    const std::int64_t row = product(data.shape(), used, data.shape().size());
    Value& result = call.result(data.type(), shape);
    if (result.elements() == 0) return;
    moveElements(data, result, [&](const auto* x, auto* y) {
        for (const std::int64_t offset : offsets) y = std::copy_n(x + offset, row, y);
    });
}

void scatterNd(Call& call) {
    const Value& data = call.in(0);
    const Value& updates = call.in(2);
    const Shape& indexShape = call.in(1).shape();
    const auto offsets = rowOffsets(call, data, 0);
    const auto depth = static_cast<std::size_t>(indexShape.back());
    Shape shape(indexShape.begin(), indexShape.end() - 1);
    shape.insert(shape.end(), data.shape().begin() + static_cast<std::ptrdiff_t>(depth), data.shape().end());
    if (updates.shape() != shape) {
        throw Refused{fmt::format("updates of shape {}; {} is needed", text(updates.shape()), text(shape))};
    }
    const std::int64_t row = product(data.shape(), depth, data.shape().size());
    scatter(call, updates, combination(call), [&](auto put) {
        for (std::size_t i = 0; i < offsets.size(); ++i) {
            for (std::int64_t k = 0; k < row; ++k) put(offsets[i] + k, static_cast<std::int64_t>(i) * row + k);
        }
    });
}

std::int64_t wholeNumber(const Value& value, std::size_t i) {
    std::int64_t result = 0;
    const bool good = dispatch(Numbers{}, value.type(), [&]<class T>() {
        // NOLINTNEXTLINE(bugprone-signed-char-misuse): numbers, no characters
        result = static_cast<std::int64_t>(static_cast<Wide<T>>(value.read<T>()[i]));
    });
    if (!good) throw Refused{fmt::format("{} is no number", name(value.type()))};
    return result;
}

void oneHot(Call& call) {
    const Value& indices = call.in(0);
    const Value& values = call.in(2);
    if (call.in(1).elements() != 1 || values.elements() != 2) {
        throw Refused{fmt::format("{} depths and {} values, not 1 and 2", call.in(1).elements(), values.elements())};
    }
    const std::int64_t depth = wholeNumber(call.in(1), 0);
    if (depth < 0) throw Refused{fmt::format("a depth of {}", depth)};
    const std::size_t axis = Call::axis(call.op.integer("axis", -1), indices.shape().size() + 1);
    Shape shape = indices.shape();
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), depth);
    Value& result = call.result(values.type(), shape);
    if (result.elements() == 0) return;
    const Around around(shape, axis);
    moveElements(values, result, [&](const auto* x, auto* y) {
        std::fill_n(y, result.elements(), x[0]);
        for (std::int64_t g = 0; g < around.outer * around.inner; ++g) {
            std::int64_t at = wholeNumber(indices, static_cast<std::size_t>(g));
            if (at < -depth || at >= depth) continue;
            at += at < 0 ? depth : 0;
            y[(g / around.inner * depth + at) * around.inner + g % around.inner] = x[1];
        }
    });
}

const KernelEntry kTable[] = {
    {"", "Gather", 1, kNewest, gather},
    {"", "GatherElements", 11, kNewest, gatherElements},
    {"", "GatherND", 11, kNewest, gatherNd},
    {"", "Scatter", 9, kNewest, scatterElements},
    {"", "ScatterElements", 11, kNewest, scatterElements},
    {"", "ScatterND", 11, kNewest, scatterNd},
    {"", "OneHot", 9, kNewest, oneHot},
};

}  // namespace

std::span<const KernelEntry> gatherKernels() { return kTable; }

}  // namespace millrace::model::exec
