#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// What is reduced: elements of the result, and what each of them reads.
struct Reduction {
    Shape shape;  ///< of the result
    std::vector<std::int64_t> keptSizes, keptStrides, reducedSizes, reducedStrides;
    std::int64_t count = 1;  ///< elements that make one result
    bool nothing = false;    ///< the input is handed through
};

/// Attribute `axes`, or input 1.
std::vector<std::int64_t> askedAxes(const Call& call) {
    if (call.optional(1) != nullptr) return call.integers(1);
    return call.op.integers("axes");
}

/// Neighbouring axes that are walked evenly become one.
void mergeAxis(std::vector<std::int64_t>& sizes, std::vector<std::int64_t>& strides, std::int64_t size,
               std::int64_t stride) {
    if (!sizes.empty() && strides.back() == stride * size) {
        sizes.back() *= size;
        strides.back() = stride;
    } else {
        sizes.push_back(size);
        strides.push_back(stride);
    }
}

Reduction reduction(const Call& call, const std::vector<std::int64_t>& axes) {
    const Shape& shape = call.in(0).shape();
    Reduction result;
    result.nothing = axes.empty() && call.op.integer("noop_with_empty_axes", 0) != 0;
    std::vector<bool> reduced(shape.size(), axes.empty());
    for (const std::int64_t axis : axes) reduced[Call::axis(axis, shape.size())] = true;
    const bool keep = call.op.integer("keepdims", 1) != 0;
    const auto strides = rowMajor(shape);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (!reduced[i]) {
            result.shape.push_back(shape[i]);
            mergeAxis(result.keptSizes, result.keptStrides, shape[i], strides[i]);
        } else {
            if (keep) result.shape.push_back(1);
            result.count *= shape[i];
            mergeAxis(result.reducedSizes, result.reducedStrides, shape[i], strides[i]);
        }
    }
    return result;
}

std::int64_t offsetOf(std::int64_t index, const std::vector<std::int64_t>& sizes,
                      const std::vector<std::int64_t>& strides) {
    std::int64_t offset = 0;
    for (std::size_t axis = sizes.size(); axis > 0; --axis) {
        offset += index % sizes[axis - 1] * strides[axis - 1];
        index /= sizes[axis - 1];
    }
    return offset;
}

/// Calls `visit(offset)` for the elements that make one result, in row-major order, relative to its first.
template <class Visit>
void forReduced(const Reduction& r, Visit visit) {
    if (r.count == 0) return;
    if (r.reducedSizes.empty()) return visit(std::int64_t{0});
    const std::int64_t inner = r.reducedSizes.back();
    const std::int64_t step = r.reducedStrides.back();
    for (std::int64_t row = 0; row < r.count / inner; ++row) {
        const std::int64_t first = offsetOf(row * inner, r.reducedSizes, r.reducedStrides);
        for (std::int64_t i = 0; i < inner; ++i) visit(first + i * step);
    }
}

struct SumOf {
    template <class W>
    static W start() {
        return 0;
    }
    template <class W>
    static W add(W sum, W x) {
        return sum + x;
    }
    template <class W>
    static W end(W sum, std::int64_t) {
        return sum;
    }
};
struct MeanOf : SumOf {
    template <class W>
    static W end(W sum, std::int64_t count) {
        return count == 0 ? sum : sum / static_cast<W>(count);
    }
};
struct SumSquareOf : SumOf {
    template <class W>
    static W add(W sum, W x) {
        return sum + x * x;
    }
};
struct L1Of : SumOf {
    template <class W>
    static W add(W sum, W x) {
        return x < 0 ? sum - x : sum + x;
    }
};
struct L2Of : SumSquareOf {
    template <class W>
    static W end(W sum, std::int64_t) {
        return static_cast<W>(std::sqrt(static_cast<double>(sum)));
    }
};
struct LogSumOf : SumOf {
    template <class W>
    static W end(W sum, std::int64_t) {
        return static_cast<W>(std::log(static_cast<double>(sum)));
    }
};
struct ProdOf : SumOf {
    template <class W>
    static W start() {
        return 1;
    }
    template <class W>
    static W add(W product, W x) {
        return product * x;
    }
};
struct MaxOf : SumOf {
    template <class W>
    static W start() {
        if constexpr (std::is_integral_v<W>) return std::numeric_limits<W>::lowest();
        return -std::numeric_limits<W>::infinity();
    }
    template <class W>
    static W add(W most, W x) {
        return x > most || x != x ? x : most;
    }
};
struct MinOf : SumOf {
    template <class W>
    static W start() {
        if constexpr (std::is_integral_v<W>) return std::numeric_limits<W>::max();
        return std::numeric_limits<W>::infinity();
    }
    template <class W>
    static W add(W least, W x) {
        return x < least || x != x ? x : least;
    }
};

/// Sums of float are kept in double, those of integers in the unsigned type of 64 bits (they wrap) or in double where
/// a root or logarithm follows.
template <class T, class F>
using Sum = std::conditional_t<std::is_same_v<F, MaxOf> || std::is_same_v<F, MinOf>, Wide<T>,
                               std::conditional_t<isReal<T>, double, std::int64_t>>;

template <class T, class F>
void reduceWith(const Call& call, const Reduction& r) {
    using W = Sum<T, F>;
    const T* x = call.in(0).read<T>().data();
    T* y = call.result(typeOf<T>(), r.shape).template write<T>().data();
    const std::int64_t results = elementsOf(r.shape);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, r.count));
    parallelFor(call.environment, results, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const T* first = x + offsetOf(i, r.keptSizes, r.keptStrides);
            W value = F::template start<W>();
            forReduced(r, [&](std::int64_t offset) {
                value = F::template add<W>(value, static_cast<W>(static_cast<Wide<T>>(first[offset])));
            });
            y[i] = static_cast<T>(F::template end<W>(value, r.count));
        }
    });
}

template <class T>
void logSumExp(const Call& call, const Reduction& r) {
    const T* x = call.in(0).read<T>().data();
    T* y = call.result(typeOf<T>(), r.shape).template write<T>().data();
    for (std::int64_t i = 0; i < elementsOf(r.shape); ++i) {
        const T* first = x + offsetOf(i, r.keptSizes, r.keptStrides);
        const auto at = [&](std::int64_t offset) { return static_cast<double>(static_cast<Wide<T>>(first[offset])); };
        double most = -std::numeric_limits<double>::infinity();
        forReduced(r, [&](std::int64_t offset) { most = std::max(most, at(offset)); });
        if (std::isinf(most)) most = most > 0 ? most : 0.0;
        double sum = 0;
        forReduced(r, [&](std::int64_t offset) { sum += std::exp(at(offset) - most); });
        const double result = std::log(sum) + most;
        y[i] = static_cast<T>(std::isinf(most) ? most : result);
    }
}

using Reducible = Types<float, double, Float16, BFloat16, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t,
                        std::int8_t, std::uint8_t>;

bool handedThrough(Call& call, const Reduction& r) {
    if (!r.nothing) return false;
    call.result(call.in(0).type(), {});
    call.outputs[0] = call.in(0);
    return true;
}

template <class F>
void reduce(Call& call) {
    const Reduction r = reduction(call, askedAxes(call));
    if (handedThrough(call, r)) return;
    if (call.in(0).type() == DataType::boolean) {
        throw Refused{"booleans are not reduced by Millrace"};
    }
    dispatchOrRefuse(call, Reducible{}, call.in(0).type(), [&]<class T>() { reduceWith<T, F>(call, r); });
}

void reduceLogSumExp(Call& call) {
    const Reduction r = reduction(call, askedAxes(call));
    if (handedThrough(call, r)) return;
    dispatchOrRefuse(call, Reducible{}, call.in(0).type(), [&]<class T>() { logSumExp<T>(call, r); });
}

template <bool largest>
void argOf(Call& call) {
    const Reduction r = reduction(call, {call.op.integer("axis", 0)});
    const bool last = call.op.integer("select_last_index", 0) != 0;
    const Value& input = call.in(0);
    if (r.count == 0) throw Refused{fmt::format("an axis of shape {} has no elements", text(input.shape()))};
    std::int64_t* y = call.result(DataType::int64, r.shape).write<std::int64_t>().data();
    dispatchOrRefuse(call, Numbers{}, input.type(), [&]<class T>() {
        const T* x = input.read<T>().data();
        for (std::int64_t i = 0; i < elementsOf(r.shape); ++i) {
            const T* first = x + offsetOf(i, r.keptSizes, r.keptStrides);
            std::int64_t best = 0;
            for (std::int64_t k = 1; k < r.count; ++k) {
                const auto value = static_cast<Wide<T>>(first[k * r.reducedStrides[0]]);
                const auto known = static_cast<Wide<T>>(first[best * r.reducedStrides[0]]);
                const bool better = largest ? value > known : value < known;
                if (better || (last && value == known)) best = k;
            }
            y[i] = best;
        }
    });
}

const KernelEntry kTable[] = {
    {"", "ReduceSum", 1, kNewest, reduce<SumOf>},
    {"", "ReduceMean", 1, kNewest, reduce<MeanOf>},
    {"", "ReduceMax", 1, kNewest, reduce<MaxOf>},
    {"", "ReduceMin", 1, kNewest, reduce<MinOf>},
    {"", "ReduceProd", 1, kNewest, reduce<ProdOf>},
    {"", "ReduceSumSquare", 1, kNewest, reduce<SumSquareOf>},
    {"", "ReduceL1", 1, kNewest, reduce<L1Of>},
    {"", "ReduceL2", 1, kNewest, reduce<L2Of>},
    {"", "ReduceLogSum", 1, kNewest, reduce<LogSumOf>},
    {"", "ReduceLogSumExp", 1, kNewest, reduceLogSumExp},
    {"", "ArgMax", 1, kNewest, argOf<true>},
    {"", "ArgMin", 1, kNewest, argOf<false>},
};

}  // namespace

std::span<const KernelEntry> reduceKernels() { return kTable; }

}  // namespace millrace::model::exec
