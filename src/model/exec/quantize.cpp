#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/exec/broadcast.h"
#include "model/exec/convert.h"
#include "model/exec/registry.h"
#include "model/exec/rounding.h"

namespace millrace::model::exec {

namespace {

using Quantized = Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::int32_t>;

/// Which scale belongs to an element: one for all, one per index along an axis, or one per block along it.
class ScaleMap {
public:
    ScaleMap(const Call& call, const Shape& shape, const Shape& scale) : around_({1}, 0), inner_(1) {
        if (scale.empty() || elementsOf(scale) == 1) {
            around_ = Around({1, elementsOf(shape), 1}, 1);
            block_ = std::max<std::int64_t>(1, around_.size);
            return;
        }
        const std::size_t axis = Call::axis(call.op.integer("axis", 1), shape.size());
        around_ = Around(shape, axis);
        const std::int64_t block = call.op.integer("block_size", 0);
        if (scale.size() == 1 && scale[0] == shape[axis] && block == 0) {
            block_ = 1;
            return;
        }
        const std::int64_t blocks = scale.size() == shape.size() ? scale[axis] : 0;
        Shape expected = shape;
        expected[axis] = blocks;
        if (blocks < 1 || expected != scale) {
            throw Refused{
                fmt::format("scale {} fits neither axis {} of {} nor blocks along it", text(scale), axis, text(shape))};
        }
        block_ = block > 0 ? block : (shape[axis] + blocks - 1) / blocks;
        inner_ = around_.inner;
        if ((shape[axis] + block_ - 1) / block_ != blocks) {
            throw Refused{fmt::format("block_size {} makes of {} not the {} blocks of the scale {}", block_,
                                      text(shape), blocks, text(scale))};
        }
        perOuter_ = blocks;
    }

    /// Calls visit(element, scale) for all elements.
    template <class Visit>
    void forEach(Visit visit) const {
        std::int64_t element = 0;
        for (std::int64_t o = 0; o < around_.outer; ++o) {
            for (std::int64_t i = 0; i < around_.size; ++i) {
                const std::int64_t row = (o * perOuter_ + i / block_) * inner_;
                for (std::int64_t j = 0; j < around_.inner; ++j) visit(element++, inner_ == 1 ? row : row + j);
            }
        }
    }

private:
    Around around_;
    std::int64_t inner_, block_ = 1, perOuter_ = 0;
};

void checkZero(const Value* zero, const Value& scale) {
    if (zero == nullptr || zero->elements() == scale.elements()) return;
    throw Refused{
        fmt::format("scale {} and zero point {} must have the same shape", text(scale.shape()), text(zero->shape()))};
}

DataType quantizedType(const Call& call) {
    if (const Value* zero = call.optional(2)) return zero->type();
    const std::int64_t number = call.op.integer("output_dtype", 0);
    if (number == 0) return DataType::uint8;
    const auto type = dataType(number);
    if (!type) throw Refused{fmt::format("output_dtype {} is not supported", number)};
    return *type;
}

void quantizeLinear(Call& call) {
    const Value& input = call.in(0);
    const Value& scaleIn = call.in(1);
    checkZero(call.optional(2), scaleIn);
    const ScaleMap map(call, input.shape(), scaleIn.shape());
    const As<float> x(call, input);
    const As<float> scale(call, scaleIn);
    const DataType type = quantizedType(call);
    dispatchOrRefuse(call, Quantized{}, type, [&]<class T>() {
        const T* zero = call.optional(2) == nullptr ? nullptr : call.in(2).read<T>().data();
        T* to = call.result(type, input.shape()).write<T>().data();
        map.forEach([&](std::int64_t i, std::int64_t s) {
            const float whole = roundEven(x[i] / scale[s]);
            to[i] = saturated<T>(static_cast<double>(whole) + (zero == nullptr ? 0.0 : static_cast<double>(zero[s])));
        });
    });
}

void dequantizeLinear(Call& call) {
    const Value& input = call.in(0);
    const Value& scaleIn = call.in(1);
    checkZero(call.optional(2), scaleIn);
    const ScaleMap map(call, input.shape(), scaleIn.shape());
    const As<float> scale(call, scaleIn);
    Value result(DataType::float32, input.shape());
    float* to = result.write<float>().data();
    dispatchOrRefuse(call, Quantized{}, input.type(), [&]<class T>() {
        const Value* zeroIn = call.optional(2);
        if (zeroIn != nullptr && zeroIn->type() != input.type()) {
            throw Refused{
                fmt::format("the zero point is {}, but the input {}", name(zeroIn->type()), name(input.type()))};
        }
        const T* zero = zeroIn == nullptr ? nullptr : zeroIn->read<T>().data();
        const T* from = input.read<T>().data();
        map.forEach([&](std::int64_t i, std::int64_t s) {
            const auto centred =
                static_cast<std::int64_t>(from[i]) - (zero == nullptr ? 0 : static_cast<std::int64_t>(zero[s]));
            to[i] = static_cast<float>(centred) * scale[s];
        });
    });
    const std::int64_t asked = call.op.integer("output_dtype", 0);
    const DataType type = asked == 0 ? scaleIn.type() : dataType(asked).value_or(DataType::undefined);
    if (type != DataType::float32 && type != DataType::float16 && type != DataType::bfloat16) refuseType(call, type);
    call.result(DataType::float32, {}) = rounded(std::move(result), type);
}

void dynamicQuantizeLinear(Call& call) {
    const Value& input = call.in(0);
    if (input.type() != DataType::float32) refuseType(call, input.type());
    const auto x = input.read<float>();
    float low = 0;
    float high = 0;
    for (const float value : x) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    const float range = (high - low) / 255.0F;
    const float scale = range == 0 ? 1.0F : range;
    const auto zero = saturated<std::uint8_t>(static_cast<double>(roundEven(0.0F - low / scale)));
    const auto to = call.result(DataType::uint8, input.shape()).write<std::uint8_t>();
    for (std::size_t i = 0; i < x.size(); ++i) {
        to[i] = saturated<std::uint8_t>(static_cast<double>(roundEven(x[i] / scale)) + zero);
    }
    if (call.wants(1)) call.out(1, DataType::float32, {}).write<float>()[0] = scale;
    if (call.wants(2)) call.out(2, DataType::uint8, {}).write<std::uint8_t>()[0] = zero;
}

using Rounding = double (*)(double);

Rounding roundingNamed(const std::string& mode) {
    if (mode == "ROUND" || mode == "HALF_EVEN") return [](double x) { return roundEven(x); };
    if (mode == "CEIL") return [](double x) { return std::ceil(x); };
    if (mode == "FLOOR") return [](double x) { return std::floor(x); };
    if (mode == "UP") return [](double x) { return std::copysign(std::ceil(std::abs(x)), x); };
    if (mode == "DOWN" || mode == "ROUND_TO_ZERO") return [](double x) { return std::trunc(x); };
    if (mode == "HALF_UP") return [](double x) { return std::copysign(std::floor(std::abs(x) + 0.5), x); };
    if (mode == "HALF_DOWN") return [](double x) { return std::copysign(std::ceil(std::abs(x) - 0.5), x); };
    throw Refused{fmt::format("rounding_mode '{}' is none of ROUND, CEIL, FLOOR, UP, DOWN, HALF_UP, HALF_DOWN", mode)};
}

/// Inputs from 1 on, stretched to the first one's shape, as doubles.
class Stretched {
public:
    Stretched(const Call& call, std::size_t input)
        : full_(stretched(call.in(input), call.in(0).shape())), as_(call, full_) {}
    double operator[](std::int64_t i) const { return as_[i]; }

private:
    Value full_;
    As<double> as_;
};

/// Element-wise, in doubles, stored as float32.
template <class F>
void elementwise(Call& call, F f) {
    const Value& input = call.in(0);
    if (input.type() != DataType::float32) refuseType(call, input.type());
    const auto x = input.read<float>();
    const auto to = call.result(DataType::float32, input.shape()).write<float>();
    for (std::size_t i = 0; i < x.size(); ++i)
        to[i] = static_cast<float>(f(static_cast<std::int64_t>(i), static_cast<double>(x[i])));
}

/// QONNX: round(clip(x / scale + zero, least, most)) brought back to reals.
void quant(Call& call) {
    const Stretched scale(call, 1);
    const Stretched zero(call, 2);
    const Stretched bits(call, 3);
    const bool isSigned = call.op.integer("signed", 1) != 0;
    const bool narrow = call.op.integer("narrow", 0) != 0;
    const Rounding rounding = roundingNamed(call.op.text("rounding_mode", "ROUND"));
    elementwise(call, [&](std::int64_t i, double x) {
        const double span = std::exp2(isSigned ? bits[i] - 1 : bits[i]);
        const double most = isSigned ? span - 1 : span - 1 - (narrow ? 1 : 0);
        const double least = isSigned ? (narrow ? 1 - span : -span) : 0;
        const double level = rounding(std::min(std::max(x / scale[i] + zero[i], least), most));
        return (level - zero[i]) * scale[i];
    });
}

void bipolarQuant(Call& call) {
    const Stretched scale(call, 1);
    elementwise(call, [&](std::int64_t i, double x) { return x >= 0 ? scale[i] : -scale[i]; });
}

void trunc(Call& call) {
    const Stretched scale(call, 1);
    const Stretched zero(call, 2);
    const Stretched in(call, 3);
    const Stretched out(call, 4);
    const Rounding rounding = roundingNamed(call.op.text("rounding_mode", "FLOOR"));
    elementwise(call, [&](std::int64_t i, double x) {
        const double level = roundEven(x / scale[i] + zero[i]) / std::exp2(in[i] - out[i]);
        return (rounding(level) - zero[i]) * scale[i];
    });
}

constexpr std::string_view kQonnx = "qonnx.custom_op.general";
constexpr std::string_view kBrevitas = "onnx.brevitas";

constexpr KernelEntry kEntries[] = {
    {"", "QuantizeLinear", 10, kNewest, quantizeLinear},
    {"", "DequantizeLinear", 10, kNewest, dequantizeLinear},
    {"", "DynamicQuantizeLinear", 11, kNewest, dynamicQuantizeLinear},
    {kQonnx, "Quant", 1, kNewest, quant},
    {kQonnx, "BipolarQuant", 1, kNewest, bipolarQuant},
    {kQonnx, "Trunc", 1, kNewest, trunc},
    {kBrevitas, "Quant", 1, kNewest, quant},
    {kBrevitas, "BipolarQuant", 1, kNewest, bipolarQuant},
    {kBrevitas, "Trunc", 1, kNewest, trunc},
};

}  // namespace

std::span<const KernelEntry> quantizeKernels() { return kEntries; }

}  // namespace millrace::model::exec
