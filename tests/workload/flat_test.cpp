#include "explore/workload/flat.h"

#include <gmock/gmock.h>

#include <map>

#include "explore/workload/workload.h"
#include "shared.h"
#include "support/rng.h"
#include "workload/oracle.h"

namespace millrace::workload {
namespace {

using Shape = std::vector<std::int64_t>;

/// Calls `visit` with the row-major index of each point of the box.
template <class Visit>
void forPoints(const Box& box, const Shape& shape, Visit visit) {
    Shape sizes;
    for (const Interval& side : box) sizes.push_back(side.size());
    for (std::int64_t flat = 0; flat < volume(box); ++flat) {
        Shape index = test::unflatten(flat, sizes);
        for (std::size_t i = 0; i < index.size(); ++i) index[i] += box[i].begin;
        visit(test::flatten(index, shape));
    }
}

/// The factors of a number of elements, spread over some axes.
Shape randomShape(Rng& rng, const std::vector<std::int64_t>& factors) {
    Shape shape(1 + rng.below(4), 1);
    for (const std::int64_t factor : factors) shape[rng.below(shape.size())] *= factor;
    return shape;
}

TEST(Flat, BoxesOfAReshapeAreExact) {
    Rng rng(5);
    for (std::int64_t run = test::count(200000); run > 0; --run) {
        std::vector<std::int64_t> factors;
        for (std::uint64_t i = rng.below(5); i > 0; --i) factors.push_back(rng.between(2, 4));
        const Shape from = randomShape(rng, factors);
        const Shape to = randomShape(rng, factors);
        Box box;
        for (const std::int64_t size : from) {
            const std::int64_t begin = rng.between(0, size - 1);
            box.push_back({begin, rng.between(begin + 1, size)});
        }
        std::map<std::int64_t, int> wanted;
        forPoints(box, from, [&](std::int64_t flat) { wanted[flat] = 1; });
        std::map<std::int64_t, int> got;
        for (const Box& part : reshapeBox(box, from, to)) {
            ASSERT_TRUE(contains(wholeBox(to), part));
            forPoints(part, to, [&](std::int64_t flat) { ++got[flat]; });
        }
        ASSERT_EQ(got, wanted);
    }
}

TEST(Flat, ManyRunsAreCovered) {
    const Shape from{100, 7};
    const Shape to{7, 100};
    const Box box{{10, 90}, {2, 4}};
    std::vector<int> got(700, 0);
    const std::vector<Box> boxes = reshapeBox(box, from, to);
    EXPECT_LE(boxes.size(), 3U);
    for (const Box& part : boxes) {
        forPoints(part, to, [&](std::int64_t flat) { ++got[static_cast<std::size_t>(flat)]; });
    }
    forPoints(box, from, [&](std::int64_t flat) { EXPECT_EQ(got[static_cast<std::size_t>(flat)], 1); });
    for (const int times : got) EXPECT_LE(times, 1);
}

TEST(Range, IsExactAtItsEnds) {
    Rng rng(9);
    for (std::int64_t run = test::count(200000); run > 0; --run) {
        AffineExpr expression;
        expression.offset = rng.between(-9, 9);
        expression.divisor = rng.between(1, 4);
        std::vector<Interval> loops;
        for (DimIndex dim = 0; dim < 2; ++dim) {
            const std::int64_t begin = rng.between(0, 5);
            loops.push_back({begin, begin + rng.between(1, 4)});
            expression.terms.push_back({dim, rng.between(-3, 3)});
        }
        std::int64_t low = 1000;
        std::int64_t high = -1000;
        for (std::int64_t a = loops[0].begin; a < loops[0].end; ++a) {
            for (std::int64_t b = loops[1].begin; b < loops[1].end; ++b) {
                const std::int64_t sum =
                    expression.offset + expression.terms[0].coefficient * a + expression.terms[1].coefficient * b;
                std::int64_t index = -100;
                while ((index + 1) * expression.divisor <= sum) ++index;
                low = std::min(low, index);
                high = std::max(high, index);
            }
        }
        ASSERT_EQ(range(expression, loops), (Interval{low, high + 1}));
    }
    EXPECT_TRUE(range({{{0, 2}}, 5, 1}, {{3, 3}}).empty());
}

}  // namespace
}  // namespace millrace::workload
