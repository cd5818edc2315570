#pragma once
#include <cassert>
#include <cmath>
#include <cstdint>
#include <string_view>

/// Number formats: the one definition of rounding and of overflow.
///
/// **Rounding** chooses between the two neighbours of an exact value x among the values that a format can hold, as if
/// it had no bounds. A value that the format holds is never changed. With x = 2.5, -2.5, 3.5, -2.4 on the integers:
///
///     rule        meaning                                          2.5  -2.5  3.5  -2.4
///     down        toward minus infinity: an arithmetic shift, a cut   2    -3    3    -3
///     up          toward plus infinity                                3    -2    4    -2
///     towardZero  the magnitude is cut                                2    -2    3    -2
///     halfUp      the nearest; ties up: add a half, then cut          3    -2    4    -2
///     halfAway    the nearest; ties away from zero                    3    -3    4    -2
///     halfEven    the nearest; ties to the even neighbour (IEEE)      2    -2    4    -2
///
/// **Overflow** comes after rounding, when the rounded value lies outside of the format's bounds:
///
///     saturate    the bound that is nearer
///     wrap        the low bits, read as the format reads them: the value modulo 2^bits
///
/// Values in between are exact: products and sums are formed in 128 bits, which their operands cannot exceed. Floating
/// point formats have no wrap: what is too large for the format becomes infinite where its rounding rule leads away
/// from zero, and the largest finite value where it leads toward zero (IEEE 754).
namespace millrace::model::number {

__extension__ typedef __int128 Int128;

enum class Rounding : std::uint8_t { down, up, towardZero, halfUp, halfAway, halfEven };
enum class Overflow : std::uint8_t { saturate, wrap };

inline constexpr Rounding kRoundings[] = {Rounding::down,   Rounding::up,       Rounding::towardZero,
                                          Rounding::halfUp, Rounding::halfAway, Rounding::halfEven};

/// "down", "half-even", ... and "saturate", "wrap".
constexpr std::string_view name(Rounding rounding) {
    switch (rounding) {
        case Rounding::down: return "down";
        case Rounding::up: return "up";
        case Rounding::towardZero: return "toward-zero";
        case Rounding::halfUp: return "half-up";
        case Rounding::halfAway: return "half-away";
        case Rounding::halfEven: return "half-even";
    }
    return "";
}
constexpr std::string_view name(Overflow overflow) { return overflow == Overflow::saturate ? "saturate" : "wrap"; }

/// value / 2^shift, rounded to an integer. 0 <= shift <= 126.
constexpr Int128 shiftRight(Int128 value, int shift, Rounding rounding) {
    assert(shift >= 0 && shift <= 126);
    if (shift == 0) return value;
    const Int128 below = value >> shift;
    const Int128 rest = value & ((Int128{1} << shift) - 1);
    const Int128 half = Int128{1} << (shift - 1);
    switch (rounding) {
        case Rounding::down: return below;
        case Rounding::up: return below + (rest != 0 ? 1 : 0);
        case Rounding::towardZero: return below + (value < 0 && rest != 0 ? 1 : 0);
        case Rounding::halfUp: return below + (rest >= half ? 1 : 0);
        case Rounding::halfAway: return below + (rest > half || (rest == half && value >= 0) ? 1 : 0);
        case Rounding::halfEven: return below + (rest > half || (rest == half && (below & 1) != 0) ? 1 : 0);
    }
    return below;
}

/// The integer that the rule gives for a real value; infinities and NaN stay as they are.
inline double roundToInteger(double value, Rounding rounding) {
    const double below = std::floor(value);
    const double rest = value - below;
    switch (rounding) {
        case Rounding::down: return below;
        case Rounding::up: return std::ceil(value);
        case Rounding::towardZero: return std::trunc(value);
        case Rounding::halfUp: return rest >= 0.5 ? below + 1 : below;
        case Rounding::halfAway: return std::round(value);
        case Rounding::halfEven: return rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) != 0) ? below + 1 : below;
    }
    return below;
}

}  // namespace millrace::model::number
