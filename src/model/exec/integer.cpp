#include <fmt/format.h>

#include <algorithm>

#include "model/exec/convert.h"
#include "model/exec/convolve.h"
#include "model/exec/gemm.h"
#include "model/exec/matmul.h"
#include "model/exec/registry.h"
#include "model/exec/rounding.h"

namespace millrace::model::exec {

namespace {

using Bytes = Types<std::uint8_t, std::int8_t>;
using Words = std::vector<std::uint32_t>;

/// 8-bit elements minus their zero point, in 32-bit arithmetic that wraps. A zero point has one element, or one per
/// index of an axis: element i belongs to entry i / inner % entries.
Words centred(const Call& call, const Value& value, const Value* zero, std::int64_t entries, std::int64_t inner) {
    Words zeros(1, 0);
    const auto widen = [&](const Value& from, Words& to) {
        dispatchOrRefuse(call, Bytes{}, from.type(), [&]<class T>() {
            to.clear();
            for (const T element : from.read<T>()) to.push_back(static_cast<std::uint32_t>(std::int32_t{element}));
        });
    };
    if (zero != nullptr) {
        if (zero->elements() != 1 && zero->elements() != entries) {
            throw Refused{fmt::format("a zero point {} for {} of {} elements", text(zero->shape()), text(value.shape()),
                                      entries)};
        }
        if (zero->type() != value.type()) {
            throw Refused{fmt::format("a zero point of {} for {}", name(zero->type()), name(value.type()))};
        }
        widen(*zero, zeros);
    }
    Words words;
    widen(value, words);
    const auto count = static_cast<std::int64_t>(zeros.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] -= count == 1 ? zeros[0] : zeros[i / static_cast<std::size_t>(inner) % zeros.size()];
    }
    return words;
}

Words multiplied(const Call& call, const MatMulShape& s, const Words& a, const Words& b) {
    Words result(static_cast<std::size_t>(elementsOf(s.result)), 0);
    for (std::size_t i = 0; i < s.leftOf.size(); ++i) {
        multiplyPlain(call.environment, s.rows, s.columns, s.inner, a.data() + s.leftOf[i] * s.rows * s.inner,
                      b.data() + s.rightOf[i] * s.inner * s.columns,
                      result.data() + static_cast<std::int64_t>(i) * s.rows * s.columns);
    }
    return result;
}

Words matMul(const Call& call, const MatMulShape& s, std::size_t a, std::size_t b, std::size_t aZero,
             std::size_t bZero) {
    return multiplied(call, s,
                      centred(call, call.in(a), call.optional(aZero), s.rows, std::max<std::int64_t>(1, s.inner)),
                      centred(call, call.in(b), call.optional(bZero), s.columns, 1));
}

Words convolved(const Call& call, const ConvGeometry& g, std::size_t weight, std::size_t inputZero,
                std::size_t weightZero) {
    const Words x = centred(call, call.in(0), call.optional(inputZero), 1, 1);
    const Words w = centred(call, call.in(weight), call.optional(weightZero), g.outputShape[1],
                            std::max<std::int64_t>(1, g.inner()));
    Words result(static_cast<std::size_t>(elementsOf(g.outputShape)), 0);
    convolvePlain(call.environment, g, x.data(), w.data(), result.data());
    return result;
}

void store(Call& call, const Words& words, const Shape& shape) {
    const auto to = call.result(DataType::int32, shape).write<std::int32_t>();
    std::transform(words.begin(), words.end(), to.begin(),
                   [](std::uint32_t w) { return static_cast<std::int32_t>(w); });
}

/// Scales of the three tensors of a quantised product; the second one per index of an axis, perhaps the first too.
struct Scales {
    std::vector<float> first, second;
    float result;

    Scales(const Call& call, std::size_t a, std::size_t b, std::size_t y, std::int64_t rows, std::int64_t columns)
        : first(read(call, a, rows)), second(read(call, b, columns)), result(read(call, y, 1).front()) {}
    static std::vector<float> read(const Call& call, std::size_t i, std::int64_t entries) {
        const Value& value = call.in(i);
        if (value.elements() != 1 && value.elements() != entries) {
            throw Refused{fmt::format("input {} is a scale {}, and one element or {} are needed", i,
                                      text(value.shape()), entries)};
        }
        const As<float> as(call, value);
        return {as.data(), as.data() + value.elements()};
    }
    float factor(std::int64_t row, std::int64_t column) const {
        const float a = first[static_cast<std::size_t>(row) % first.size()];
        return a * second[static_cast<std::size_t>(column) % second.size()] / result;
    }
};

/// Stores each sum times its factor, plus the zero point, in the zero point's type.
template <class Factor>
void requantize(Call& call, const Words& sums, const Shape& shape, const Value& zero, Factor factor) {
    dispatchOrRefuse(call, Bytes{}, zero.type(), [&]<class T>() {
        if (zero.elements() != 1)
            throw Refused{fmt::format("the result's zero point {} is no scalar", text(zero.shape()))};
        const auto offset = static_cast<double>(zero.read<T>()[0]);
        const auto to = call.result(zero.type(), shape).write<T>();
        for (std::size_t i = 0; i < sums.size(); ++i) {
            const float scaled =
                static_cast<float>(static_cast<std::int32_t>(sums[i])) * factor(static_cast<std::int64_t>(i));
            to[i] = saturated<T>(static_cast<double>(roundEven(scaled)) + offset);
        }
    });
}

void matMulInteger(Call& call) {
    const MatMulShape shape(call.in(0).shape(), call.in(1).shape());
    store(call, matMul(call, shape, 0, 1, 2, 3), shape.result);
}

void qLinearMatMul(Call& call) {
    const MatMulShape s(call.in(0).shape(), call.in(3).shape());
    const Scales scales(call, 1, 4, 6, s.rows, s.columns);
    const Words sums = matMul(call, s, 0, 3, 2, 5);
    requantize(call, sums, s.result, call.in(7),
               [&](std::int64_t i) { return scales.factor(i / s.columns % s.rows, i % s.columns); });
}

void convInteger(Call& call) {
    const ConvGeometry geometry = convGeometry(call);
    store(call, convolved(call, geometry, 1, 2, 3), geometry.outputShape);
}

void qLinearConv(Call& call) {
    const ConvGeometry g = convGeometry(call, 3);
    const std::int64_t channels = g.outputShape[1];
    const Scales scales(call, 1, 4, 6, 1, channels);
    Words sums = convolved(call, g, 3, 2, 5);
    const Value* bias = call.optional(8);
    checkBias(bias, channels);
    if (bias != nullptr) {
        if (bias->type() != DataType::int32) refuseType(call, bias->type());
        const auto start = bias->read<std::int32_t>();
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sums[i] += static_cast<std::uint32_t>(start[i / static_cast<std::size_t>(g.outPlane()) % start.size()]);
        }
    }
    requantize(call, sums, g.outputShape, call.in(7),
               [&](std::int64_t i) { return scales.factor(0, i / g.outPlane() % channels); });
}

constexpr KernelEntry kEntries[] = {
    {"", "MatMulInteger", 10, kNewest, matMulInteger},
    {"", "QLinearMatMul", 10, kNewest, qLinearMatMul},
    {"", "ConvInteger", 10, kNewest, convInteger},
    {"", "QLinearConv", 10, kNewest, qLinearConv},
};

}  // namespace

std::span<const KernelEntry> integerKernels() { return kEntries; }

}  // namespace millrace::model::exec
