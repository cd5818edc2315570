#include "model/number/grouped.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::number {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using Lanes = std::array<float, kGroupLanes>;

/// x to a multiple of the unit, ties away from zero; both are exact in double.
double toMultiple(double x, double unit) { return std::round(x / unit) * unit; }

/// The unit of a value with 8 significant bits; subnormal values share float32's smallest exponent.
double unitOf(double x) { return std::ldexp(1.0, std::max(std::ilogb(x), -126) - 7); }

/// The encoding as the header says it, in real numbers: what comes out of decoding.
std::array<double, kGroupLanes> slowStored(const Lanes& values) {
    std::array<double, kGroupLanes> stored{};
    double unit = 0;
    for (std::size_t i = 0; i < kGroupLanes; ++i) {
        const double x = values[i];
        stored[i] = x == 0 ? 0 : toMultiple(x, unitOf(x));
        if (stored[i] != 0) unit = std::max(unit, unitOf(stored[i]));
    }
    for (double& x : stored) x = x == 0 ? 0 : toMultiple(x, unit);
    return stored;
}

void expectAsSlow(const Lanes& values) {
    const Group group = encodeGroup(values);
    const Lanes stored = decodeGroup(group);
    const auto expected = slowStored(values);
    for (std::size_t i = 0; i < kGroupLanes; ++i)
        ASSERT_EQ(static_cast<double>(stored[i]), expected[i])
            << values[i] << " in lane " << i << ", exponent " << int{group.exponent};
    ASSERT_EQ(unpack(pack(group)), group);
    ASSERT_EQ(encodeGroup(stored), group);
}

TEST(Grouped, GoldenVectors) {
    EXPECT_THAT(pack(encodeGroup(Lanes{1, 2, 3, 4, 5, 6, 7, 8})),
                ElementsAre(0x10, 0x40, 0xc0, 0x00, 0x02, 0x05, 0x0c, 0x1c, 0x40, 0x82));
    const auto bytes = pack(encodeGroup(Lanes{1, -1, 0.1F}));
    EXPECT_THAT(bytes, ElementsAre(0x80, 0x00, 0x37, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f));
    EXPECT_THAT(decodeGroup(unpack(bytes)), ElementsAre(1, -1, 0.1015625F, 0, 0, 0, 0, 0));
}

TEST(Grouped, ZeroStaysZeroBesideAnything) {
    for (const float big : {256.0F, 1.0F, 3e38F, 1e-40F, 1e-38F}) {
        for (const float zero : {0.0F, -0.0F}) {
            const Lanes stored = decodeGroup(encodeGroup(Lanes{zero, big, zero, -big}));
            for (const std::size_t i : {0, 2, 4, 7}) {
                EXPECT_EQ(stored[i], 0.0F);
                EXPECT_FALSE(std::signbit(stored[i]));
            }
            EXPECT_EQ(stored[1], -stored[3]);
        }
    }
    EXPECT_EQ(pack(encodeGroup(Lanes{})), (std::array<std::uint8_t, kGroupBytes>{}));
}

TEST(Grouped, SmallLanesBesideLargeOnes) {
    // 256 has exponent 8: a gap of 8 leaves nothing or the last place (2.0), a gap of 9 nothing.
    const Lanes stored = decodeGroup(encodeGroup(Lanes{256, 1.0F, 1.99F, 0.999F, 0.5F, 1e-30F, -1.0F, 2.9F}));
    EXPECT_THAT(stored, ElementsAre(256, 2, 2, 2, 0, 0, -2, 2));
}

TEST(Grouped, EveryMantissaAtEveryGapBesideEveryLargestMantissa) {
    for (int gap = 0; gap <= 12; ++gap) {
        for (int largest = 128; largest < 256; ++largest) {
            for (int mantissa = 128; mantissa < 256; mantissa += 6) {
                Lanes values{static_cast<float>(largest)};
                for (int i = 1; i < 8; ++i) {
                    const int m = std::min(mantissa + i - 1, 255);
                    values[static_cast<std::size_t>(i)] = std::ldexp(static_cast<float>(i % 2 == 0 ? m : -m), -gap);
                }
                expectAsSlow(values);
            }
        }
    }
}

TEST(Grouped, TiesOfBothRoundings) {
    // Mantissas of nine and ten bits lie in the middle between two of eight.
    for (int mantissa = 512; mantissa < 1024; ++mantissa) {
        for (int gap = 0; gap <= 9; ++gap) {
            const float x = std::ldexp(static_cast<float>(mantissa), -9 - gap);
            expectAsSlow(Lanes{1, x, -x});
            if (HasFatalFailure()) return;
        }
    }
}

TEST(Grouped, RandomGroups) {
    Rng rng(5);
    const std::int64_t n = test::count(2'000'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const int center = static_cast<int>(rng.between(-150, 120));
        const int spread = static_cast<int>(rng.between(0, 12));
        Lanes values{};
        for (float& x : values) {
            const double mantissa = (rng.unit() + 1) * (rng.below(2) == 0 ? 1 : -1);
            x = rng.below(8) == 0
                    ? 0
                    : static_cast<float>(std::ldexp(mantissa, center - static_cast<int>(rng.between(0, spread))));
        }
        expectAsSlow(values);
        if (HasFatalFailure()) return;
    }
}

TEST(Grouped, EveryPackedWordIsReadAsTheFormulaSays) {
    Rng rng(6);
    for (int exponent = 0; exponent < 255; ++exponent) {
        for (int magnitude = 0; magnitude < 256; ++magnitude) {
            Group group;
            group.exponent = static_cast<std::uint8_t>(exponent);
            const std::size_t lane = rng.below(8);
            group.magnitude[lane] = static_cast<std::uint8_t>(magnitude);
            group.negative[lane] = true;
            // The word by its bits.
            const auto bytes = pack(group);
            for (std::size_t bit = 0; bit < 72; ++bit) {
                const bool expected =
                    bit >= 9 * lane && bit < 9 * lane + 9 && ((0x100 | magnitude) >> (bit - 9 * lane) & 1) != 0;
                ASSERT_EQ((bytes[bit / 8] >> bit % 8 & 1) != 0, expected);
            }
            ASSERT_EQ(static_cast<double>(decodeGroup(unpack(bytes))[lane]),
                      -magnitude / 128.0 * std::ldexp(1.0, exponent - 127));
        }
    }
}

TEST(Grouped, InfiniteAndNanLanes) {
    const Lanes stored = decodeGroup(encodeGroup(Lanes{INFINITY, -INFINITY, NAN, 1, 3e38F, 0, 0x1.0p120F, 0x1.0p119F}));
    EXPECT_EQ(stored[0], INFINITY);
    EXPECT_EQ(stored[1], -INFINITY);
    EXPECT_TRUE(std::isnan(stored[2]));
    EXPECT_EQ(stored[3], 0);
    EXPECT_NEAR(stored[4], 3e38, 2e36);
    EXPECT_EQ(stored[6], 0x1.0p121F);  // half of the last place: away from zero
    EXPECT_EQ(stored[7], 0);
    // Patterns whose payload stands in the half that is cut.
    float sneaky = 0;
    const std::uint32_t bits = 0x7fffffff;
    std::memcpy(&sneaky, &bits, sizeof sneaky);
    EXPECT_TRUE(std::isnan(decodeGroup(encodeGroup(Lanes{sneaky}))[0]));
    // Rounding up may leave the numbers.
    EXPECT_EQ(decodeGroup(encodeGroup(Lanes{3.4028235e38F}))[0], INFINITY);
}

/// Mean relative error of a lane whose exponent lies a gap below the group's largest (published figures; mantissas
/// evenly spread).
TEST(Grouped, LossByGapIsAsMeasuredElsewhere) {
    const double published[] = {0.14, 0.34, 0.6, 1.1, 2.2, 4.3, 8.7, 17};
    for (int gap = 0; gap < 8; ++gap) {
        double sum = 0;
        const int n = 1 << 16;
        for (int i = 0; i < n; ++i) {
            const auto x = static_cast<float>(std::ldexp(1 + (i + 0.5) / n, -gap));
            const Lanes stored = decodeGroup(encodeGroup(Lanes{x, 1.0F}));
            sum += std::abs(static_cast<double>(stored[0]) - x) / x;
        }
        const double percent = 100 * sum / n;
        RecordProperty("gap" + std::to_string(gap), std::to_string(percent));
        EXPECT_NEAR(percent, published[gap], 0.05 * published[gap]) << "gap " << gap;
    }
}

TEST(Grouped, TensorsArePixelsOfPaddedChannels) {
    Rng rng(7);
    for (const std::size_t channels : {1U, 3U, 7U, 8U, 9U, 16U, 21U}) {
        for (const std::size_t rowPixels : {0U, 1U, 3U, 4U}) {
            const std::size_t pixels = 12;
            std::vector<float> values(pixels * channels);
            for (float& x : values) x = static_cast<float>(rng.unit() * 8 - 4);
            const GroupedLayout layout{channels, rowPixels};
            const auto bytes = encodeGrouped(values, layout);
            ASSERT_EQ(bytes.size(), layout.bytes(pixels));
            // Pixel by pixel, by hand.
            std::vector<std::uint8_t> expected;
            for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
                for (std::size_t first = 0; first < channels; first += 8) {
                    Lanes lanes{};
                    for (std::size_t c = first; c < std::min(first + 8, channels); ++c)
                        lanes[c - first] = values[pixel * channels + c];
                    for (const std::uint8_t byte : pack(encodeGroup(lanes))) expected.push_back(byte);
                }
                if (rowPixels != 0 && (pixel + 1) % rowPixels == 0) {
                    while (expected.size() % 4 != 0) expected.push_back(0);
                }
            }
            ASSERT_THAT(bytes, ElementsAreArray(expected)) << channels << " " << rowPixels;
            const auto decoded = decodeGrouped(bytes, pixels, layout);
            ASSERT_TRUE(decoded);
            roundGrouped(values, channels);
            EXPECT_EQ(*decoded, values);
        }
    }
}

TEST(Grouped, BytesOfAnotherSizeAreRefused) {
    const std::vector<std::uint8_t> bytes(40);
    EXPECT_TRUE(decodeGrouped(bytes, 4, {8, 0}));
    EXPECT_TRUE(decodeGrouped(bytes, 2, {16, 0}));
    EXPECT_TRUE(decodeGrouped(bytes, 4, {8, 2}));
    EXPECT_FALSE(decodeGrouped(bytes, 4, {8, 1}));
    EXPECT_FALSE(decodeGrouped(bytes, 4, {8, 3}));
    EXPECT_FALSE(decodeGrouped(bytes, 3, {8, 0}));
    EXPECT_FALSE(decodeGrouped(bytes, 4, {0, 0}));
    EXPECT_FALSE(decodeGrouped(bytes, SIZE_MAX, {SIZE_MAX, 0}));
    EXPECT_FALSE(decodeGrouped(bytes, SIZE_MAX / 10 + 5, {8, 0}));
    EXPECT_FALSE(decodeGrouped(bytes, 1, {SIZE_MAX - 3, 0}));
    EXPECT_TRUE(decodeGrouped({}, 0, {8, 0}));
}

}  // namespace
}  // namespace millrace::model::number
