#include "exec/kernels.h"
#include "model/exec/gemm.h"
#include "model/exec/tiles.h"
#include "shared.h"

namespace millrace::model::exec::test {

namespace {

template <class T>
Value slowProduct(const Value& a, const Value& b) {
    const std::int64_t rows = a.shape()[0];
    const std::int64_t inner = a.shape()[1];
    const std::int64_t columns = b.shape()[1];
    Value c(typeOf<T>(), {rows, columns});
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
            T sum{0};
            for (std::int64_t l = 0; l < inner; ++l) {
                const T x = a.read<T>()[static_cast<std::size_t>(i * inner + l)];
                const T y = b.read<T>()[static_cast<std::size_t>(l * columns + j)];
                if constexpr (std::is_floating_point_v<T>) {
                    sum = std::fma(x, y, sum);
                } else {
                    sum = static_cast<T>(sum + x * y);
                }
            }
            c.write<T>()[static_cast<std::size_t>(i * columns + j)] = sum;
        }
    }
    return c;
}

Value transposed(const Value& a) {
    Value b(a.type(), {a.shape()[1], a.shape()[0]});
    for (std::int64_t i = 0; i < a.elements(); ++i) {
        const std::int64_t row = i / a.shape()[1];
        b.write<float>()[static_cast<std::size_t>(i % a.shape()[1] * a.shape()[0] + row)] =
            a.read<float>()[static_cast<std::size_t>(i)];
    }
    return b;
}

TEST(Gemm, EqualsItsDefinitionByteForByte) {
    Rng rng(21);
    const std::int64_t count = millrace::test::count(6000);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t rows = rng.between(1, 70);
        const std::int64_t inner = i % 10 == 0 ? rng.between(200, 700) : rng.between(1, 60);
        const std::int64_t columns = i % 7 == 0 ? rng.between(400, 1300) : rng.between(1, 100);
        const Value a = randomFloats({rows, inner}, rng);
        const Value b = randomFloats({inner, columns}, rng);
        const Value expected = slowProduct<float>(a, b);
        ASSERT_TRUE(sameBytes(Case({"MatMul", 13, {a, b}}).one(), expected));
        ASSERT_TRUE(sameBytes(Case({"MatMul", 13, {a, b}}).one(3), expected));
        const Case turned{
            "Gemm", 13, {transposed(a), transposed(b)}, {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}}};
        ASSERT_TRUE(sameBytes(turned.one(2), expected));
    }
}

TEST(Gemm, ScalesAndAddsAStretchedMatrix) {
    const Value a = filled<float>({2, 2}, {1, 2, 3, 4});
    const Value c = filled<float>({2}, {10, 20});
    const Case op{"Gemm", 13, {a, a, c}, {{"alpha", 2.0}, {"beta", 0.5}}};
    EXPECT_EQ(list<float>(op.one()), (std::vector<float>{19, 30, 35, 54}));
    const auto integers = [](std::vector<std::int32_t> values) { return filled<std::int32_t>({2, 2}, values); };
    const Case whole{"Gemm", 13, {integers({1, 2, 3, 4}), integers({1, 2, 3, 4}), integers({-1, 0, 0, -1})}};
    EXPECT_EQ(list<std::int32_t>(whole.one()), (std::vector<std::int32_t>{6, 10, 15, 21}));
    EXPECT_NE(Case({"Gemm", 13, {a, Value(DataType::float32, {3, 2})}}).refusal().find("inner sizes"),
              std::string::npos);
}

TEST(MatMul, StretchesBatchAxes) {
    Rng rng(22);
    const Value a = randomFloats({3, 1, 4, 5}, rng);
    const Value b = randomFloats({2, 5, 6}, rng);
    const Value y = Case({"MatMul", 13, {a, b}}).one(2);
    ASSERT_EQ(y.shape(), (Shape{3, 2, 4, 6}));
    for (std::int64_t i = 0; i < 6; ++i) {
        Value left(DataType::float32, {4, 5});
        Value right(DataType::float32, {5, 6});
        std::copy_n(a.read<float>().begin() + i / 2 * 20, 20, left.write<float>().begin());
        std::copy_n(b.read<float>().begin() + i % 2 * 30, 30, right.write<float>().begin());
        const auto expected = list<float>(slowProduct<float>(left, right));
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.read<float>().begin() + i * 24)) << i;
    }
}

TEST(MatMul, TakesVectorsAndOtherTypes) {
    const Value v = filled<double>({3}, {1, 2, 3});
    EXPECT_EQ(Case({"MatMul", 13, {v, v}}).one().shape(), Shape{});
    EXPECT_EQ(list<double>(Case({"MatMul", 13, {v, v}}).one()), std::vector<double>{14});
    const Value m = filled<double>({2, 3}, {1, 0, 0, 0, 1, 1});
    EXPECT_EQ(list<double>(Case({"MatMul", 13, {m, v}}).one()), (std::vector<double>{1, 5}));
    Rng rng(23);
    const Value a = randomIntegers<std::int64_t>({7, 9}, rng, -1'000'000, 1'000'000);
    const Value b = randomIntegers<std::int64_t>({9, 4}, rng, -1'000'000, 1'000'000);
    EXPECT_TRUE(sameBytes(Case({"MatMul", 13, {a, b}}).one(2), slowProduct<std::int64_t>(a, b)));
    const Value half = cast<Float16, double>(m);
    EXPECT_EQ(Case({"MatMul", 13, {half, cast<Float16, double>(v)}}).one().type(), DataType::float16);
    EXPECT_NE(Case({"MatMul", 13, {m, m}}).refusal().find("inner sizes"), std::string::npos);
    EXPECT_EQ(
        Case({"MatMul", 13, {Value(DataType::float32, {2, 0}), Value(DataType::float32, {0, 2})}}).one().elements(), 4);
}

}  // namespace

}  // namespace millrace::model::exec::test
