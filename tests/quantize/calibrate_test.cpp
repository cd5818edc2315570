#include "model/quantize/calibrate.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::quantize {
namespace {

using number::Affine;
using number::IntegerType;

/// Values of one of several shapes: normal, cut at zero, one-sided with a long tail, few, or with an outlier.
std::vector<float> activations(Rng& rng, std::size_t n) {
    const auto kind = rng.below(5);
    const double scale = std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-8, 8)));
    std::vector<float> values(n);
    for (float& value : values) {
        double x = -6;
        for (int i = 0; i < 12; ++i) x += rng.unit();
        if (kind == 1) x = std::max(x, 0.0);
        if (kind == 2) x = std::exp(x);
        if (kind == 3) x = std::round(2 * x);
        value = static_cast<float>(x * scale);
    }
    if (kind == 4) values[rng.below(n)] *= 20;
    return values;
}

Calibration statisticsOf(const std::vector<float>& values) {
    Calibration statistics;
    statistics.add(values);
    return statistics;
}

/// Mean squared error of the values themselves.
double errorOf(const std::vector<float>& values, const Affine& affine) {
    double sum = 0;
    for (const float x : values)
        sum += std::pow(static_cast<double>(number::dequantize(number::quantize(x, affine), affine)) - x, 2);
    return sum / static_cast<double>(values.size());
}

TEST(Calibration, HistogramIsThatOfTheFinalWidth) {
    Rng rng(41);
    const std::int64_t n = test::count(20'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const std::vector<float> values = activations(rng, 1 + rng.below(400));
        Calibration statistics;
        for (std::size_t at = 0; at < values.size();) {
            const std::size_t length = std::min(values.size() - at, static_cast<std::size_t>(rng.below(50)));
            statistics.add(std::span(values).subspan(at, length));
            at += length;
        }
        // R by trying powers of two.
        double magnitude = 0;
        for (const float x : values) magnitude = std::max(magnitude, std::abs(static_cast<double>(x)));
        int exponent = -100;
        while (std::ldexp(1.0, exponent) <= magnitude) ++exponent;
        ASSERT_EQ(statistics.exponent(), exponent);
        const double width = std::ldexp(1.0, exponent - 12);
        ASSERT_EQ(statistics.binWidth(), width);
        std::vector<std::uint64_t> positive(kCalibrationBins);
        std::vector<std::uint64_t> negative(kCalibrationBins);
        for (const float x : values)
            ++(x < 0 ? negative
                     : positive)[static_cast<std::size_t>(std::floor(std::abs(static_cast<double>(x)) / width))];
        ASSERT_TRUE(std::equal(positive.begin(), positive.end(), statistics.positive().begin()));
        ASSERT_TRUE(std::equal(negative.begin(), negative.end(), statistics.negative().begin()));
        ASSERT_EQ(statistics.count(), values.size());
        ASSERT_EQ(statistics.least(), *std::min_element(values.begin(), values.end()));
        ASSERT_EQ(statistics.largest(), *std::max_element(values.begin(), values.end()));
        ASSERT_EQ(statistics.zeros(), static_cast<std::uint64_t>(std::count(values.begin(), values.end(), 0.0F)));
    }
}

TEST(Calibration, OrderCutsAndMergingChangeNothing) {
    Rng rng(42);
    for (int k = 0; k < 200; ++k) {
        std::vector<float> values = activations(rng, 300);
        if (k % 3 == 0) values[7] = NAN;
        if (k % 5 == 0) values[9] = -INFINITY;
        if (k % 2 == 0) values[11] = static_cast<float>(std::ldexp(1.0, static_cast<int>(rng.between(-140, 127))));
        const Calibration whole = statisticsOf(values);
        Calibration parts[3];
        for (std::size_t i = values.size(); i-- > 0;) parts[rng.below(3)].add(std::span(values).subspan(i, 1));
        Calibration merged;
        for (const Calibration& part : parts) merged.merge(part);
        ASSERT_EQ(merged, whole);
        Calibration twice = whole;
        twice.merge(twice);
        ASSERT_EQ(twice.count(), 2 * whole.count());
        ASSERT_EQ(twice.notFinite(), 2 * whole.notFinite());
    }
}

TEST(Calibration, WhatIsNotFiniteIsCountedAndLeftOut) {
    Calibration statistics = statisticsOf({NAN, INFINITY, -INFINITY});
    EXPECT_EQ(statistics.notFinite(), 3U);
    EXPECT_EQ(statistics.count(), 0U);
    EXPECT_TRUE(statistics.positive().empty());
    EXPECT_EQ(choose(statistics, {}).scale, 1.0F);
    statistics.add(std::vector<float>{0, -0.0F, 0});
    EXPECT_EQ(statistics.zeros(), 3U);
    for (const RangeRule rule :
         {RangeRule::minMax, RangeRule::percentile, RangeRule::entropy, RangeRule::meanSquaredError})
        EXPECT_EQ(choose(statistics, {rule}).scale, 1.0F);
    statistics.add(std::vector<float>{3.4e38F, -3.4e38F});
    for (const RangeRule rule :
         {RangeRule::minMax, RangeRule::percentile, RangeRule::entropy, RangeRule::meanSquaredError}) {
        for (const int bits : {1, 2, 8, 16, 32}) {
            for (const bool isSigned : {false, true}) {
                for (const bool symmetric : {false, true}) {
                    const Affine affine = choose(statistics, {rule, 99, {bits, isSigned}, symmetric});
                    EXPECT_TRUE(std::isfinite(affine.scale) && affine.scale > 0);
                    EXPECT_TRUE(affine.type.contains(affine.zeroPoint));
                }
            }
        }
    }
}

TEST(Range, MinMaxByHand) {
    const Calibration statistics = statisticsOf({-1, 0.5F, 3});
    const Affine affine = choose(statistics, {RangeRule::minMax, 100, {8, false}, false});
    EXPECT_EQ(affine.scale, static_cast<float>(4.0 / 255));
    EXPECT_EQ(affine.zeroPoint, 64);  // 63.75
    const Affine symmetric = choose(statistics, {RangeRule::minMax, 100, {8, true}, true});
    EXPECT_EQ(symmetric.scale, static_cast<float>(3.0 / 127));
    EXPECT_EQ(symmetric.zeroPoint, 0);
    // Zero is always within.
    EXPECT_EQ(choose(statisticsOf({2, 3}), {RangeRule::minMax, 100, {8, true}, false}).zeroPoint, -128);
    EXPECT_EQ(choose(statisticsOf({-2, -3}), {RangeRule::minMax, 100, {8, false}, false}).zeroPoint, 255);
    EXPECT_EQ(choose(statisticsOf({-9, 3}), {RangeRule::minMax, 100, {4, false}, true}).scale,
              static_cast<float>(3.0 / 15));
}

TEST(Range, PercentileLeavesOutNoMoreThanItsShare) {
    Rng rng(43);
    const std::int64_t n = test::count(10'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const std::vector<float> values = activations(rng, 200 + rng.below(800));
        const Calibration statistics = statisticsOf(values);
        const double percentile = k % 4 == 0 ? 100 : 90 + 10 * rng.unit();
        const Affine affine = choose(statistics, {RangeRule::percentile, percentile, {16, true}, true});
        // The end of the range by sorting, to the bin.
        const double width = statistics.binWidth();
        const double share = static_cast<double>(values.size()) * (100 - percentile) / 100;
        double expected = 0;
        for (const double side : {-1.0, 1.0}) {
            double full = 0;
            for (const float x : values) full = std::max(full, side * x);
            double end = 0;
            const auto beyond = [&] {
                return static_cast<double>(std::count_if(values.begin(), values.end(),
                                                         [&](float x) { return side * x > 0 && side * x >= end; }));
            };
            while (beyond() > share + 1e-6) end += width * (beyond() > 100 + share ? 8 : 1);
            // Steps of eight may pass the first end; go back.
            while (end > 0) {
                end -= width;
                if (beyond() > share + 1e-6) {
                    end += width;
                    break;
                }
            }
            expected = std::max(expected, std::min(full, end));
        }
        if (expected == 0) continue;
        ASSERT_EQ(affine.scale, static_cast<float>(expected / 32767)) << percentile;
    }
}

/// As the header says it, with vectors as in the papers.
double slowEntropyEnd(const std::vector<float>& values, double width, std::size_t levels) {
    std::vector<long double> bins(kCalibrationBins);
    std::size_t used = 0;
    for (const float x : values) {
        if (x == 0) continue;
        const auto bin = static_cast<std::size_t>(std::abs(static_cast<double>(x)) / width);
        bins[bin] += 1;
        used = std::max(used, bin + 1);
    }
    std::size_t best = used;
    long double least = INFINITY;
    std::vector<std::size_t> ends = {used};
    for (std::size_t end = levels; end < used; end += 8) ends.push_back(end);
    std::sort(ends.rbegin(), ends.rend());
    if (used <= levels) return -1;
    for (const std::size_t end : ends) {
        std::vector<long double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(end));
        std::vector<long double> q(end);
        for (std::size_t i = end; i < used; ++i) p.back() += bins[i];
        for (std::size_t step = 0; step < levels; ++step) {
            long double sum = 0;
            int filled = 0;
            for (std::size_t i = 0; i < end; ++i) {
                if (i * levels / end != step) continue;
                sum += bins[i];
                filled += p[i] > 0 ? 1 : 0;
            }
            for (std::size_t i = 0; i < end; ++i) {
                if (i * levels / end == step && p[i] > 0) q[i] = sum / filled;
            }
        }
        long double sumP = 0;
        long double sumQ = 0;
        for (std::size_t i = 0; i < end; ++i) sumP += p[i], sumQ += q[i];
        long double divergence = 0;
        for (std::size_t i = 0; i < end; ++i) {
            if (p[i] > 0) divergence += p[i] / sumP * std::log(p[i] / sumP / (q[i] / sumQ));
        }
        if (divergence < least - 1e-12L) {
            least = divergence;
            best = end;
        }
    }
    return best == used ? -1 : static_cast<double>(best) * width;
}

TEST(Range, EntropyIsThatOfTheDefinition) {
    Rng rng(44);
    int cut = 0;
    for (int k = 0; k < 12; ++k) {
        const std::vector<float> values = activations(rng, 3000);
        const Calibration statistics = statisticsOf(values);
        const int bits = static_cast<int>(rng.between(3, 5));
        const double end = slowEntropyEnd(values, statistics.binWidth(), std::size_t{1} << (bits - 1));
        const double full = std::max(-statistics.least(), statistics.largest());
        const double expected = end < 0 ? full : std::min(full, end);
        const Affine affine = choose(statistics, {RangeRule::entropy, 100, {bits, true}, true});
        EXPECT_EQ(affine.scale, static_cast<float>(expected / ((1 << (bits - 1)) - 1))) << k;
        cut += end < 0 ? 0 : 1;
    }
    EXPECT_GT(cut, 3);
}

TEST(Range, EntropyCutsOutliersAndKeepsFewLevels) {
    Rng rng(45);
    std::vector<float> values(20000);
    for (float& x : values) x = static_cast<float>(rng.unit() + rng.unit() - 1);
    values[5] = 30;
    const Affine affine = choose(statisticsOf(values), {RangeRule::entropy, 100, {8, true}, true});
    EXPECT_LT(affine.scale * 127, 4);
    EXPECT_GT(affine.scale * 127, 0.9);
    // 2^15 levels are more than there are bins.
    EXPECT_EQ(choose(statisticsOf(values), {RangeRule::entropy, 100, {16, true}, true}).scale,
              static_cast<float>(30.0 / 32767));
}

TEST(Range, ExpectedErrorIsTheIntegral) {
    Rng rng(46);
    for (int k = 0; k < 20; ++k) {
        const std::vector<float> values = activations(rng, 20);
        const Calibration statistics = statisticsOf(values);
        const IntegerType type{static_cast<int>(rng.between(2, 10)), rng.below(2) == 0};
        const double reach = std::max(-statistics.least(), statistics.largest());
        const Affine affine{static_cast<float>(reach * (0.2 + rng.unit()) / (1 << (type.bits - 1))),
                            rng.between(type.lowest(), type.highest()), type};
        // Many points of each bin that is in use.
        double sum = 0;
        constexpr int kPoints = 2000;
        for (std::size_t bin = 0; bin < kCalibrationBins; ++bin) {
            for (const int side : {-1, 1}) {
                const std::uint64_t inBin = side > 0 ? statistics.positive()[bin] - (bin == 0 ? statistics.zeros() : 0)
                                                     : statistics.negative()[bin];
                if (inBin == 0) continue;
                for (int i = 0; i < kPoints; ++i) {
                    const double x = side * (static_cast<double>(bin) + (i + 0.5) / kPoints) * statistics.binWidth();
                    const double q =
                        std::clamp(std::nearbyint(x / affine.scale) + static_cast<double>(affine.zeroPoint),
                                   static_cast<double>(type.lowest()), static_cast<double>(type.highest()));
                    sum += static_cast<double>(inBin) *
                           std::pow(x - (q - static_cast<double>(affine.zeroPoint)) * affine.scale, 2) / kPoints;
                }
            }
        }
        const double expected = sum / static_cast<double>(values.size());
        EXPECT_NEAR(expectedError(statistics, affine), expected, 1e-4 * expected);
    }
}

TEST(Range, MeanSquaredErrorIsCloseToTheBestOfAGrid) {
    Rng rng(47);
    double worst = 0;
    const std::int64_t n = test::count(1'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const std::vector<float> values = activations(rng, 1000);
        const Calibration statistics = statisticsOf(values);
        const IntegerType type{static_cast<int>(rng.between(3, 8)), true};
        const bool symmetric = k % 2 == 0;
        const Affine chosen = choose(statistics, {RangeRule::meanSquaredError, 100, type, symmetric});
        const double found = errorOf(values, chosen);
        const double simple = errorOf(values, choose(statistics, {RangeRule::minMax, 100, type, symmetric}));
        ASSERT_LE(found, simple * 1.02 + 1e-20);
        // All ends on a grid, by the values themselves.
        double least = INFINITY;
        const double reach = std::max(-statistics.least(), statistics.largest());
        const double levels = static_cast<double>(type.highest() - type.lowest());
        for (int high = 1; high <= 24; ++high) {
            for (int low = 0; low <= (symmetric ? 0 : 24); ++low) {
                Affine affine{static_cast<float>(reach * high / 24 / static_cast<double>(type.highest())), 0, type};
                if (!symmetric) {
                    const double from = std::max(-reach * low / 24, static_cast<double>(statistics.least()));
                    const double to = std::min(reach * high / 24, static_cast<double>(statistics.largest()));
                    if (to - from <= 0) continue;
                    affine.scale = static_cast<float>((to - from) / levels);
                    affine.zeroPoint = number::fit(static_cast<std::int64_t>(std::nearbyint(
                                                       static_cast<double>(type.lowest()) - from / affine.scale)),
                                                   type, number::Overflow::saturate);
                }
                least = std::min(least, errorOf(values, affine));
            }
        }
        if (least > 1e-12) worst = std::max(worst, found / least);
    }
    std::printf("[   WORST  ] %.4f\n", worst);
    EXPECT_LE(worst, 1.1);
}

}  // namespace
}  // namespace millrace::model::quantize
