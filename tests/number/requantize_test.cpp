#include "model/number/requantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::number {
namespace {

/// An integer of any size, as text of bits would be handled by hand: for values that fit 62 bits, plain division.
std::int64_t slowFit(std::int64_t value, IntegerType type, Overflow overflow) {
    const std::int64_t count = type.highest() - type.lowest() + 1;
    while (value < type.lowest())
        value = overflow == Overflow::saturate
                    ? type.lowest()
                    : value + count * std::max<std::int64_t>(1, (type.lowest() - value) / count);
    while (value > type.highest())
        value = overflow == Overflow::saturate
                    ? type.highest()
                    : value - count * std::max<std::int64_t>(1, (value - type.highest()) / count);
    return value;
}

std::int64_t slowRequantize(const Requantize& how, std::int64_t x) {
    std::int64_t value = x * how.multiplier + how.bias;
    if (how.inner) value = slowFit(value, *how.inner, how.innerOverflow);
    if (how.shift < 0) {
        for (int i = 0; i < -how.shift; ++i) value *= 2;
    } else {
        const std::int64_t divisor = std::int64_t{1} << how.shift;
        std::int64_t below = value / divisor;
        while (below * divisor > value) --below;
        const std::int64_t twice = 2 * (value - below * divisor);  // to be compared with the divisor
        bool up = twice > divisor;
        switch (how.rounding) {
            case Rounding::down: up = false; break;
            case Rounding::up: up = twice != 0; break;
            case Rounding::towardZero: up = twice != 0 && value < 0; break;
            case Rounding::halfUp: up = up || twice == divisor; break;
            case Rounding::halfAway: up = up || (twice == divisor && value > 0); break;
            case Rounding::halfEven: up = up || (twice == divisor && below % 2 != 0); break;
        }
        value = below + (up ? 1 : 0);
    }
    return slowFit(value + how.zeroPoint, how.type, how.overflow);
}

Requantize random(Rng& rng) {
    Requantize how;
    how.multiplier = static_cast<std::int32_t>(rng.between(-40, 40));
    how.bias = rng.between(-500, 500);
    how.shift = static_cast<int>(rng.between(-3, 9));
    how.rounding = kRoundings[rng.below(6)];
    how.overflow = rng.below(2) == 0 ? Overflow::saturate : Overflow::wrap;
    how.type = {static_cast<int>(rng.between(1, 12)), rng.below(2) == 0};
    how.zeroPoint = rng.below(2) == 0 ? 0 : rng.between(-20, 20);
    if (rng.below(2) == 0) how.inner = IntegerType{static_cast<int>(rng.between(1, 16)), rng.below(4) != 0};
    how.innerOverflow = rng.below(4) == 0 ? Overflow::saturate : Overflow::wrap;
    return how;
}

TEST(Requantize, RandomSettingsOnAllSmallValues) {
    Rng rng(11);
    const std::int64_t n = test::count(100'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const Requantize how = random(rng);
        ASSERT_EQ(how.problem(), "");
        std::vector<std::int32_t> values;
        for (std::int32_t x = -300; x <= 300; ++x) values.push_back(x);
        std::vector<std::int32_t> results(values.size());
        how(values, results);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::int64_t expected = slowRequantize(how, values[i]);
            ASSERT_EQ(how(values[i]), expected) << values[i] << " " << how.shift << " " << name(how.rounding);
            ASSERT_EQ(results[i], expected);
        }
    }
}

TEST(Requantize, FitsIsWhatTryingAllSays) {
    Rng rng(12);
    int fitting = 0;
    for (int k = 0; k < 4000; ++k) {
        Requantize how = random(rng);
        if (rng.below(2) == 0) {
            how.type.bits += 4;
            how.inner.reset();
        }
        const std::int64_t low = rng.between(-60, 20);
        const std::int64_t high = rng.between(low, 60);
        // Nothing overflows where wider types give the same.
        Requantize wide = how;
        wide.type = {32, true};
        wide.inner.reset();
        bool expected = true;
        for (std::int64_t x = low; x <= high; ++x) {
            const std::int64_t value = x * how.multiplier + how.bias;
            expected = expected && how.type.contains(wide(x)) && (!how.inner || how.inner->contains(value));
        }
        ASSERT_EQ(how.fits(low, high), expected);
        fitting += expected ? 1 : 0;
    }
    EXPECT_GT(fitting, 200);
    EXPECT_LT(fitting, 3800);
}

TEST(Requantize, ExtremeValuesStayExact) {
    Requantize how;
    how.multiplier = INT32_MIN;
    how.bias = std::int64_t{1} << 62;
    how.shift = kMaxShift;
    how.rounding = Rounding::down;
    how.type = {32, true};
    // (-2^63 * -2^31 + 2^62) / 2^64 = 2^30 + 1/4
    EXPECT_EQ(how(INT64_MIN), 1 << 30);
    how.rounding = Rounding::up;
    EXPECT_EQ(how(INT64_MIN), (1 << 30) + 1);
    how.shift = kMinShift;
    EXPECT_EQ(how(INT64_MIN), how.type.highest());
    how.overflow = Overflow::wrap;
    EXPECT_EQ(how(INT64_MIN), 0);
}

TEST(Requantize, SettingsThatAreNone) {
    const auto problem = [](auto change) {
        Requantize how;
        change(how);
        return how.problem();
    };
    EXPECT_EQ(problem([](Requantize& h) { h.shift = 65; }), "shift 65 is not in -32..64");
    EXPECT_EQ(problem([](Requantize& h) { h.shift = -33; }), "shift -33 is not in -32..64");
    EXPECT_EQ(problem([](Requantize& h) { h.type.bits = 33; }), "results of 33 bits are not of 1 to 32");
    EXPECT_EQ(problem([](Requantize& h) { h.inner = IntegerType{0, true}; }), "0 bits for the product are not 1 to 32");
    EXPECT_EQ(problem([](Requantize& h) { h.bias = INT64_MIN; }), "bias -9223372036854775808 is beyond 2^62");
    EXPECT_NE(problem([](Requantize& h) { h.zeroPoint = INT64_MAX; }), "");
}

/// Bits msb..msb-bits+1 of the low `width` bits of p, one by one, zeros below bit 0.
std::int64_t sliceByBits(std::int64_t p, int msb, IntegerType type) {
    std::int64_t result = 0;
    for (int i = 0; i < type.bits; ++i) {
        const int from = msb - i;
        result = 2 * result + (from >= 0 ? p >> from & 1 : 0);
    }
    return type.isSigned && result > type.highest() ? result - (std::int64_t{1} << type.bits) : result;
}

TEST(BitSlice, IsTheBitsOfTheWrappedProduct) {
    Rng rng(13);
    for (int k = 0; k < 20000; ++k) {
        const int msb = static_cast<int>(rng.between(0, 26));
        const IntegerType type{static_cast<int>(rng.between(1, 27)), rng.below(2) == 0};
        Requantize how = bitSlice(msb, type, 27);
        how.multiplier = static_cast<std::int32_t>(rng.between(-32768, 32767));
        how.bias = rng.between(-(1 << 26), (1 << 26) - 1);
        const std::int64_t x = rng.between(-(1 << 26), (1 << 26) - 1);
        const std::int64_t p = x * how.multiplier + how.bias;
        // Bit 26 is the sign of what is kept; slices do not reach above it.
        ASSERT_EQ(how(x), sliceByBits(p, msb, type)) << x << " msb " << msb << " " << type.text();
    }
}

TEST(FixedFactor, IsTheNearestWithTheLargestShift) {
    Rng rng(14);
    for (int k = 0; k < 20000; ++k) {
        const int bits = static_cast<int>(rng.between(2, 32));
        const double factor = std::ldexp(rng.unit() * 2 - 1, static_cast<int>(rng.between(-25, 8)));
        const auto fixed = fixedFactor(factor, bits);
        ASSERT_TRUE(fixed);
        const double bound = std::ldexp(1.0, bits - 1);
        ASSERT_LT(std::abs(static_cast<double>(fixed->multiplier)), bound);
        ASSERT_LE(std::abs(fixed->value() - factor), std::ldexp(0.5, -fixed->shift)) << factor;
        if (fixed->shift == kMaxShift) continue;
        ASSERT_GE(std::abs(std::round(std::ldexp(factor, fixed->shift + 1))), bound);
    }
}

TEST(FixedFactor, Ends) {
    EXPECT_EQ(fixedFactor(1.0, 16)->multiplier, 16384);
    EXPECT_EQ(fixedFactor(1.0, 16)->shift, 14);
    EXPECT_EQ(fixedFactor(1.0, 16, 8)->multiplier, 256);
    EXPECT_EQ(fixedFactor(0.0, 16)->multiplier, 0);
    EXPECT_EQ(fixedFactor(1e-30, 16)->multiplier, 0);
    EXPECT_FALSE(fixedFactor(1e30, 16));
    EXPECT_FALSE(fixedFactor(NAN, 16));
    EXPECT_FALSE(fixedFactor(INFINITY, 16));
    EXPECT_EQ(fixedFactor(0.99999, 16)->value(), 1.0);  // 32767.67 of 15 bits would round to 32768
}

}  // namespace
}  // namespace millrace::model::number
