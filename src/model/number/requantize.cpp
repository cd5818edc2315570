#include "model/number/requantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace millrace::model::number {

namespace {

Int128 product(const Requantize& how, std::int64_t x) { return Int128{x} * how.multiplier + how.bias; }

/// The result before it is fitted.
Int128 shifted(const Requantize& how, Int128 value) {
    const Int128 rounded =
        how.shift >= 0 ? shiftRight(value, how.shift, how.rounding) : value * (Int128{1} << -how.shift);
    return rounded + how.zeroPoint;
}

}  // namespace

std::string Requantize::problem() const {
    if (!type.valid()) return fmt::format("results of {} bits are not of 1 to {}", type.bits, kMaxIntegerBits);
    if (inner && !inner->valid())
        return fmt::format("{} bits for the product are not 1 to {}", inner->bits, kMaxIntegerBits);
    if (shift < kMinShift || shift > kMaxShift)
        return fmt::format("shift {} is not in {}..{}", shift, kMinShift, kMaxShift);
    // So that a shift to the left cannot leave 128 bits: |x * multiplier + bias| <= 2^94 + 2^62 for 63-bit x.
    constexpr std::int64_t most = std::int64_t{1} << 62;
    if (bias < -most || bias > most) return fmt::format("bias {} is beyond 2^62", bias);
    if (zeroPoint < -most || zeroPoint > most) return fmt::format("zero point {} is beyond 2^62", zeroPoint);
    return {};
}

std::int64_t Requantize::operator()(std::int64_t x) const {
    assert(problem().empty());
    Int128 value = product(*this, x);
    if (inner) value = fit(value, *inner, innerOverflow);
    return fit(shifted(*this, value), type, overflow);
}

void Requantize::operator()(std::span<const std::int32_t> x, std::span<std::int32_t> y) const {
    assert(x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<std::int32_t>((*this)(x[i]));
}

bool Requantize::fits(std::int64_t lowest, std::int64_t highest) const {
    // Every step is monotone in x as long as nothing overflows, so the ends decide.
    for (const std::int64_t x : {lowest, highest}) {
        const Int128 value = product(*this, x);
        if (inner && !inner->contains(value)) return false;
        if (!type.contains(shifted(*this, value))) return false;
    }
    return true;
}

Requantize bitSlice(int msb, IntegerType type, int accumulatorBits) {
    Requantize how;
    how.shift = msb - type.bits + 1;
    how.rounding = Rounding::down;
    how.overflow = Overflow::wrap;
    how.type = type;
    how.inner = IntegerType{accumulatorBits, true};
    how.innerOverflow = Overflow::wrap;
    return how;
}

double FixedFactor::value() const { return std::ldexp(static_cast<double>(multiplier), -shift); }

std::optional<FixedFactor> fixedFactor(double factor, int multiplierBits, int maxShift) {
    assert(multiplierBits >= 2 && multiplierBits <= 32 && maxShift >= kMinShift && maxShift <= kMaxShift);
    if (!std::isfinite(factor)) return std::nullopt;
    const double bound = std::ldexp(1.0, multiplierBits - 1);
    for (int shift = maxShift; shift >= kMinShift; --shift) {
        const double multiplier = std::round(std::ldexp(factor, shift));
        if (std::abs(multiplier) < bound) return FixedFactor{static_cast<std::int32_t>(multiplier), shift};
    }
    return std::nullopt;
}

}  // namespace millrace::model::number
