#include <algorithm>
#include <cmath>

#include "model/exec/elementwise.h"
#include "model/exec/functions.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

enum class Kind { softmax, logSoftmax, hardmax };

/// Which elements make one distribution: `size` of them, `inner` apart.
Around groups(const Call& call) {
    const Shape& shape = call.in(0).shape();
    const bool flat = call.op.version < 13;
    if (shape.empty()) return Around({1}, 0);
    const std::int64_t given = call.op.integer("axis", flat ? 1 : -1);
    const auto rank = static_cast<std::int64_t>(shape.size());
    if (flat && given == rank) return Around({product(shape, 0, shape.size()), 1}, 1);
    const std::size_t axis = Call::axis(given, shape.size());
    if (!flat) return Around(shape, axis);
    return Around({product(shape, 0, axis), product(shape, axis, shape.size())}, 1);
}

/// One distribution of reals that lie side by side.
template <class W>
void distribute(W* row, std::int64_t size, Kind kind) {
    const W most = *std::max_element(row, row + size);
    if (kind == Kind::logSoftmax) {
        double sum = 0;
        for (std::int64_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(row[i] - most));
        const auto log = static_cast<W>(std::log(sum));
        for (std::int64_t i = 0; i < size; ++i) row[i] = (row[i] - most) - log;
        return;
    }
    for (std::int64_t i = 0; i < size; ++i) row[i] = row[i] - most;
    if constexpr (std::is_same_v<W, float>) {
        expArray(row, row, size);
    } else {
        for (std::int64_t i = 0; i < size; ++i) row[i] = std::exp(row[i]);
    }
    W sum = 0;
    for (std::int64_t i = 0; i < size; ++i) sum += row[i];
    for (std::int64_t i = 0; i < size; ++i) row[i] = row[i] / sum;
}

template <class W>
void markLargest(W* row, std::int64_t size) {
    const auto at = std::max_element(row, row + size) - row;
    std::fill_n(row, size, W{0});
    row[at] = W{1};
}

template <class T>
void overGroups(Call& call, Kind kind) {
    using W = Wide<T>;
    const Around around = groups(call);
    const T* x = call.in(0).read<T>().data();
    T* y = call.result(typeOf<T>(), call.in(0).shape()).template write<T>().data();
    if (call.in(0).elements() == 0) return;
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / 8 / around.size);
    parallelFor(call.environment, around.outer * around.inner, grain, [&](std::int64_t begin, std::int64_t end) {
        std::vector<W> row(static_cast<std::size_t>(around.size));
        for (std::int64_t g = begin; g < end; ++g) {
            const std::int64_t first = g / around.inner * around.size * around.inner + g % around.inner;
            for (std::int64_t i = 0; i < around.size; ++i) {
                row[static_cast<std::size_t>(i)] = static_cast<W>(x[first + i * around.inner]);
            }
            if (kind == Kind::hardmax) {
                markLargest(row.data(), around.size);
            } else {
                distribute(row.data(), around.size, kind);
            }
            for (std::int64_t i = 0; i < around.size; ++i) {
                y[first + i * around.inner] = static_cast<T>(row[static_cast<std::size_t>(i)]);
            }
        }
    });
}

template <Kind kind>
void softmax(Call& call) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() { overGroups<T>(call, kind); });
}

const KernelEntry kTable[] = {
    {"", "Softmax", 1, kNewest, softmax<Kind::softmax>},
    {"", "LogSoftmax", 1, kNewest, softmax<Kind::logSoftmax>},
    {"", "Hardmax", 1, kNewest, softmax<Kind::hardmax>},
};

}  // namespace

std::span<const KernelEntry> softmaxKernels() { return kTable; }

}  // namespace millrace::model::exec
