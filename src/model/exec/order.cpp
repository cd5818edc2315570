#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Larger (or smaller) first, NaN last, equals in the order of their indices.
template <class T>
bool comesFirst(T a, T b, std::int64_t i, std::int64_t j, bool largest) {
    const auto x = static_cast<Wide<T>>(a);
    const auto y = static_cast<Wide<T>>(b);
    if (x == y || (x != x && y != y)) return i < j;
    if (x != x) return false;
    if (y != y) return true;
    return largest ? x > y : x < y;
}

void topK(Call& call) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.op.integer("axis", -1), input.shape().size());
    const std::int64_t k = call.op.version < 10 ? call.op.integer("k", 0) : call.integerScalar(1);
    const bool largest = call.op.integer("largest", 1) != 0;
    if (k < 0 || k > input.shape()[axis]) {
        throw Refused{fmt::format("k is {}; the axis has {} elements", k, input.shape()[axis])};
    }
    const Around around(input.shape(), axis);
    Shape shape = input.shape();
    shape[axis] = k;
    Value values(input.type(), shape);
    Value places(DataType::int64, shape);
    std::int64_t* at = places.write<std::int64_t>().data();
    dispatchOrRefuse(call, Numbers{}, input.type(), [&]<class T>() {
        const T* x = input.read<T>().data();
        T* y = values.write<T>().data();
        std::vector<std::int64_t> order(static_cast<std::size_t>(around.size));
        for (std::int64_t g = 0; g < around.outer * around.inner; ++g) {
            const std::int64_t outer = g / around.inner;
            const std::int64_t inner = g % around.inner;
            const T* first = x + outer * around.size * around.inner + inner;
            std::iota(order.begin(), order.end(), 0);
            std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](std::int64_t i, std::int64_t j) {
                return comesFirst(first[i * around.inner], first[j * around.inner], i, j, largest);
            });
            for (std::int64_t i = 0; i < k; ++i) {
                const std::int64_t to = (outer * k + i) * around.inner + inner;
                y[to] = first[order[static_cast<std::size_t>(i)] * around.inner];
                at[to] = order[static_cast<std::size_t>(i)];
            }
        }
    });
    if (call.wants(0)) call.outputs[0] = std::move(values);
    if (call.wants(1)) call.outputs[1] = std::move(places);
}

void cumSum(Call& call) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.integerScalar(1), input.shape().size());
    const bool exclusive = call.op.integer("exclusive", 0) != 0;
    const bool reverse = call.op.integer("reverse", 0) != 0;
    const Around around(input.shape(), axis);
    Value& result = call.result(input.type(), input.shape());
    dispatchOrRefuse(call, Numbers{}, input.type(), [&]<class T>() {
        using W = std::conditional_t<isReal<T>, double, std::uint64_t>;
        const T* x = input.read<T>().data();
        T* y = result.write<T>().data();
        for (std::int64_t g = 0; g < around.outer * around.inner; ++g) {
            const std::int64_t first = g / around.inner * around.size * around.inner + g % around.inner;
            W sum = 0;
            for (std::int64_t i = 0; i < around.size; ++i) {
                const std::int64_t at = first + (reverse ? around.size - 1 - i : i) * around.inner;
                if (exclusive) y[at] = static_cast<T>(sum);
                sum += static_cast<W>(static_cast<Wide<T>>(x[at]));
                if (!exclusive) y[at] = static_cast<T>(sum);
            }
        }
    });
}

void nonZero(Call& call) {
    const Value& input = call.in(0);
    std::vector<std::int64_t> found;
    dispatchOrRefuse(call, All{}, input.type(), [&]<class T>() {
        const auto x = input.read<T>();
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (static_cast<Wide<T>>(x[i]) != Wide<T>{0}) found.push_back(static_cast<std::int64_t>(i));
        }
    });
    const auto count = static_cast<std::int64_t>(found.size());
    const auto rank = static_cast<std::int64_t>(input.shape().size());
    const auto strides = rowMajor(input.shape());
    std::int64_t* y = call.result(DataType::int64, {rank, count}).write<std::int64_t>().data();
    for (std::int64_t i = 0; i < count; ++i) {
        std::int64_t rest = found[static_cast<std::size_t>(i)];
        for (std::int64_t axis = 0; axis < rank; ++axis) {
            const std::int64_t stride = strides[static_cast<std::size_t>(axis)];
            y[axis * count + i] = rest / stride;
            rest %= stride;
        }
    }
}

/// The slices of Unique along an axis: compared element by element.
struct Slices {
    Around around;
    /// -1, 0 or 1
    template <class T>
    int compare(const T* x, std::int64_t a, std::int64_t b) const {
        for (std::int64_t o = 0; o < around.outer; ++o) {
            for (std::int64_t i = 0; i < around.inner; ++i) {
                const T& p = x[(o * around.size + a) * around.inner + i];
                const T& q = x[(o * around.size + b) * around.inner + i];
                if (p < q) return -1;
                if (q < p) return 1;
            }
        }
        return 0;
    }
};

/// Which slices differ: groups of equal ones, each by its first; `group[i]` is that of slice i.
struct Groups {
    std::vector<std::int64_t> first, counts, group;
};

template <class T>
Groups grouped(const T* x, const Slices& slices, bool sorted) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(slices.around.size));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t a, std::int64_t b) { return slices.compare(x, a, b) < 0; });
    Groups result;
    result.group.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i == 0 || slices.compare(x, order[i - 1], order[i]) != 0) {
            result.first.push_back(order[i]);
            result.counts.push_back(0);
        }
        ++result.counts.back();
        result.group[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(result.first.size()) - 1;
    }
    if (sorted) return result;
    std::vector<std::size_t> byPlace(result.first.size());
    std::iota(byPlace.begin(), byPlace.end(), 0);
    std::sort(byPlace.begin(), byPlace.end(),
              [&](std::size_t a, std::size_t b) { return result.first[a] < result.first[b]; });
    Groups inOrder;
    std::vector<std::int64_t> renumbered(byPlace.size());
    for (std::size_t i = 0; i < byPlace.size(); ++i) {
        inOrder.first.push_back(result.first[byPlace[i]]);
        inOrder.counts.push_back(result.counts[byPlace[i]]);
        renumbered[byPlace[i]] = static_cast<std::int64_t>(i);
    }
    for (const std::int64_t group : result.group) {
        inOrder.group.push_back(renumbered[static_cast<std::size_t>(group)]);
    }
    return inOrder;
}

template <class T>
void copySlices(const T* x, T* y, const Around& around, const std::vector<std::int64_t>& which) {
    for (std::int64_t o = 0; o < around.outer; ++o) {
        for (const std::int64_t slice : which) {
            y = std::copy_n(x + (o * around.size + slice) * around.inner, around.inner, y);
        }
    }
}

Value listValue(const std::vector<std::int64_t>& list) {
    Value value(DataType::int64, {static_cast<std::int64_t>(list.size())});
    std::copy(list.begin(), list.end(), value.write<std::int64_t>().begin());
    return value;
}

void unique(Call& call) {
    const Value& input = call.in(0);
    const bool flat = call.op.attributes.count("axis") == 0;
    const bool sorted = call.op.integer("sorted", 1) != 0;
    Shape shape = flat ? Shape{input.elements()} : input.shape();
    const std::size_t axis = flat ? 0 : Call::axis(call.op.integer("axis", 0), shape.size());
    const Slices slices{Around(shape, axis)};
    Groups groups;
    const auto take = [&](const auto* x, auto writeTo) {
        groups = grouped(x, slices, sorted);
        shape[axis] = static_cast<std::int64_t>(groups.first.size());
        Value& result = call.result(input.type(), shape);
        copySlices(x, writeTo(result), slices.around, groups.first);
    };
    if (input.type() == DataType::string) {
        take(input.strings().data(), [](Value& value) { return value.writeStrings().data(); });
    } else {
        dispatchOrRefuse(call, All{}, input.type(), [&]<class T>() {
            take(input.read<T>().data(), [](Value& value) { return value.write<T>().data(); });
        });
    }
    if (call.wants(1)) call.outputs[1] = listValue(groups.first);
    if (call.wants(2)) call.outputs[2] = listValue(groups.group);
    if (call.wants(3)) call.outputs[3] = listValue(groups.counts);
}

const KernelEntry kTable[] = {
    {"", "TopK", 1, kNewest, topK},
    {"", "CumSum", 11, kNewest, cumSum},
    {"", "NonZero", 9, kNewest, nonZero},
    {"", "Unique", 11, kNewest, unique},
};

}  // namespace

std::span<const KernelEntry> orderKernels() { return kTable; }

}  // namespace millrace::model::exec
