#include <limits>

#include "exec/kernels.h"
#include "model/exec/strides.h"
#include "shared.h"

namespace millrace::model::exec::test {

namespace {

using Ints = std::vector<std::int64_t>;

/// One axis: positions of the window of output `o` in the padded input, that lie within `in` or its padding.
struct Axis {
    std::int64_t in, kernel, stride, dilation, begin, end;
    bool ceil;

    std::int64_t out() const {
        const std::int64_t span = in + begin + end - (kernel - 1) * dilation - 1;
        std::int64_t count = ceil ? (span + stride - 1) / stride + 1 : span / stride + 1;
        if (ceil && (count - 1) * stride >= in + begin) --count;
        return count;
    }
};

Axis randomAxis(Rng& rng, bool ceil, bool dilated) {
    Axis axis{};
    axis.kernel = rng.between(1, 4);
    axis.stride = rng.between(1, 3);
    axis.dilation = dilated ? rng.between(1, 2) : 1;
    const std::int64_t extent = (axis.kernel - 1) * axis.dilation + 1;
    axis.begin = rng.between(0, axis.kernel - 1);
    axis.end = rng.between(0, axis.kernel - 1);
    axis.in = extent + rng.between(0, 9);
    axis.ceil = ceil;
    return axis;
}

struct Expected {
    std::vector<double> largest, mean, norm;
    Ints index;
};

Expected slowPool(const Value& x, const Axis& v, const Axis& h, bool withPad) {
    Expected expected;
    for (std::int64_t plane = 0; plane < x.shape()[0] * x.shape()[1]; ++plane) {
        for (std::int64_t o = 0; o < v.out() * h.out(); ++o) {
            double largest = -std::numeric_limits<double>::infinity();
            double sum = 0;
            double squares = 0;
            std::int64_t within = 0;
            std::int64_t padded = 0;
            std::int64_t index = -1;
            for (std::int64_t k = 0; k < v.kernel * h.kernel; ++k) {
                const std::int64_t py = o / h.out() * v.stride + k / h.kernel * v.dilation - v.begin;
                const std::int64_t px = o % h.out() * h.stride + k % h.kernel * h.dilation - h.begin;
                if (py < v.in + v.end && px < h.in + h.end) ++padded;
                if (py < 0 || py >= v.in || px < 0 || px >= h.in) continue;
                const std::int64_t at = (plane * v.in + py) * h.in + px;
                const double value = static_cast<double>(x.read<float>()[static_cast<std::size_t>(at)]);
                ++within;
                sum += value;
                squares += value * value;
                if (value > largest) {
                    largest = value;
                    index = at;
                }
            }
            expected.largest.push_back(largest);
            expected.index.push_back(index);
            expected.mean.push_back(sum / static_cast<double>(withPad ? padded : within));
            expected.norm.push_back(std::sqrt(squares));
        }
    }
    return expected;
}

void expectNear(const Value& y, const std::vector<double>& expected) {
    ASSERT_EQ(static_cast<std::size_t>(y.elements()), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(y.read<float>()[i]), expected[i], 1e-5) << i;
    }
}

TEST(Pooling, EqualsItsDefinition) {
    Rng rng(31);
    const std::int64_t count = millrace::test::count(20000);
    for (std::int64_t i = 0; i < count; ++i) {
        const bool ceil = rng.below(2) == 0;
        const bool withPad = rng.below(2) == 0;
        const Axis v = randomAxis(rng, ceil, true);
        const Axis h = randomAxis(rng, ceil, true);
        const Value x = randomFloats({rng.between(1, 2), rng.between(1, 3), v.in, h.in}, rng);
        const Attributes attributes{
            {"kernel_shape", Ints{v.kernel, h.kernel}},  {"strides", Ints{v.stride, h.stride}},
            {"dilations", Ints{v.dilation, h.dilation}}, {"pads", Ints{v.begin, h.begin, v.end, h.end}},
            {"ceil_mode", std::int64_t{ceil}},           {"count_include_pad", std::int64_t{withPad}}};
        const Expected expected = slowPool(x, v, h, withPad);
        const auto largest = Case{"MaxPool", 12, {x}, attributes, 2}.run(2);
        expectNear(largest[0], expected.largest);
        ASSERT_EQ(list<std::int64_t>(largest[1]), expected.index);
        expectNear(Case({"AveragePool", 19, {x}, attributes}).one(), expected.mean);
        expectNear(Case({"LpPool", 18, {x}, attributes}).one(), expected.norm);
    }
}

TEST(Pooling, GlobalOnesTakeTheWholePlane) {
    const Value x = filled<float>({1, 2, 2, 2}, {1, 2, 3, 4, -4, -3, -2, -1});
    EXPECT_EQ(list<float>(Case({"GlobalAveragePool", 1, {x}}).one()), (std::vector<float>{2.5, -2.5}));
    EXPECT_EQ(list<float>(Case({"GlobalMaxPool", 1, {x}}).one()), (std::vector<float>{4, -1}));
    EXPECT_EQ(Case({"GlobalLpPool", 2, {x}, {{"p", std::int64_t{1}}}}).one().shape(), (Shape{1, 2, 1, 1}));
    EXPECT_EQ(list<float>(Case({"GlobalLpPool", 2, {x}, {{"p", std::int64_t{1}}}}).one()),
              (std::vector<float>{10, 10}));
}

TEST(Pooling, ColumnsFirstIndicesAndUnpooling) {
    const Value x = filled<float>({1, 1, 2, 3}, {9, 1, 2, 3, 4, 8});
    Attributes attributes{{"kernel_shape", Ints{2, 1}}, {"storage_order", std::int64_t{1}}};
    EXPECT_EQ(list<std::int64_t>(Case{"MaxPool", 12, {x}, attributes, 2}.run()[1]), (Ints{0, 3, 5}));
    attributes["storage_order"] = std::int64_t{0};
    const auto pooled = Case{"MaxPool", 12, {x}, attributes, 2}.run();
    const Value back = Case({"MaxUnpool", 11, pooled, {{"kernel_shape", Ints{2, 1}}}}).one();
    EXPECT_EQ(list<float>(back), (std::vector<float>{9, 0, 0, 0, 4, 8}));
    const Value far = filled<std::int64_t>({1, 1, 1, 3}, {0, 1, 6});
    EXPECT_NE(Case({"MaxUnpool", 11, {pooled[0], far}, {{"kernel_shape", Ints{2, 1}}}}).refusal().find("index 6"),
              std::string::npos);
}

TEST(Regions, AlignedOnesAverageSamples) {
    const Value x = filled<float>({1, 1, 2, 2}, {0, 1, 2, 3});
    const Value region = filled<float>({1, 4}, {0, 0, 2, 2});
    const Value image = filled<std::int64_t>({1}, {0});
    const Attributes attributes{
        {"output_height", std::int64_t{1}}, {"output_width", std::int64_t{1}}, {"sampling_ratio", std::int64_t{2}}};
    // Half-pixel samples at 0 and 1 along each axis: the four pixels.
    EXPECT_EQ(list<float>(Case({"RoiAlign", 16, {x, region, image}, attributes}).one()), std::vector<float>{1.5});
    const Value other = filled<std::int64_t>({1}, {1});
    EXPECT_NE(Case({"RoiAlign", 16, {x, region, other}, attributes}).refusal().find("image 1"), std::string::npos);
}

TEST(Regions, PooledOnesTakeTheLargest) {
    Value x(DataType::float32, {1, 1, 4, 4});
    for (std::size_t i = 0; i < 16; ++i) x.write<float>()[i] = static_cast<float>(i);
    const Value region = filled<float>({1, 5}, {0, 0, 0, 2, 3});
    const Value y = Case({"MaxRoiPool", 1, {x, region}, {{"pooled_shape", Ints{2, 1}}}}).one();
    EXPECT_EQ(list<float>(y), (std::vector<float>{6, 14}));
}

}  // namespace

}  // namespace millrace::model::exec::test
