#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "model/number/number.h"

/// bfloat16: the upper half of a float32; 8 significant bits, exponents of float32, subnormal values as in float32.
namespace millrace::model::number {

struct Bfloat16 {
    std::uint16_t bits = 0;

    /// Exact.
    constexpr float value() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
    constexpr bool operator==(const Bfloat16&) const = default;
};

/// Zero keeps its sign, infinities stay, and a NaN stays one (quiet, with its sign and the upper bits of its payload).
/// The default is IEEE's rule; `halfAway` is "add half of the last place, then cut", `towardZero` plain cutting.
inline Bfloat16 toBfloat16(float x, Rounding rounding = Rounding::halfEven) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t sign = bits >> 31;
    if (std::isnan(x)) return {static_cast<std::uint16_t>(bits >> 16 | 0x40)};
    const auto magnitude = static_cast<Int128>(bits & 0x7fffffff);
    const Int128 rounded = shiftRight(sign != 0 ? -magnitude : magnitude, 16, rounding);
    return {static_cast<std::uint16_t>(sign << 15 | static_cast<std::uint32_t>(rounded < 0 ? -rounded : rounded))};
}

}  // namespace millrace::model::number
