#include <functional>

#include "exec/kernels.h"
#include "model/exec/strides.h"
#include "shared.h"

namespace millrace::model::exec::test {

namespace {

using Ints = std::vector<std::int64_t>;

double at(const Value& value, std::int64_t i) {
    return static_cast<double>(value.read<float>()[static_cast<std::size_t>(i)]);
}

/// For each element: normalised over all elements of the same key, then scaled and shifted by entry `channel(i)`.
Value slowNormalize(const Value& x, const std::function<std::int64_t(std::int64_t)>& key,
                    const std::function<std::int64_t(std::int64_t)>& channel, const Value& scale, const Value& bias,
                    double epsilon) {
    Value y(DataType::float32, x.shape());
    for (std::int64_t i = 0; i < x.elements(); ++i) {
        double sum = 0;
        double squares = 0;
        double count = 0;
        for (std::int64_t j = 0; j < x.elements(); ++j) {
            if (key(j) != key(i)) continue;
            sum += at(x, j);
            squares += at(x, j) * at(x, j);
            ++count;
        }
        const double mean = sum / count;
        const double deviation = std::sqrt(squares / count - mean * mean + epsilon);
        y.write<float>()[static_cast<std::size_t>(i)] =
            static_cast<float>((at(x, i) - mean) / deviation * at(scale, channel(i)) + at(bias, channel(i)));
    }
    return y;
}

TEST(Normalization, FourKindsEqualTheirDefinition) {
    Rng rng(41);
    const Value x = randomFloats({2, 6, 3, 7}, rng);
    const Value scale = randomFloats({6}, rng);
    const Value bias = randomFloats({6}, rng);
    const auto channel = [](std::int64_t i) { return i / 21 % 6; };
    const auto instance = slowNormalize(
        x, [](std::int64_t i) { return i / 21; }, channel, scale, bias, 1e-3);
    const Attributes epsilon{{"epsilon", 1e-3}};
    EXPECT_LT(difference(Case({"InstanceNormalization", 6, {x, scale, bias}, epsilon}).one(2), instance), 1e-5);
    const Attributes groups{{"epsilon", 1e-3}, {"num_groups", std::int64_t{2}}};
    const auto group = slowNormalize(
        x, [](std::int64_t i) { return i / 63; }, channel, scale, bias, 1e-3);
    EXPECT_LT(difference(Case({"GroupNormalization", 21, {x, scale, bias}, groups}).one(2), group), 1e-5);
    const Value scale2 = randomFloats({2}, rng);
    const auto old = slowNormalize(
        x, [](std::int64_t i) { return i / 63; }, [](std::int64_t i) { return i / 63 % 2; }, scale2, scale2, 1e-3);
    EXPECT_LT(difference(Case({"GroupNormalization", 18, {x, scale2, scale2}, groups}).one(), old), 1e-5);
    const Value tail = randomFloats({3, 7}, rng);
    const auto layer = slowNormalize(
        x, [](std::int64_t i) { return i / 21; }, [](std::int64_t i) { return i % 21; }, tail, tail, 1e-3);
    Attributes axis = epsilon;
    axis["axis"] = std::int64_t{2};
    const auto layers = Case{"LayerNormalization", 17, {x, tail, tail}, axis, 3}.run(2);
    EXPECT_LT(difference(layers[0], layer), 1e-5);
    EXPECT_EQ(layers[1].shape(), (Shape{2, 6, 1, 1}));
    // Batch statistics in training are a normalisation over everything but channels.
    Attributes training = epsilon;
    training["training_mode"] = std::int64_t{1};
    const auto batch = slowNormalize(x, channel, channel, scale, bias, 1e-3);
    const auto trained = Case{"BatchNormalization", 15, {x, scale, bias, bias, scale}, training, 3}.run();
    EXPECT_LT(difference(trained[0], batch), 1e-5);
}

TEST(Normalization, BatchTakesStoredStatistics) {
    const Value x = filled<float>({1, 2, 2}, {1, 2, 3, 4});
    const Value scale = filled<float>({2}, {2, 1});
    const Value bias = filled<float>({2}, {0, 10});
    const Value mean = filled<float>({2}, {1, 0});
    const Value variance = filled<float>({2}, {4, 1});
    const Case op{"BatchNormalization", 9, {x, scale, bias, mean, variance}, {{"epsilon", 0.0}}};
    EXPECT_EQ(list<float>(op.one()), (std::vector<float>{0, 1, 13, 14}));
    EXPECT_NE(Case({"BatchNormalization", 9, {x, scale, bias, mean, filled<float>({1}, {1})}}).refusal().find("[2]"),
              std::string::npos);
}

TEST(Normalization, RootMeanSquareIsNotCentred) {
    const Value x = filled<float>({1, 2}, {3, 4});
    const Value y = Case({"RMSNormalization", 23, {x, filled<float>({2}, {1, 2})}, {{"epsilon", 0.0}}}).one();
    EXPECT_NEAR(at(y, 0), 3 / std::sqrt(12.5), 1e-6);
    EXPECT_NEAR(at(y, 1), 8 / std::sqrt(12.5), 1e-6);
}

TEST(Normalization, LocalResponseLooksAtNeighbouringChannels) {
    Rng rng(42);
    const Value x = randomFloats({1, 5, 2}, rng);
    const Attributes attributes{{"size", std::int64_t{4}}, {"alpha", 0.5}, {"beta", 0.6}, {"bias", 2.0}};
    const Value y = Case({"LRN", 13, {x}, attributes}).one();
    for (std::int64_t i = 0; i < 10; ++i) {
        double squares = 0;
        for (std::int64_t c = std::max<std::int64_t>(0, i / 2 - 1); c <= std::min<std::int64_t>(4, i / 2 + 2); ++c) {
            squares += at(x, c * 2 + i % 2) * at(x, c * 2 + i % 2);
        }
        EXPECT_NEAR(at(y, i), at(x, i) / std::pow(2 + 0.5 / 4 * squares, 0.6), 1e-6);
    }
}

TEST(Normalization, NormsAndMoments) {
    const Value x = filled<float>({2, 2}, {3, 4, 0, 0});
    EXPECT_LT(difference(Case({"LpNormalization", 1, {x}}).one(), filled<float>({2, 2}, {0.6F, 0.8F, 0, 0})), 1e-6);
    const Value y = Case({"MeanVarianceNormalization", 13, {x}, {{"axes", Ints{0}}}}).one();
    EXPECT_LT(difference(y, filled<float>({2, 2}, {1, 1, -1, -1})), 1e-6);
}

/// ONNX's reference: neighbours by distance, the left one first, edges repeated.
double slowResizeAxis(const std::function<double(std::int64_t)>& data, std::int64_t in, double scale, std::int64_t i,
                      bool cubic, bool excludeOutside) {
    const double x = (static_cast<double>(i) + 0.5) / scale - 0.5;
    const double ratio = x == std::floor(x) ? 1 : x - std::floor(x);
    const auto base = static_cast<std::int64_t>(std::ceil(x)) - 1;
    std::vector<double> weights{1 - ratio, ratio};
    if (cubic) {
        const double a = -0.75;
        const double r = ratio;
        weights = {((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a, ((a + 2) * r - (a + 3)) * r * r + 1,
                   ((a + 2) * (1 - r) - (a + 3)) * (1 - r) * (1 - r) + 1,
                   ((a * (2 - r) - 5 * a) * (2 - r) + 8 * a) * (2 - r) - 4 * a};
    }
    const std::int64_t first = cubic ? base - 1 : base;
    double sum = 0;
    double total = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const std::int64_t p = first + static_cast<std::int64_t>(k);
        if (excludeOutside && (p < 0 || p >= in)) continue;
        total += weights[k];
        sum += weights[k] * data(std::clamp<std::int64_t>(p, 0, in - 1));
    }
    return excludeOutside ? sum / total : sum;
}

TEST(Resize, LinearAndCubicEqualTheReference) {
    Rng rng(43);
    const std::int64_t count = millrace::test::count(4000);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t h = rng.between(1, 9);
        const std::int64_t w = rng.between(1, 9);
        const Shape out{1, 2, rng.between(1, 20), rng.between(1, 20)};
        const bool cubic = rng.below(2) == 0;
        const bool exclude = cubic && rng.below(2) == 0;
        const Value x = randomFloats({1, 2, h, w}, rng);
        const Case op{"Resize",
                      13,
                      {x, Value(), Value(), filled<std::int64_t>({4}, out)},
                      {{"mode", std::string(cubic ? "cubic" : "linear")}, {"exclude_outside", std::int64_t{exclude}}}};
        const Value y = op.one(2);
        ASSERT_EQ(y.shape(), out);
        const double scaleY = static_cast<double>(out[2]) / static_cast<double>(h);
        const double scaleX = static_cast<double>(out[3]) / static_cast<double>(w);
        for (std::int64_t o = 0; o < y.elements(); ++o) {
            const std::int64_t plane = o / out[3] / out[2];
            const auto row = [&](std::int64_t py) {
                return slowResizeAxis([&](std::int64_t px) { return at(x, (plane * h + py) * w + px); }, w, scaleX,
                                      o % out[3], cubic, exclude);
            };
            ASSERT_NEAR(at(y, o), slowResizeAxis(row, h, scaleY, o / out[3] % out[2], cubic, exclude), 2e-5);
        }
    }
}

TEST(Resize, NearestModesAndTransforms) {
    const Value x = filled<float>({4}, {1, 2, 3, 4});
    const auto resized = [&](const char* transform, const char* nearest, std::int64_t size, float scale = 0) {
        const Value scales = scale > 0 ? filled<float>({1}, {scale}) : Value();
        const Value sizes = scale > 0 ? Value() : filled<std::int64_t>({1}, {size});
        return list<float>(
            Case({"Resize",
                  13,
                  {x, Value(), scales, sizes},
                  {{"coordinate_transformation_mode", std::string(transform)}, {"nearest_mode", std::string(nearest)}}})
                .one());
    };
    EXPECT_EQ(resized("half_pixel", "round_prefer_floor", 2), (std::vector<float>{1, 3}));
    EXPECT_EQ(resized("half_pixel", "round_prefer_ceil", 2), (std::vector<float>{2, 4}));
    EXPECT_EQ(resized("asymmetric", "floor", 8), (std::vector<float>{1, 1, 2, 2, 3, 3, 4, 4}));
    EXPECT_EQ(resized("asymmetric", "ceil", 8), (std::vector<float>{1, 2, 2, 3, 3, 4, 4, 4}));
    EXPECT_EQ(resized("align_corners", "floor", 3), (std::vector<float>{1, 2, 4}));
    EXPECT_EQ(resized("asymmetric", "floor", 0, 0.6F), (std::vector<float>{1, 2}));
    const Case old{"Upsample", 9, {x, filled<float>({1}, {2})}};
    EXPECT_EQ(list<float>(old.one()), (std::vector<float>{1, 1, 2, 2, 3, 3, 4, 4}));
    EXPECT_NE(Case({"Resize", 13, {x}}).refusal(), "");
}

TEST(Resize, AntialiasAveragesAndCropsExtrapolate) {
    const Value x = filled<float>({4}, {1, 2, 3, 4});
    const Value sizes = filled<std::int64_t>({1}, {2});
    const Case small{
        "Resize", 18, {x, Value(), Value(), sizes}, {{"mode", std::string("linear")}, {"antialias", std::int64_t{1}}}};
    // Weights 1/4 3/4 3/4 1/4 around 0.5, of which one lies outside and repeats the edge.
    EXPECT_LT(difference(small.one(), filled<float>({2}, {1.625F, 3.375F})), 1e-5);
    const Case crop{"Resize",
                    13,
                    {x, filled<float>({2}, {0, 2}), Value(), sizes},
                    {{"mode", std::string("linear")},
                     {"extrapolation_value", 9.0},
                     {"coordinate_transformation_mode", std::string("tf_crop_and_resize")}}};
    EXPECT_EQ(list<float>(crop.one()), (std::vector<float>{1, 9}));
}

}  // namespace

}  // namespace millrace::model::exec::test
