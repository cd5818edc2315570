#include <cmath>

#include "exec/kernels.h"
#include "model/exec/strides.h"
#include "model/exec/tiles.h"
#include "shared.h"

namespace millrace::model::exec::test {

namespace {

using Ints = std::vector<std::int64_t>;

struct ConvCase {
    std::int64_t batch = 1, group = 1, channels = 1, outputs = 1;
    Ints in, kernel, stride, dilation, begin, end;
    bool bias = true;

    Attributes attributes() const {
        Ints pads = begin;
        pads.insert(pads.end(), end.begin(), end.end());
        return {
            {"group", group}, {"kernel_shape", kernel}, {"strides", stride}, {"dilations", dilation}, {"pads", pads}};
    }
    Shape shape(std::int64_t first, std::int64_t second, const Ints& spatial) const {
        Shape result{first, second};
        result.insert(result.end(), spatial.begin(), spatial.end());
        return result;
    }
};

ConvCase randomCase(Rng& rng) {
    ConvCase c;
    const auto rank = static_cast<std::size_t>(rng.between(1, 3));
    c.batch = rng.between(1, 2);
    c.group = rng.below(3) == 0 ? rng.between(2, 5) : 1;
    c.channels = rng.between(1, rank == 3 ? 3 : 6);
    c.outputs = rng.below(2) == 0 ? rng.between(1, 4) : rng.between(9, 40);
    c.bias = rng.below(2) == 0;
    for (std::size_t i = 0; i < rank; ++i) {
        c.kernel.push_back(rng.between(1, 4));
        c.dilation.push_back(rng.between(1, 3));
        c.stride.push_back(rng.between(1, 4));
        c.begin.push_back(rng.below(2) == 0 ? 0 : rng.between(0, 5));
        c.end.push_back(rng.below(2) == 0 ? 0 : rng.between(0, 5));
        const std::int64_t extent = (c.kernel[i] - 1) * c.dilation[i] + 1;
        c.in.push_back(std::max<std::int64_t>(1, extent - c.begin[i]) + rng.between(0, rank == 3 ? 5 : 20));
    }
    return c;
}

/// The definition, position by position; products are fused, in the order of channels and taps.
template <class T>
Value slowConv(const ConvCase& c, const Value& x, const Value& w, const Value* bias) {
    const std::size_t rank = c.in.size();
    Ints out;
    for (std::size_t i = 0; i < rank; ++i) {
        out.push_back((c.in[i] + c.begin[i] + c.end[i] - (c.kernel[i] - 1) * c.dilation[i] - 1) / c.stride[i] + 1);
    }
    Value y(typeOf<T>(), c.shape(c.batch, c.group * c.outputs, out));
    std::size_t at = 0;
    for (std::int64_t n = 0; n < c.batch; ++n) {
        for (std::int64_t m = 0; m < c.group * c.outputs; ++m) {
            for (std::int64_t o = 0; o < product(out, 0, rank); ++o, ++at) {
                T sum = bias == nullptr ? T{0} : bias->read<T>()[static_cast<std::size_t>(m)];
                for (std::int64_t l = 0; l < c.channels * product(c.kernel, 0, rank); ++l) {
                    std::int64_t restO = o;
                    std::int64_t restK = l;
                    std::int64_t pitch = 1;
                    std::int64_t from = 0;
                    bool inside = true;
                    for (std::size_t i = rank; i > 0; --i) {
                        const std::int64_t p = restO % out[i - 1] * c.stride[i - 1] +
                                               restK % c.kernel[i - 1] * c.dilation[i - 1] - c.begin[i - 1];
                        inside = inside && p >= 0 && p < c.in[i - 1];
                        from += p * pitch;
                        pitch *= c.in[i - 1];
                        restO /= out[i - 1];
                        restK /= c.kernel[i - 1];
                    }
                    const std::int64_t channel = m / c.outputs * c.channels + restK;
                    from += (n * c.group * c.channels + channel) * pitch;
                    const T value = inside ? x.read<T>()[static_cast<std::size_t>(from)] : T{0};
                    const auto weightAt = static_cast<std::size_t>(m * c.channels * product(c.kernel, 0, rank) + l);
                    sum = std::fma(w.read<T>()[weightAt], value, sum);
                }
                y.write<T>()[at] = sum;
            }
        }
    }
    return y;
}

TEST(Convolution, EqualsItsDefinitionByteForByte) {
    Rng rng(7);
    const std::int64_t count = millrace::test::count(20000);
    for (std::int64_t i = 0; i < count; ++i) {
        const ConvCase c = randomCase(rng);
        const Value x = randomFloats(c.shape(c.batch, c.group * c.channels, c.in), rng);
        const Value w = randomFloats(c.shape(c.group * c.outputs, c.channels, c.kernel), rng);
        const Value b = c.bias ? randomFloats({c.group * c.outputs}, rng) : Value();
        const Case op{"Conv", 11, {x, w, b}, c.attributes()};
        const Value y = op.one();
        ASSERT_TRUE(sameBytes(y, slowConv<float>(c, x, w, c.bias ? &b : nullptr))) << i;
        ASSERT_TRUE(sameBytes(y, op.one(3))) << i;
        if (i % 8 != 0) continue;
        const Value wide = slowConv<double>(c, cast<double, float>(x), cast<double, float>(w), nullptr);
        const Case doubles{"Conv", 11, {cast<double, float>(x), cast<double, float>(w)}, c.attributes()};
        ASSERT_LT(difference(doubles.one(2), wide), 1e-12);
    }
}

TEST(Convolution, FarApartTapsTakeNoMemory) {
    Rng rng(8);
    const Value x = randomFloats({1, 2, 40}, rng);
    const Value w = randomFloats({3, 2, 2}, rng);
    ConvCase c{1, 1, 2, 3, {40}, {2}, {1}, {1'000'000'000}, {999'999'990}, {0}, false};
    EXPECT_TRUE(sameBytes(Case({"Conv", 11, {x, w}, c.attributes()}).one(), slowConv<float>(c, x, w, nullptr)));
}

TEST(Convolution, RefusesShapesThatDoNotFit) {
    const Value x(DataType::float32, {1, 4, 5, 5});
    EXPECT_NE(Case({"Conv", 11, {x, Value(DataType::float32, {2, 3, 3, 3})}}).refusal().find("has 4 channels"),
              std::string::npos);
    EXPECT_NE(Case({"Conv", 11, {x, Value(DataType::float32, {2, 4, 7, 7})}}).refusal().find("reaches over 7"),
              std::string::npos);
    EXPECT_NE(Case({"Conv", 11, {x, Value(DataType::float64, {2, 4, 3, 3})}}).refusal().find("float64"),
              std::string::npos);
    const Value bias(DataType::float32, {3});
    EXPECT_NE(Case({"Conv", 11, {x, Value(DataType::float32, {2, 4, 3, 3}), bias}}).refusal().find("bias"),
              std::string::npos);
}

TEST(Convolution, TransposedIsTheGradientOfAConvolution) {
    Rng rng(9);
    const std::int64_t count = millrace::test::count(6000);
    for (std::int64_t i = 0; i < count; ++i) {
        const ConvCase c = randomCase(rng);
        // <conv(x, w), y> == <x, convTranspose(y, w)>, in exact integers held by doubles and by floats.
        const auto draw = [&](const Shape& shape) {
            return cast<float, std::int64_t>(randomIntegers<std::int64_t>(shape, rng, -3, 3));
        };
        const Value x = draw(c.shape(c.batch, c.group * c.channels, c.in));
        const Value w = draw(c.shape(c.group * c.outputs, c.channels, c.kernel));
        const Value forward = Case({"Conv", 11, {x, w}, c.attributes()}).one();
        const Value y = draw(forward.shape());
        Attributes attributes = c.attributes();
        Ints padding;
        for (std::size_t axis = 0; axis < c.in.size(); ++axis) {
            const std::int64_t back = c.stride[axis] * (forward.shape()[2 + axis] - 1) +
                                      (c.kernel[axis] - 1) * c.dilation[axis] + 1 - c.begin[axis] - c.end[axis];
            padding.push_back(c.in[axis] - back);
        }
        attributes["output_padding"] = padding;
        const Case op{"ConvTranspose", 11, {y, w}, attributes};
        const Value back = op.one();
        ASSERT_EQ(back.shape(), x.shape());
        ASSERT_TRUE(sameBytes(back, op.one(2)));
        const auto dot = [](const Value& a, const Value& b) {
            double sum = 0;
            for (std::size_t j = 0; j < a.read<float>().size(); ++j) {
                sum += static_cast<double>(a.read<float>()[j]) * static_cast<double>(b.read<float>()[j]);
            }
            return sum;
        };
        ASSERT_EQ(dot(forward, y), dot(x, back)) << i;
        const Case doubles{"ConvTranspose", 11, {cast<double, float>(y), cast<double, float>(w)}, attributes};
        ASSERT_TRUE(sameBytes(cast<float, double>(doubles.one()), back));
    }
}

TEST(Convolution, TransposedAddsItsBias) {
    const Value x = filled<float>({1, 1, 2}, {1, 2});
    const Value w = filled<float>({1, 2, 2}, {1, 10, 100, 1000});
    const Value y = Case({"ConvTranspose", 11, {x, w, filled<float>({2}, {0.5, 0.25})}}).one();
    EXPECT_EQ(list<float>(y), (std::vector<float>{1.5, 12.5, 20.5, 100.25, 1200.25, 2000.25}));
}

/// Every instruction set gives what std::fma gives.
TEST(Tiles, AgreeByteForByte) {
    Rng rng(10);
    const auto draw = [&](std::size_t count) {
        std::vector<float> values(count);
        for (float& value : values) {
            value = static_cast<float>(std::ldexp(rng.unit() - 0.5, static_cast<int>(rng.between(-30, 30))));
        }
        return values;
    };
    for (const TileKernels* kernels : allTileKernels()) {
        for (int vectors = 1; vectors <= 2; ++vectors) {
            for (int rows = 1; rows <= kernels->rows; ++rows) {
                const int columns = vectors * kernels->lanes;
                const std::int64_t depth = rng.between(0, 40);
                const auto left = draw(static_cast<std::size_t>(depth * rows));
                const auto right = draw(static_cast<std::size_t>(depth * columns));
                const auto initial = draw(static_cast<std::size_t>(rows));
                auto result = draw(static_cast<std::size_t>(rows * columns));
                for (const TileStart start : {TileStart::result, TileStart::initial, TileStart::zero}) {
                    auto expected = result;
                    for (int r = 0; r < rows; ++r) {
                        for (int c = 0; c < columns; ++c) {
                            float& sum = expected[static_cast<std::size_t>(r * columns + c)];
                            if (start == TileStart::initial) sum = initial[static_cast<std::size_t>(r)];
                            if (start == TileStart::zero) sum = 0;
                            for (std::int64_t k = 0; k < depth; ++k) {
                                sum = std::fma(left[static_cast<std::size_t>(k * rows + r)],
                                               right[static_cast<std::size_t>(k * columns + c)], sum);
                            }
                        }
                    }
                    kernels->tiles[vectors - 1][rows - 1](depth, left.data(), right.data(), result.data(), columns,
                                                          start, initial.data());
                    ASSERT_EQ(std::memcmp(result.data(), expected.data(), result.size() * sizeof(float)), 0);
                }
            }
        }
    }
}

TEST(Tiles, WeightedSumsAgreeByteForByte) {
    Rng rng(11);
    for (const TileKernels* kernels : allTileKernels()) {
        for (std::int64_t count = 1; count < 150; count += 7) {
            const Value source = randomFloats({400}, rng);
            const Value weights = randomFloats({9}, rng);
            Ints offsets;
            for (int t = 0; t < 9; ++t) offsets.push_back(rng.between(0, 200));
            std::vector<float> result(static_cast<std::size_t>(count + 16));
            kernels->weightedSum(source.read<float>().data(), offsets.data(), weights.read<float>().data(), 9, 0.25F,
                                 result.data(), count);
            for (std::int64_t i = 0; i < count; ++i) {
                float sum = 0.25F;
                for (std::size_t t = 0; t < 9; ++t) {
                    sum = std::fma(weights.read<float>()[t],
                                   source.read<float>()[static_cast<std::size_t>(offsets[t] + i)], sum);
                }
                ASSERT_EQ(result[static_cast<std::size_t>(i)], sum);
            }
        }
    }
}

}  // namespace

}  // namespace millrace::model::exec::test
