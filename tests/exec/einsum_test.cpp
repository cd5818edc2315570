#include "exec/kernels.h"

namespace millrace::model::exec::test {

namespace {

Value einsum(const std::string& equation, const std::vector<Value>& inputs) {
    return Case({"Einsum", 12, inputs, {{"equation", equation}}}).one(2);
}

TEST(Einsum, CoversItsForms) {
    Rng rng(61);
    const Value a = cast<float, std::int64_t>(randomIntegers<std::int64_t>({2, 3, 4}, rng, -5, 5));
    const Value b = cast<float, std::int64_t>(randomIntegers<std::int64_t>({2, 4, 5}, rng, -5, 5));
    EXPECT_TRUE(sameBytes(einsum("bij,bjk->bik", {a, b}), Case({"MatMul", 13, {a, b}}).one()));
    EXPECT_TRUE(sameBytes(einsum("...ij, ...jk", {a, b}), Case({"MatMul", 13, {a, b}}).one()));
    const Value square = filled<float>({2, 2}, {1, 2, 3, 4});
    EXPECT_EQ(list<float>(einsum("ii->i", {square})), (std::vector<float>{1, 4}));
    EXPECT_EQ(list<float>(einsum("ii", {square})), std::vector<float>{5});
    EXPECT_EQ(list<float>(einsum("ba", {square})), (std::vector<float>{1, 3, 2, 4}));
    EXPECT_EQ(list<float>(einsum("ij->j", {square})), (std::vector<float>{4, 6}));
    EXPECT_EQ(list<float>(einsum("i,j->ij", {filled<float>({2}, {1, 2}), filled<float>({2}, {3, 4})})),
              (std::vector<float>{3, 4, 6, 8}));
    const Value row = filled<float>({1, 2}, {10, 20});
    EXPECT_EQ(list<float>(einsum("...i,...i->...i", {square, row})), (std::vector<float>{10, 40, 30, 80}));
    const Value c = filled<std::int64_t>({2}, {1, 2});
    EXPECT_EQ(list<std::int64_t>(einsum("i,i,i->", {c, c, c})), std::vector<std::int64_t>{9});
}

TEST(Einsum, EqualsNestedLoops) {
    Rng rng(62);
    const auto draw = [&](const Shape& shape) {
        return cast<float, std::int64_t>(randomIntegers<std::int64_t>(shape, rng, -3, 3));
    };
    const Value a = draw({2, 3, 4});
    const Value b = draw({4, 5});
    const Value c = draw({5, 2});
    const Value y = einsum("abc,cd,da->bd", {a, b, c});
    const auto at = [](const Value& value, std::int64_t i) { return value.read<float>()[static_cast<std::size_t>(i)]; };
    for (std::int64_t j = 0; j < 3; ++j) {
        for (std::int64_t l = 0; l < 5; ++l) {
            float sum = 0;
            for (std::int64_t i = 0; i < 2; ++i) {
                for (std::int64_t k = 0; k < 4; ++k)
                    sum += at(a, (i * 3 + j) * 4 + k) * at(b, k * 5 + l) * at(c, l * 2 + i);
            }
            EXPECT_EQ(at(y, j * 5 + l), sum);
        }
    }
}

TEST(Einsum, RefusesWhatDoesNotFit) {
    const Value a(DataType::float32, {2, 3});
    const auto refusal = [&](const std::string& equation) {
        return Case({"Einsum", 12, {a}, {{"equation", equation}}}).refusal();
    };
    EXPECT_NE(refusal("ijk->i"), "");
    EXPECT_NE(refusal("ii->i"), "");
    EXPECT_NE(refusal("ij->k"), "");
    EXPECT_NE(refusal("i.j->i"), "");
    EXPECT_NE(refusal("ij,jk->ik"), "");
}

TEST(Sampling, GridPicksAndBlends) {
    const Value x = filled<float>({1, 1, 2, 2}, {1, 2, 3, 4});
    const Value grid = filled<float>({1, 1, 3, 2}, {-1, -1, 0, 0, 3, 1});
    const auto run = [&](const char* mode, const char* border) {
        return list<float>(Case({"GridSample",
                                 20,
                                 {x, grid},
                                 {{"mode", std::string(mode)},
                                  {"padding_mode", std::string(border)},
                                  {"align_corners", std::int64_t{1}}}})
                               .one(2));
    };
    EXPECT_EQ(run("linear", "zeros"), (std::vector<float>{1, 2.5, 0}));
    EXPECT_EQ(run("linear", "border"), (std::vector<float>{1, 2.5, 4}));
    EXPECT_EQ(run("nearest", "reflection"), (std::vector<float>{1, 1, 3}));
    EXPECT_EQ(run("cubic", "border")[0], 1);
}

TEST(Sampling, SuppressionKeepsTheBest) {
    const Value boxes = filled<float>({1, 4, 4}, {0, 0, 1, 1, 0, 0.1F, 1, 1.1F, 5, 5, 6, 6, 5, 5, 6, 6.2F});
    const Value scores = filled<float>({1, 1, 4}, {0.5F, 0.9F, 0.1F, 0.8F});
    const Value most = filled<std::int64_t>({1}, {3});
    const Value overlap = filled<float>({1}, {0.5F});
    EXPECT_EQ(list<std::int64_t>(Case({"NonMaxSuppression", 11, {boxes, scores, most, overlap}}).one()),
              (std::vector<std::int64_t>{0, 0, 1, 0, 0, 3}));
    const Value least = filled<float>({1}, {0.85F});
    EXPECT_EQ(Case({"NonMaxSuppression", 11, {boxes, scores, most, overlap, least}}).one().shape(), (Shape{1, 3}));
}

/// Even, odd and mixed lengths against the sum that defines the transform.
TEST(Signal, TransformEqualsItsSum) {
    Rng rng(63);
    for (const std::int64_t length : {1, 2, 7, 8, 12}) {
        const Value x = randomFloats({2, length, 2}, rng);
        const Value y = Case({"DFT", 17, {x}}).one(2);
        ASSERT_EQ(y.shape(), x.shape());
        const auto at = [](const Value& value, std::int64_t i) {
            return static_cast<double>(value.read<float>()[static_cast<std::size_t>(i)]);
        };
        for (std::int64_t i = 0; i < 2 * length; ++i) {
            double real = 0;
            double imaginary = 0;
            for (std::int64_t j = 0; j < length; ++j) {
                const double angle =
                    -2 * 3.14159265358979323846 * static_cast<double>(i % length * j) / static_cast<double>(length);
                const std::int64_t from = (i / length * length + j) * 2;
                real += at(x, from) * std::cos(angle) - at(x, from + 1) * std::sin(angle);
                imaginary += at(x, from) * std::sin(angle) + at(x, from + 1) * std::cos(angle);
            }
            ASSERT_NEAR(at(y, 2 * i), real, 1e-5);
            ASSERT_NEAR(at(y, 2 * i + 1), imaginary, 1e-5);
        }
        const Value back = Case({"DFT", 17, {y}, {{"inverse", std::int64_t{1}}}}).one();
        EXPECT_LT(difference(back, x), 1e-5);
    }
}

TEST(Signal, FramesAndWindows) {
    const Value signal = filled<float>({1, 5}, {1, 2, 3, 4, 5});
    const Value two = filled<std::int64_t>({}, {2});
    const Value y = Case({"STFT", 17, {signal, two, filled<float>({2}, {1, 0.5F})}}).one();
    EXPECT_LT(difference(y, filled<float>({1, 2, 2, 2}, {2, 0, 0, 0, 5, 0, 1, 0})), 1e-6);
    const Value hann = Case({"HannWindow", 17, {filled<std::int64_t>({}, {4})}}).one();
    EXPECT_LT(difference(hann, filled<float>({4}, {0, 0.5F, 1, 0.5F})), 1e-6);
    const auto scalar = [](std::int64_t value) { return filled<std::int64_t>({}, {value}); };
    const Value mel = Case({"MelWeightMatrix",
                            17,
                            {scalar(8), scalar(16), scalar(8192), filled<float>({}, {0}), filled<float>({}, {4096})}})
                          .one();
    ASSERT_EQ(mel.shape(), (Shape{9, 8}));
    EXPECT_EQ(list<float>(mel)[0], 1);
}

TEST(Sampling, Determinants) {
    const Value x = filled<float>({2, 2, 2}, {1, 2, 3, 4, 0, 1, 1, 0});
    const Value y = Case({"Det", 11, {x}}).one();
    EXPECT_NEAR(static_cast<double>(y.read<float>()[0]), -2, 1e-6);
    EXPECT_EQ(y.read<float>()[1], -1);
}

}  // namespace

}  // namespace millrace::model::exec::test
