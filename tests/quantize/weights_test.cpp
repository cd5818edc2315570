#include "model/quantize/weights.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "model/number/integer.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::model::quantize {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

/// Roughly normal: the sum of twelve uniform values.
float normal(Rng& rng) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += rng.unit();
    return static_cast<float>(sum);
}

std::vector<float> normals(Rng& rng, std::size_t n, double scale = 1) {
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(normal(rng) * scale);
    return values;
}

QuantizedWeights quantized(const std::vector<float>& weights, const ChannelView& view, const WeightOptions& options) {
    Diagnostics diagnostics;
    auto result = quantizeWeights(weights, view, options, "w", diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result.value_or(QuantizedWeights());
}

QuantizedWeights oneChannel(const std::vector<float>& weights, const WeightOptions& options) {
    return quantized(weights, {1, 1, 1, weights.size()}, options);
}

/// The values of each channel by walking over all four axes.
std::vector<std::vector<std::size_t>> slowChannels(const ChannelView& view) {
    std::vector<std::vector<std::size_t>> channels(view.channels());
    std::size_t at = 0;
    for (std::size_t o = 0; o < view.outer; ++o) {
        for (std::size_t r = 0; r < view.rows; ++r) {
            for (std::size_t c = 0; c < view.columns; ++c) {
                for (std::size_t i = 0; i < view.inner; ++i) channels[o * view.columns + c].push_back(at++);
            }
        }
    }
    return channels;
}

double errorOf(const std::vector<float>& weights, double scale, double largest) {
    double sum = 0;
    for (const float w : weights) {
        const double q = std::clamp(std::nearbyint(static_cast<double>(w) / scale), -largest, largest);
        sum += (w - q * scale) * (w - q * scale);
    }
    return sum;
}

/// The least error over all scales: between two scales at which some weight changes its integer the integers stay, and
/// the error is a parabola of the scale.
double leastError(const std::vector<float>& weights, int largest) {
    std::vector<double> ends = {0};
    for (const float w : weights) {
        for (int k = 0; k < largest; ++k) ends.push_back(std::abs(static_cast<double>(w)) / (k + 0.5));
    }
    std::sort(ends.begin(), ends.end());
    ends.push_back(ends.back() * 2);
    double least = INFINITY;
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        const double middle = (ends[i] + ends[i + 1]) / 2;
        if (middle == 0 || ends[i] == ends[i + 1]) continue;
        double products = 0;
        double squares = 0;
        for (const float w : weights) {
            const double a = std::abs(static_cast<double>(w));
            const double q = std::min(std::nearbyint(a / middle), static_cast<double>(largest));
            products += a * q;
            squares += q * q;
        }
        const double best = squares == 0 ? middle : std::clamp(products / squares, ends[i], ends[i + 1]);
        if (best > 0) least = std::min(least, errorOf(weights, best, largest));
    }
    return least;
}

TEST(Weights, IntegersAreThoseOfTheNumberRoom) {
    Rng rng(21);
    const ChannelView views[] = {{6, 1, 1, 35}, {1, 35, 6, 1}, {3, 5, 2, 7}, {1, 1, 1, 9}, {4, 1, 3, 1}};
    for (const ChannelView& view : views) {
        const std::vector<float> weights = normals(rng, view.elements(), 0.05);
        const auto channels = slowChannels(view);
        for (int bits = 2; bits <= 16; ++bits) {
            for (const ScaleRule rule : {ScaleRule::maximum, ScaleRule::percentile, ScaleRule::meanSquaredError}) {
                const QuantizedWeights result = quantized(weights, view, {bits, rule, 90, 1});
                double error = 0;
                for (std::size_t channel = 0; channel < channels.size(); ++channel) {
                    const float scale = result.scales[channel];
                    for (const std::size_t i : channels[channel]) {
                        const std::int64_t q = number::quantize(weights[i], {scale, 0, {bits, true}});
                        ASSERT_EQ(result.values[i], std::max<std::int64_t>(q, -largestWeight(bits)));
                        error += std::pow(
                            static_cast<double>(weights[i]) - static_cast<double>(result.values[i]) * scale, 2);
                    }
                }
                EXPECT_NEAR(result.squaredError, error, 1e-9 * error);
            }
        }
    }
}

TEST(Weights, MaximumClipsNothing) {
    Rng rng(22);
    for (int bits = 2; bits <= 16; ++bits) {
        const std::vector<float> weights = normals(rng, 501);
        const QuantizedWeights result = oneChannel(weights, {bits});
        float largest = 0;
        for (const float w : weights) largest = std::max(largest, std::abs(w));
        EXPECT_EQ(result.scales[0], static_cast<float>(static_cast<double>(largest) / largestWeight(bits)));
        for (std::size_t i = 0; i < weights.size(); ++i)
            ASSERT_LE(std::abs(weights[i] - result.values[i] * result.scales[0]), result.scales[0] * 0.5001F);
    }
}

TEST(Weights, PercentileIsTheNearestRank) {
    Rng rng(23);
    for (const std::size_t n : {1U, 2U, 10U, 99U, 1000U}) {
        const std::vector<float> weights = normals(rng, n);
        std::vector<float> sorted;
        for (const float w : weights) sorted.push_back(std::abs(w));
        std::sort(sorted.begin(), sorted.end());
        for (const double percentile : {0.01, 10.0, 50.0, 99.0, 99.9, 100.0}) {
            const QuantizedWeights result = oneChannel(weights, {8, ScaleRule::percentile, percentile, 1});
            std::size_t count = 1;
            while (static_cast<double>(count) * 100 < percentile * static_cast<double>(n) * (1 - 1e-12)) ++count;
            EXPECT_EQ(result.scales[0], static_cast<float>(static_cast<double>(sorted[count - 1]) / 127))
                << n << " " << percentile;
        }
    }
    // 81.15 % of 100000 are 81150, whatever the last digits of 81.15 in binary.
    std::vector<float> ramp(100'000);
    std::iota(ramp.begin(), ramp.end(), 1.0F);
    EXPECT_EQ(oneChannel(ramp, {8, ScaleRule::percentile, 81.15, 1}).scales[0], static_cast<float>(81150.0 / 127));
    // Zeros up to the percentile: the maximum.
    EXPECT_EQ(oneChannel({0, 0, 0, 254}, {8, ScaleRule::percentile, 50, 1}).scales[0], 2.0F);
}

TEST(Weights, MeanSquaredErrorIsCloseToTheLeastOfAllScales) {
    Rng rng(24);
    double worst = 1;
    double worstTiny = 1;
    const std::int64_t n = test::count(4'000);
    for (std::int64_t k = 0; k < n; ++k) {
        const bool tiny = rng.below(2) == 0;
        const int bits = static_cast<int>(tiny ? rng.between(2, 7) : rng.between(4, 6));
        std::vector<float> weights =
            normals(rng, static_cast<std::size_t>(tiny ? rng.between(2, 12) : rng.between(150, 300)));
        if (rng.below(3) == 0) weights[0] *= static_cast<float>(rng.between(2, 40));
        const double least = leastError(weights, largestWeight(bits));
        const double found = oneChannel(weights, {bits, ScaleRule::meanSquaredError}).squaredError;
        const double simple = oneChannel(weights, {bits}).squaredError;
        ASSERT_GE(found, least * (1 - 1e-6));
        ASSERT_LE(found, simple * (1 + 1e-5));
        double& ratio = tiny ? worstTiny : worst;
        if (least > 1e-12) ratio = std::max(ratio, found / least);
    }
    std::printf("[   WORST  ] %.4f, tiny channels %.4f\n", worst, worstTiny);
    EXPECT_LE(worst, 1.15);
    EXPECT_LE(worstTiny, 1.00001);
}

TEST(Weights, MeanSquaredErrorOfManyBitsBeatsAFineGrid) {
    Rng rng(25);
    for (const int bits : {3, 4, 8, 12, 16}) {
        std::vector<float> weights = normals(rng, 2304, 0.02);
        for (int i = 0; i < 4; ++i) weights[rng.below(weights.size())] *= 4;
        double largest = 0;
        for (const float w : weights) largest = std::max(largest, std::abs(static_cast<double>(w)));
        double least = INFINITY;
        for (int i = 1; i <= 1000; ++i)
            least = std::min(least, errorOf(weights, largest / largestWeight(bits) * i / 1000, largestWeight(bits)));
        const double found = oneChannel(weights, {bits, ScaleRule::meanSquaredError}).squaredError;
        std::printf("[   RATIO  ] %d bits: %.4f of a grid of 1000, %.4f of the maximum rule\n", bits, found / least,
                    found / oneChannel(weights, {bits}).squaredError);
        EXPECT_LE(found, least * 1.002) << bits;
    }
}

TEST(Weights, ScalesOfTinyAndHugeWeights) {
    Rng rng(26);
    const std::vector<float> weights = normals(rng, 100);
    const QuantizedWeights plain = oneChannel(weights, {4, ScaleRule::meanSquaredError});
    for (const int exponent : {-100, -60, 60, 120}) {
        std::vector<float> scaled;
        for (const float w : weights) scaled.push_back(std::ldexp(w, exponent));
        const QuantizedWeights result = oneChannel(scaled, {4, ScaleRule::meanSquaredError});
        EXPECT_EQ(result.scales[0], std::ldexp(plain.scales[0], exponent));
        EXPECT_EQ(result.values, plain.values);
    }
    for (const ScaleRule rule : {ScaleRule::maximum, ScaleRule::percentile, ScaleRule::meanSquaredError}) {
        for (int bits = 1; bits <= 16; ++bits) {
            const QuantizedWeights result = oneChannel({1e-45F, -1e-44F, 0}, {bits, rule});
            EXPECT_GT(result.scales[0], 0);
            EXPECT_TRUE(std::isfinite(oneChannel({3.4e38F, -3.4e38F, 1}, {bits, rule}).scales[0]));
        }
    }
}

TEST(Weights, ZeroChannelsAndOneBit) {
    const QuantizedWeights zeros = quantized({0, 0, 1, -3, 0, 0}, {3, 1, 1, 2}, {8, ScaleRule::meanSquaredError});
    EXPECT_EQ(zeros.scales[0], 1.0F);
    EXPECT_EQ(zeros.scales[2], 1.0F);
    EXPECT_EQ(zeros.values[0], 0);
    const std::vector<float> weights = {1, -2, 0, 4, -0.5F};
    const QuantizedWeights binary = oneChannel(weights, {1, ScaleRule::meanSquaredError});
    EXPECT_THAT(binary.values, ElementsAre(1, -1, 1, 1, -1));
    EXPECT_EQ(binary.scales[0], 1.5F);
    EXPECT_EQ(oneChannel(weights, {1, ScaleRule::maximum}).scales[0], 4.0F);
}

TEST(Weights, TheSameForAnyNumberOfThreads) {
    Rng rng(27);
    const ChannelView view{37, 3, 5, 11};
    const std::vector<float> weights = normals(rng, view.elements());
    for (const ScaleRule rule : {ScaleRule::maximum, ScaleRule::meanSquaredError}) {
        const QuantizedWeights one = quantized(weights, view, {6, rule, 99, 1});
        for (const int threads : {0, 2, 3, 8}) {
            const QuantizedWeights many = quantized(weights, view, {6, rule, 99, threads});
            EXPECT_EQ(one.values, many.values);
            EXPECT_EQ(one.scales, many.scales);
            EXPECT_EQ(one.squaredError, many.squaredError);
        }
    }
}

TEST(Weights, WhatCannotBeDoneIsSaid) {
    const auto said = [](std::vector<float> weights, WeightOptions options) {
        Diagnostics diagnostics;
        EXPECT_FALSE(quantizeWeights(weights, {1, 1, 1, weights.size()}, options, "weights of 'c1'", diagnostics));
        return diagnostics.text();
    };
    EXPECT_EQ(
        said({1, NAN, 2, INFINITY}, {8}),
        "error: weights of 'c1': 2 of 4 weights are not finite, the first is number 1 (nan) (check how the model was "
        "trained and exported)\n");
    EXPECT_THAT(said({1}, {0}), HasSubstr("weights of 0 bits; 1 to 16 are possible"));
    EXPECT_THAT(said({1}, {17}), HasSubstr("weights of 17 bits"));
    EXPECT_THAT(said({1}, {8, ScaleRule::percentile, 0}), HasSubstr("percentile 0 is not above 0 and up to 100"));
    EXPECT_THAT(said({1}, {8, ScaleRule::percentile, NAN}), HasSubstr("percentile nan"));
}

Tensor constantOf(DataType type, Shape shape, std::vector<std::uint8_t> bytes) {
    Tensor tensor;
    tensor.name = "w";
    tensor.type = type;
    tensor.shape = std::move(shape);
    tensor.constant = Constant{std::move(bytes)};
    return tensor;
}

TEST(Weights, ViewsOfOperators) {
    const auto viewOf = [](const char* type, Shape shape, Attributes attributes = {}) -> std::optional<ChannelView> {
        Network network;
        const TensorId input = network.tensors.add({});
        const TensorId weights = network.tensors.add(constantOf(DataType::float32, std::move(shape), {}));
        Operator op;
        op.name = "op";
        op.type = type;
        op.attributes = std::move(attributes);
        op.inputs = {input, weights};
        const auto use = weightsOf(network, op);
        if (!use) return std::nullopt;
        EXPECT_EQ(use->tensor, weights);
        return use->view;
    };
    const auto axes = [](const std::optional<ChannelView>& view) {
        return view ? std::vector<std::size_t>{view->outer, view->rows, view->columns, view->inner}
                    : std::vector<std::size_t>();
    };
    EXPECT_THAT(axes(viewOf("Conv", {8, 3, 5, 7})), ElementsAre(8, 1, 1, 105));
    EXPECT_THAT(axes(viewOf("Gemm", {8, 3})), ElementsAre(1, 8, 3, 1));
    EXPECT_THAT(axes(viewOf("Gemm", {8, 3}, {{"transB", std::int64_t{1}}})), ElementsAre(8, 1, 1, 3));
    EXPECT_THAT(axes(viewOf("MatMul", {2, 8, 3})), ElementsAre(1, 16, 3, 1));
    EXPECT_THAT(axes(viewOf("ConvTranspose", {8, 3, 2, 2})), ElementsAre(1, 8, 3, 4));
    EXPECT_THAT(axes(viewOf("ConvTranspose", {8, 3, 2, 2}, {{"group", std::int64_t{4}}})), ElementsAre(4, 2, 3, 4));
    EXPECT_FALSE(viewOf("ConvTranspose", {8, 3}, {{"group", std::int64_t{3}}}));
    EXPECT_FALSE(viewOf("MatMul", {8}));
    EXPECT_FALSE(viewOf("Conv", {8, 0, 3, 3}));
    EXPECT_FALSE(viewOf("Add", {8, 3}));
}

TEST(Weights, ValuesOfConstants) {
    const auto values = [](DataType type, std::int64_t n, std::vector<std::uint8_t> bytes) {
        return floatValues(constantOf(type, {n}, std::move(bytes)));
    };
    EXPECT_THAT(*values(DataType::float32, 2, {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}), ElementsAre(1.0F, -2.0F));
    EXPECT_THAT(*values(DataType::bfloat16, 2, {0x80, 0x3f, 0, 0xc0}), ElementsAre(1.0F, -2.0F));
    EXPECT_THAT(*values(DataType::float16, 2, {0, 0x3c, 0, 0xc0}), ElementsAre(1.0F, -2.0F));
    EXPECT_THAT(*values(DataType::float64, 1, {0, 0, 0, 0, 0, 0, 0xf0, 0x3f}), ElementsAre(1.0F));
    EXPECT_TRUE(values(DataType::float32, 0, {})->empty());
    EXPECT_FALSE(values(DataType::float32, 2, {}));
    EXPECT_FALSE(values(DataType::float32, 2, {0, 0, 0, 0}));
    EXPECT_FALSE(values(DataType::int8, 1, {1}));
}

}  // namespace
}  // namespace millrace::model::quantize
