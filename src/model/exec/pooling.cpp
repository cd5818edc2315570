#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/exec/poolwindow.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

template <class T>
constexpr T lowest() {
    if constexpr (std::numeric_limits<T>::has_infinity) return -std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::lowest();
}

/// Folds each window separably over one plane: first the rows of a window are folded into one, lane by lane, then
/// neighbours within it. What a window has seen of the padding is not folded. Steps:
/// start(accumulator), fold(accumulator, element), finish(accumulator, window's elements within, and padding included).
template <class Fold, class T>
void foldPlane(const PoolGeometry& g, const std::vector<Taps> (&taps)[3], const T* input, T* output) {
    using Sum = typename Fold::Sum;
    std::vector<Sum> row(static_cast<std::size_t>(g.in[2]));
    for (const Taps& z : taps[0]) {
        for (const Taps& y : taps[1]) {
            std::fill(row.begin(), row.end(), Fold::start());
            for (std::int64_t i = 0; i < z.count * y.count; ++i) {
                const std::int64_t fromZ = z.first + i / y.count * g.dilation[0];
                const std::int64_t fromY = y.first + i % y.count * g.dilation[1];
                const T* from = input + (fromZ * g.in[1] + fromY) * g.in[2];
                for (std::int64_t x = 0; x < g.in[2]; ++x) {
                    row[static_cast<std::size_t>(x)] = Fold::add(row[static_cast<std::size_t>(x)], from[x], g.p);
                }
            }
            for (const Taps& x : taps[2]) {
                Sum sum = Fold::start();
                const Sum* from = row.data() + x.first;
                for (std::int64_t i = 0; i < x.count; ++i) sum = Fold::join(sum, from[i * g.dilation[2]]);
                const std::int64_t within = z.count * y.count * x.count;
                const std::int64_t padded = z.padded * y.padded * x.padded;
                *output++ = static_cast<T>(Fold::finish(sum, g.countIncludePad ? padded : within, g.p));
            }
        }
    }
}

template <class T>
struct Largest {
    using Sum = Wide<T>;
    static Sum start() { return lowest<Sum>(); }
    static Sum add(Sum a, T b, std::int64_t /*p*/) { return join(a, static_cast<Sum>(b)); }
    // Not a number wins, as in every runtime.
    static Sum join(Sum a, Sum b) { return b > a || b != b ? b : a; }
    static Sum finish(Sum sum, std::int64_t /*count*/, std::int64_t /*p*/) { return sum; }
};

template <class T>
struct Mean {
    using Sum = Wide<T>;
    static Sum start() { return Sum{0}; }
    static Sum add(Sum a, T b, std::int64_t /*p*/) { return a + static_cast<Sum>(b); }
    static Sum join(Sum a, Sum b) { return a + b; }
    static Sum finish(Sum sum, std::int64_t count, std::int64_t /*p*/) { return sum / static_cast<Sum>(count); }
};

template <class T>
struct Norm {
    using Sum = Wide<T>;
    static Sum start() { return Sum{0}; }
    static Sum add(Sum a, T b, std::int64_t p) {
        const Sum size = std::abs(static_cast<Sum>(b));
        if (p == 1) return a + size;
        return a + (p == 2 ? size * size : std::pow(size, static_cast<Sum>(p)));
    }
    static Sum join(Sum a, Sum b) { return a + b; }
    static Sum finish(Sum sum, std::int64_t /*count*/, std::int64_t p) {
        if (p == 1) return sum;
        return p == 2 ? std::sqrt(sum) : std::pow(sum, Sum{1} / static_cast<Sum>(p));
    }
};

template <template <class> class Fold, class... Ts>
void pool(Call& call, Types<Ts...> types) {
    const PoolGeometry geometry = poolGeometry(call);
    const Value& input = call.in(0);
    const std::vector<Taps> taps[3] = {tapsOf(geometry, 0), tapsOf(geometry, 1), tapsOf(geometry, 2)};
    dispatchOrRefuse(call, types, input.type(), [&]<class T>() {
        const auto from = input.read<T>();
        const auto to = call.result(input.type(), geometry.outputShape).template write<T>();
        const std::int64_t grain = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, geometry.inPlane()));
        parallelFor(call.environment, geometry.planes, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                foldPlane<Fold<T>>(geometry, taps, from.data() + i * geometry.inPlane(),
                                   to.data() + i * geometry.outPlane());
            }
        });
    });
}

/// The first largest element of each window: its index in the whole input, rows first or (storage_order 1) columns
/// first.
template <class T>
void largestAt(const Call& call, const PoolGeometry& g, std::span<const T> input, std::span<std::int64_t> indices) {
    const bool columnsFirst = call.op.integer("storage_order", 0) != 0;
    std::size_t at = 0;
    for (std::int64_t plane = 0; plane < g.planes; ++plane) {
        const T* from = input.data() + plane * g.inPlane();
        for (std::int64_t o = 0; o < g.outPlane(); ++o, ++at) {
            const Taps z(g, 0, o / g.out[2] / g.out[1]);
            const Taps y(g, 1, o / g.out[2] % g.out[1]);
            const Taps x(g, 2, o % g.out[2]);
            std::array<std::int64_t, 3> best{};
            std::int64_t bestAt = -1;
            for (std::int64_t i = 0; i < z.count * y.count * x.count; ++i) {
                const std::array<std::int64_t, 3> p{z.first + i / x.count / y.count * g.dilation[0],
                                                    y.first + i / x.count % y.count * g.dilation[1],
                                                    x.first + i % x.count * g.dilation[2]};
                const std::int64_t offset = (p[0] * g.in[1] + p[1]) * g.in[2] + p[2];
                if (bestAt >= 0 && !(static_cast<Wide<T>>(from[offset]) > static_cast<Wide<T>>(from[bestAt]))) continue;
                bestAt = offset;
                best = p;
            }
            if (columnsFirst) bestAt = (best[2] * g.in[1] + best[1]) * g.in[0] + best[0];
            indices[at] = plane * g.inPlane() + bestAt;
        }
    }
}

using MaxTypes = Types<float, double, Float16, BFloat16, std::int8_t, std::uint8_t>;

void maxPool(Call& call) {
    pool<Largest>(call, MaxTypes{});
    if (!call.wants(1)) return;
    const PoolGeometry geometry = poolGeometry(call);
    const auto indices = call.out(1, DataType::int64, geometry.outputShape).write<std::int64_t>();
    dispatch(MaxTypes{}, call.in(0).type(),
             [&]<class T>() { largestAt<T>(call, geometry, call.in(0).read<T>(), indices); });
}

void averagePool(Call& call) { pool<Mean>(call, Floats{}); }

void lpPool(Call& call) {
    if (call.op.integer("p", 2) < 1) throw Refused{fmt::format("p {} must be at least 1", call.op.integer("p", 2))};
    pool<Norm>(call, Floats{});
}

constexpr KernelEntry kEntries[] = {
    {"", "MaxPool", 1, kNewest, maxPool},
    {"", "AveragePool", 1, kNewest, averagePool},
    {"", "LpPool", 1, kNewest, lpPool},
    {"", "GlobalMaxPool", 1, kNewest, maxPool},
    {"", "GlobalAveragePool", 1, kNewest, averagePool},
    {"", "GlobalLpPool", 1, kNewest, lpPool},
};

}  // namespace

std::span<const KernelEntry> poolingKernels() { return kEntries; }

}  // namespace millrace::model::exec
