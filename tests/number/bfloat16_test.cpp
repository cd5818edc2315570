#include "model/number/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::number {
namespace {

float fromBits(std::uint32_t bits) {
    float x = 0;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

/// The value that a magnitude's pattern would have if exponents went on: 0x7f80 is 2^128.
double magnitudeOf(std::uint32_t pattern) {
    const int field = static_cast<int>(pattern >> 7);
    const int fraction = static_cast<int>(pattern & 0x7f);
    return field == 0 ? std::ldexp(fraction, -133) : std::ldexp(128 + fraction, field - 127 - 7);
}

/// By comparing exact distances to the two neighbours.
std::uint16_t slowRound(float x, Rounding rounding) {
    const bool negative = std::signbit(x);
    const double magnitude = std::abs(static_cast<double>(x));
    std::uint32_t below = 0;
    for (std::uint32_t step = 0x4000; step != 0; step /= 2) {
        if (below + step <= 0x7f80 && magnitudeOf(below + step) <= magnitude) below += step;
    }
    std::uint32_t chosen = below;
    const double down = magnitude - magnitudeOf(below);
    if (down != 0 && !std::isinf(x)) {
        const double up = magnitudeOf(below + 1) - magnitude;
        bool away = down > up;
        if (rounding == Rounding::down) away = negative;
        if (rounding == Rounding::up) away = !negative;
        if (rounding == Rounding::towardZero) away = false;
        if (down == up && rounding == Rounding::halfUp) away = !negative;
        if (down == up && rounding == Rounding::halfAway) away = true;
        if (down == up && rounding == Rounding::halfEven) away = below % 2 != 0;
        if (away) chosen = below + 1;
    }
    return static_cast<std::uint16_t>(chosen | (negative ? 0x8000U : 0U));
}

TEST(Bfloat16, EveryPatternIsItself) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const float value = Bfloat16{static_cast<std::uint16_t>(bits)}.value();
        for (const Rounding rounding : kRoundings) {
            const std::uint16_t again = toBfloat16(value, rounding).bits;
            ASSERT_EQ(again, std::isnan(value) ? bits | 0x40 : bits) << name(rounding);
        }
        if (!std::isnan(value) && !std::isinf(value)) {
            ASSERT_EQ(std::abs(static_cast<double>(value)), magnitudeOf(bits & 0x7fff));
        }
    }
}

TEST(Bfloat16, EveryUpperHalfWithLowerHalvesAroundTies) {
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
        for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
            const float x = fromBits(upper << 16 | lower);
            if (std::isnan(x)) continue;
            for (const Rounding rounding : kRoundings)
                ASSERT_EQ(toBfloat16(x, rounding).bits, slowRound(x, rounding))
                    << std::hex << upper << " " << lower << " " << name(rounding);
        }
    }
}

TEST(Bfloat16, RandomPatterns) {
    Rng rng(3);
    const std::int64_t n = test::count(20'000'000);
    for (std::int64_t i = 0; i < n; ++i) {
        const float x = fromBits(static_cast<std::uint32_t>(rng.next()));
        const Rounding rounding = kRoundings[rng.below(6)];
        if (std::isnan(x)) continue;
        ASSERT_EQ(toBfloat16(x, rounding).bits, slowRound(x, rounding)) << x << " " << name(rounding);
    }
}

TEST(Bfloat16, EveryNanStaysOne) {
    for (const std::uint32_t bits : {0x7f800001U, 0x7fffffffU, 0xffffffffU, 0xff800001U, 0x7fc00000U}) {
        for (const Rounding rounding : kRoundings) {
            const Bfloat16 result = toBfloat16(fromBits(bits), rounding);
            EXPECT_TRUE(std::isnan(result.value())) << std::hex << bits;
            EXPECT_EQ(result.bits >> 15, bits >> 31);
        }
    }
}

}  // namespace
}  // namespace millrace::model::number
