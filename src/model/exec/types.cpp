#include "model/exec/types.h"

#include <cmath>

namespace millrace::model::exec {

namespace {

/// The nearest float towards an odd last bit: a second rounding to fewer bits then errs no further than one would.
float roundToOdd(double value) {
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) == value || std::isnan(value) || std::isinf(narrow)) return narrow;
    auto bits = std::bit_cast<std::uint32_t>(narrow);
    const bool tooLarge = std::fabs(static_cast<double>(narrow)) > std::fabs(value);
    if (tooLarge) --bits;
    return std::bit_cast<float>(bits | 1U);
}

}  // namespace

Float16::Float16(float value) {
    const auto x = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (x >> 16) & 0x8000U;
    const std::uint32_t magnitude = x & 0x7fffffffU;
    std::uint32_t half = 0;
    if (magnitude > 0x7f800000U) {
        half = 0x7e00U;
    } else if (magnitude >= 0x477ff000U) {
        half = 0x7c00U;
    } else if (magnitude >= 0x38800000U) {
        const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
        half = (rounded - 0x38000000U) >> 13;
    } else if (magnitude >= 0x33000000U) {
        const std::uint32_t shift = 126U - (magnitude >> 23);
        const std::uint32_t mantissa = (magnitude & 0x7fffffU) | 0x800000U;
        const std::uint32_t rest = mantissa & ((1U << shift) - 1U);
        const std::uint32_t middle = 1U << (shift - 1U);
        half = mantissa >> shift;
        if (rest > middle || (rest == middle && (half & 1U) != 0)) ++half;
    }
    bits = static_cast<std::uint16_t>(sign | half);
}

Float16::Float16(double value) : Float16(roundToOdd(value)) {}

Float16::operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const std::uint32_t exponent = (bits >> 10) & 31U;
    const std::uint32_t mantissa = bits & 1023U;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | (mantissa << 13));
    if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (mantissa << 13));
    const float tiny = static_cast<float>(mantissa) * 0x1.0p-24F;
    return sign != 0 ? -tiny : tiny;
}

BFloat16::BFloat16(float value) {
    const auto x = std::bit_cast<std::uint32_t>(value);
    const bool nan = (x & 0x7fffffffU) > 0x7f800000U;
    bits = static_cast<std::uint16_t>(nan ? (x >> 16) | 0x40U : (x + 0x7fffU + ((x >> 16) & 1U)) >> 16);
}

BFloat16::BFloat16(double value) : BFloat16(roundToOdd(value)) {}

}  // namespace millrace::model::exec
