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

TEST(Sampling, Determinants) {
    const Value x = filled<float>({2, 2, 2}, {1, 2, 3, 4, 0, 1, 1, 0});
    const Value y = Case({"Det", 11, {x}}).one();
    EXPECT_NEAR(static_cast<double>(y.read<float>()[0]), -2, 1e-6);
    EXPECT_EQ(y.read<float>()[1], -1);
}

}  // namespace

}  // namespace millrace::model::exec::test
