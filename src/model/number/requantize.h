#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/number/integer.h"
#include "model/number/number.h"

/// The step from an accumulator to the integers of the next layer:
///
///     y = fit(round((x * multiplier + bias) / 2^shift) + zeroPoint)
///
/// The product with the bias is exact, unless `inner` says that a machine keeps only so many bits of it. What targets
/// do at this place are settings of `Requantize`, for example:
///
///     TFLite, ONNX in integers    multiplier of 31 bits, rounding halfUp or halfEven, saturate
///     BARVINN's scaler + slice    `bitSlice`: 27 bits in between, rounding down, wrap
///     alignment of a GBF80 lane   multiplier 1, shift by the gap of the exponents, halfAway
namespace millrace::model::number {

inline constexpr int kMinShift = -32;
inline constexpr int kMaxShift = 64;

/// For one channel. A default one passes on what fits int8 and saturates the rest.
struct Requantize {
    std::int32_t multiplier = 1;
    std::int64_t bias = 0;  ///< in units of the product: added before the shift
    int shift = 0;          ///< kMinShift to kMaxShift; negative: to the left, zeros come in
    Rounding rounding = Rounding::halfEven;
    Overflow overflow = Overflow::saturate;
    IntegerType type;            ///< of the result
    std::int64_t zeroPoint = 0;  ///< added after rounding
    /// The type that x * multiplier + bias is kept in, and how it gets there; none: exact.
    std::optional<IntegerType> inner;
    Overflow innerOverflow = Overflow::wrap;

    /// Why this is no setting ("shift 70 is not in -32..64"); empty if it is one.
    std::string problem() const;

    /// The result for an accumulator's value. The setting must have no problem.
    std::int64_t operator()(std::int64_t x) const;
    /// Many values; the spans have one length.
    void operator()(std::span<const std::int32_t> x, std::span<std::int32_t> y) const;

    /// True if nothing overflows, inside or at the end, for any x of lowest..highest.
    bool fits(std::int64_t lowest, std::int64_t highest) const;
};

/// A machine that keeps the low `accumulatorBits` of x * multiplier + bias and hands on the bits from `msb` downward,
/// as many as `type` has, with zeros below bit 0 (BARVINN's scaler and quantser; 27 bits). Rounding is `down`: a bias
/// of 2^(shift - 1) more makes it `halfUp`.
Requantize bitSlice(int msb, IntegerType type, int accumulatorBits);

/// A real factor as multiplier / 2^shift with |multiplier| < 2^(multiplierBits - 1), to the nearest (ties away from
/// zero), with the largest shift up to `maxShift` that allows it. Multipliers have 2 to 32 bits. Nothing if the factor
/// is not finite or too large for the smallest shift. A factor too small for the largest shift has fewer significant
/// bits, down to the multiplier 0.
struct FixedFactor {
    std::int32_t multiplier = 0;
    int shift = 0;

    double value() const;
};
std::optional<FixedFactor> fixedFactor(double factor, int multiplierBits, int maxShift = kMaxShift);

}  // namespace millrace::model::number
