#include "model/number/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "model/number/integer.h"
#include "support/rng.h"

namespace millrace::model::number {
namespace {

/// What the table in number.h says, in whole numbers: value / divisor by comparing distances to both neighbours.
std::int64_t slowRound(std::int64_t value, std::int64_t divisor, Rounding rounding) {
    std::int64_t below = value / divisor;
    while (below * divisor > value) --below;
    if (below * divisor == value) return below;
    const std::int64_t above = below + 1;
    const std::int64_t down = value - below * divisor;
    const std::int64_t up = above * divisor - value;
    if (rounding == Rounding::down) return below;
    if (rounding == Rounding::up) return above;
    if (rounding == Rounding::towardZero) return value < 0 ? above : below;
    if (down != up) return down < up ? below : above;
    if (rounding == Rounding::halfUp) return above;
    if (rounding == Rounding::halfAway) return value < 0 ? below : above;
    return below % 2 == 0 ? below : above;
}

TEST(Rounding, TheTableOfTheHeader) {
    const double values[] = {2.5, -2.5, 3.5, -2.4};
    const int expected[][4] = {{2, -3, 3, -3}, {3, -2, 4, -2}, {2, -2, 3, -2},
                               {3, -2, 4, -2}, {3, -3, 4, -2}, {2, -2, 4, -2}};
    for (std::size_t rule = 0; rule < 6; ++rule) {
        for (std::size_t i = 0; i < 4; ++i)
            EXPECT_EQ(roundToInteger(values[i], kRoundings[rule]), expected[rule][i])
                << name(kRoundings[rule]) << values[i];
    }
}

TEST(Rounding, ShiftsAreDivisionsForAllSmallValues) {
    for (const Rounding rounding : kRoundings) {
        for (int shift = 0; shift <= 9; ++shift) {
            for (std::int64_t value = -1100; value <= 1100; ++value) {
                const std::int64_t expected = slowRound(value, std::int64_t{1} << shift, rounding);
                ASSERT_EQ(static_cast<std::int64_t>(shiftRight(value, shift, rounding)), expected)
                    << value << " >> " << shift << " " << name(rounding);
                const double real = static_cast<double>(value) / static_cast<double>(1 << shift);
                ASSERT_EQ(roundToInteger(real, rounding), static_cast<double>(expected))
                    << real << " " << name(rounding);
            }
        }
    }
}

TEST(Rounding, ShiftsOfWideValues) {
    Rng rng(1);
    for (int i = 0; i < 20000; ++i) {
        const int shift = static_cast<int>(rng.between(40, 126));
        const auto quotient = static_cast<std::int64_t>(rng.between(-1000, 1000)) >> std::max(0, shift - 116);
        const Int128 unit = Int128{1} << shift;
        const Int128 half = unit / 2;
        const int near = static_cast<int>(rng.between(-1, 1));
        const Int128 value = quotient * unit + half + near;
        for (const Rounding rounding : kRoundings) {
            // The same place between the neighbours, a step from the middle, on a scale of four.
            const std::int64_t expected = slowRound(quotient * 4 + 2 + near, 4, rounding);
            ASSERT_EQ(static_cast<std::int64_t>(shiftRight(value, shift, rounding)), expected)
                << shift << " " << quotient << " " << near << " " << name(rounding);
        }
    }
}

TEST(Rounding, RealsNextToATie) {
    const double below = std::nextafter(0.5, 0.0);
    const double above = std::nextafter(0.5, 1.0);
    for (const Rounding rounding : {Rounding::halfUp, Rounding::halfAway, Rounding::halfEven}) {
        EXPECT_EQ(roundToInteger(below, rounding), 0) << name(rounding);
        EXPECT_EQ(roundToInteger(above, rounding), 1) << name(rounding);
        EXPECT_EQ(roundToInteger(-below, rounding), 0) << name(rounding);
        EXPECT_EQ(roundToInteger(-above, rounding), -1) << name(rounding);
        EXPECT_EQ(roundToInteger(0x1.0p60, rounding), 0x1.0p60);
        EXPECT_TRUE(std::isnan(roundToInteger(std::nan(""), rounding)));
        EXPECT_TRUE(std::isinf(roundToInteger(INFINITY, rounding)));
    }
}

TEST(Integers, Bounds) {
    EXPECT_EQ((IntegerType{1, true}.lowest()), -1);
    EXPECT_EQ((IntegerType{1, true}.highest()), 0);
    EXPECT_EQ((IntegerType{1, false}.highest()), 1);
    EXPECT_EQ((IntegerType{32, true}.lowest()), -2147483648LL);
    EXPECT_EQ((IntegerType{32, false}.highest()), 4294967295LL);
    EXPECT_EQ((IntegerType{5, false}.text()), "uint5");
    EXPECT_FALSE((IntegerType{0, true}.valid()));
    EXPECT_FALSE((IntegerType{33, false}.valid()));
}

TEST(Integers, FitByCountingForAllTypesAndValuesAround) {
    for (int bits = 1; bits <= 9; ++bits) {
        for (const bool isSigned : {false, true}) {
            const IntegerType type{bits, isSigned};
            const std::int64_t count = std::int64_t{1} << bits;
            ASSERT_EQ(type.highest() - type.lowest() + 1, count);
            // Around the clock: one step up from the highest is the lowest.
            std::int64_t clock = type.lowest();
            for (std::int64_t value = type.lowest(); value < 3 * count; ++value) {
                ASSERT_EQ(fit(value, type, Overflow::wrap), clock) << value << " " << type.text();
                clock = clock == type.highest() ? type.lowest() : clock + 1;
            }
            for (std::int64_t value = -3 * count; value < 3 * count; ++value) {
                const std::int64_t wrapped = fit(value, type, Overflow::wrap);
                ASSERT_TRUE(type.contains(wrapped));
                ASSERT_EQ((value - wrapped) % count, 0);
                const std::int64_t bound = std::min(std::max(value, type.lowest()), type.highest());
                ASSERT_EQ(fit(value, type, Overflow::saturate), bound);
            }
        }
    }
}

TEST(Integers, FitOfWideValues) {
    const IntegerType wide{32, true};
    EXPECT_EQ(fit((Int128{1} << 100) + 5, wide, Overflow::wrap), 5);
    EXPECT_EQ(fit(-(Int128{1} << 100) - 5, wide, Overflow::wrap), -5);
    EXPECT_EQ(fit(-(Int128{1} << 100), wide, Overflow::saturate), wide.lowest());
    EXPECT_EQ(fit(Int128{2147483648LL}, wide, Overflow::wrap), wide.lowest());
    EXPECT_EQ(fit(Int128{-1}, {32, false}, Overflow::wrap), 4294967295LL);
}

TEST(Integers, QuantizeIsOnnxByDefault) {
    const Affine affine{0.5F, 3, {8, false}};
    EXPECT_EQ(quantize(0, affine), 3);
    EXPECT_EQ(quantize(0.25F, affine), 3);  // 0.5: to even
    EXPECT_EQ(quantize(0.75F, affine), 5);  // 1.5: to even
    EXPECT_EQ(quantize(-10, affine), 0);
    EXPECT_EQ(quantize(1000, affine), 255);
    EXPECT_EQ(quantize(NAN, affine), 3);
    EXPECT_EQ(quantize(INFINITY, affine), 255);
    EXPECT_EQ(quantize(-INFINITY, affine), 0);
    EXPECT_EQ(quantize(3e38F, {1e-38F, 3, {8, false}}), 255);
    EXPECT_EQ(quantize(INFINITY, affine, Rounding::halfEven, Overflow::wrap), 3);
    EXPECT_EQ(quantize(128, affine, Rounding::down, Overflow::wrap), 3);  // 256 + 3, modulo 256
    EXPECT_EQ(quantize(-0.1F, affine, Rounding::down), 2);
    EXPECT_EQ(dequantize(5, affine), 1.0F);
    EXPECT_EQ(dequantize(0, affine), -1.5F);
}

TEST(Integers, EveryIntegerComesBack) {
    for (const int bits : {1, 2, 7, 8, 12, 16}) {
        for (const bool isSigned : {false, true}) {
            const IntegerType type{bits, isSigned};
            for (const float scale : {1.0F, 0.1F, 3e-5F, 1234.5F}) {
                const Affine affine{scale, (type.lowest() + type.highest()) / 2, type};
                for (std::int64_t q = type.lowest(); q <= type.highest(); ++q)
                    ASSERT_EQ(quantize(dequantize(q, affine), affine), q) << type.text() << " " << scale;
            }
        }
    }
}

}  // namespace
}  // namespace millrace::model::number
