#pragma once
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <string>

#include "model/number/number.h"

/// Integers of 1 to 32 bits, and real values written with them: value = (q - zeroPoint) * scale.
namespace millrace::model::number {

inline constexpr int kMaxIntegerBits = 32;

/// Signed types are two's complement: int1 holds -1 and 0.
struct IntegerType {
    int bits = 8;
    bool isSigned = true;

    constexpr bool valid() const { return bits >= 1 && bits <= kMaxIntegerBits; }
    constexpr std::int64_t lowest() const { return isSigned ? -(std::int64_t{1} << (bits - 1)) : 0; }
    constexpr std::int64_t highest() const { return (std::int64_t{1} << (isSigned ? bits - 1 : bits)) - 1; }
    constexpr bool contains(Int128 value) const { return value >= lowest() && value <= highest(); }
    /// "int8", "uint4".
    std::string text() const { return (isSigned ? "int" : "uint") + std::to_string(bits); }
    constexpr bool operator==(const IntegerType&) const = default;
};

/// The value itself if the type holds it, else what the overflow rule makes of it.
constexpr std::int64_t fit(Int128 value, IntegerType type, Overflow overflow) {
    assert(type.valid());
    if (overflow == Overflow::saturate) {
        if (value < type.lowest()) return type.lowest();
        return value > type.highest() ? type.highest() : static_cast<std::int64_t>(value);
    }
    const Int128 span = Int128{1} << type.bits;
    const Int128 low = value & (span - 1);
    return static_cast<std::int64_t>(low > type.highest() ? low - span : low);
}

/// How real values are written as integers. The scale is positive and finite.
struct Affine {
    float scale = 1;
    std::int64_t zeroPoint = 0;  ///< a value of the type
    IntegerType type;
};

/// x / scale in float32, rounded, plus the zero point, fitted: ONNX's QuantizeLinear with its rules as defaults. NaN
/// gives the zero point. Quotients beyond 2^100, infinite ones among them, count as 2^100: they saturate, and wrap to
/// the zero point.
inline std::int64_t quantize(float x, const Affine& to, Rounding rounding = Rounding::halfEven,
                             Overflow overflow = Overflow::saturate) {
    const float quotient = x / to.scale;
    if (std::isnan(quotient)) return to.zeroPoint;
    const double bounded = std::clamp(static_cast<double>(quotient), -0x1.0p100, 0x1.0p100);
    return fit(static_cast<Int128>(roundToInteger(bounded, rounding)) + to.zeroPoint, to.type, overflow);
}

/// (q - zeroPoint) * scale in float32, as ONNX's DequantizeLinear.
inline float dequantize(std::int64_t q, const Affine& from) {
    return static_cast<float>(q - from.zeroPoint) * from.scale;
}

}  // namespace millrace::model::number
