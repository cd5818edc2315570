// Kernels against slow loops over indices, and what they refuse.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "exec/apply.h"
#include "model/exec/strides.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::model::exec::test {

namespace {

Value randomFloats(const Shape& shape, Rng& rng) {
    Value value(DataType::float32, shape);
    for (float& x : value.write<float>()) x = static_cast<float>(rng.between(-9, 9));
    return value;
}

Shape randomShape(std::size_t rank, Rng& rng) {
    Shape shape;
    for (std::size_t i = 0; i < rank; ++i) shape.push_back(rng.between(1, 5));
    return shape;
}

/// Offset of an index, aligned at the last axes, in a tensor that is stretched.
std::size_t offset(const Shape& shape, const std::vector<std::int64_t>& index) {
    std::int64_t result = 0;
    const std::size_t skip = index.size() - shape.size();
    for (std::size_t i = 0; i < shape.size(); ++i) result = result * shape[i] + (shape[i] == 1 ? 0 : index[skip + i]);
    return static_cast<std::size_t>(result);
}

void forIndices(const Shape& shape, const std::function<void(const std::vector<std::int64_t>&)>& visit) {
    Counter counter(shape);
    do visit(counter.index());
    while (counter.next());
}

/// A shape that stretches to `shape`.
Shape squeezed(const Shape& shape, Rng& rng) {
    Shape result(shape.begin() + rng.between(0, static_cast<std::int64_t>(shape.size())), shape.end());
    for (std::int64_t& size : result) size = rng.below(3) == 0 ? 1 : size;
    return result;
}

TEST(Kernels, StretchAsIndicesSay) {
    Rng rng(1);
    for (std::int64_t n = 0; n < millrace::test::count(20'000); ++n) {
        const Shape shape = randomShape(static_cast<std::size_t>(rng.between(0, 5)), rng);
        const Value a = randomFloats(rng.below(2) == 0 ? shape : squeezed(shape, rng), rng);
        const Value b = randomFloats(a.shape() == shape ? squeezed(shape, rng) : shape, rng);
        const Applied sub = apply("Sub", 14, {a, b});
        ASSERT_EQ(sub.error, "");
        ASSERT_EQ(sub.outputs[0].shape(), shape);
        std::size_t i = 0;
        forIndices(shape, [&](const auto& index) {
            ASSERT_EQ(sub.outputs[0].read<float>()[i++],
                      a.read<float>()[offset(a.shape(), index)] - b.read<float>()[offset(b.shape(), index)]);
        });
    }
}

TEST(Kernels, TransposeAndSliceAsIndicesSay) {
    Rng rng(2);
    for (std::int64_t n = 0; n < millrace::test::count(20'000); ++n) {
        const Shape shape = randomShape(static_cast<std::size_t>(rng.between(1, 5)), rng);
        const Value x = randomFloats(shape, rng);
        std::vector<std::int64_t> perm;
        for (std::size_t i = 0; i < shape.size(); ++i) {
            perm.insert(perm.begin() + rng.between(0, static_cast<std::int64_t>(i)), static_cast<std::int64_t>(i));
        }
        const Applied turned = apply("Transpose", 13, {x}, {{"perm", perm}});
        ASSERT_EQ(turned.error, "");
        std::vector<std::int64_t> starts, ends, steps, axes;
        for (std::size_t i = 0; i < shape.size(); ++i) {
            starts.push_back(rng.between(-7, 7));
            ends.push_back(rng.below(4) == 0 ? INT64_MAX : rng.between(-7, 7));
            steps.push_back(rng.below(2) == 0 ? rng.between(1, 3) : -rng.between(1, 3));
            axes.push_back(static_cast<std::int64_t>(i));
        }
        const Applied cut =
            apply("Slice", 13, {turned.outputs[0], integers(starts), integers(ends), integers(axes), integers(steps)});
        ASSERT_EQ(cut.error, "");
        const Shape& middle = turned.outputs[0].shape();
        std::vector<std::vector<std::int64_t>> chosen(shape.size());
        for (std::size_t i = 0; i < shape.size(); ++i) {
            const std::int64_t size = middle[i];
            std::int64_t begin = starts[i] < 0 ? starts[i] + size : starts[i];
            std::int64_t end = ends[i] < 0 ? ends[i] + size : ends[i];
            if (steps[i] > 0) {
                for (begin = std::max<std::int64_t>(begin, 0); begin < std::min(end, size); begin += steps[i]) {
                    chosen[i].push_back(begin);
                }
            } else {
                for (begin = std::min(begin, size - 1); begin > std::max<std::int64_t>(end, -1); begin += steps[i]) {
                    if (begin >= 0) chosen[i].push_back(begin);
                }
            }
            ASSERT_EQ(cut.outputs[0].shape()[i], static_cast<std::int64_t>(chosen[i].size()))
                << starts[i] << ' ' << ends[i] << ' ' << steps[i] << ' ' << size;
        }
        if (cut.outputs[0].elements() == 0) continue;
        std::size_t at = 0;
        forIndices(cut.outputs[0].shape(), [&](const auto& index) {
            std::vector<std::int64_t> source(shape.size());
            for (std::size_t i = 0; i < shape.size(); ++i) {
                source[static_cast<std::size_t>(perm[i])] = chosen[i][static_cast<std::size_t>(index[i])];
            }
            ASSERT_EQ(cut.outputs[0].read<float>()[at++], x.read<float>()[offset(shape, source)]);
        });
    }
}

TEST(Kernels, ReduceAsIndicesSay) {
    Rng rng(3);
    for (std::int64_t n = 0; n < millrace::test::count(20'000); ++n) {
        const Shape shape = randomShape(static_cast<std::size_t>(rng.between(1, 5)), rng);
        const Value x = randomFloats(shape, rng);
        std::vector<std::int64_t> axes;
        Shape kept = shape;
        for (std::size_t i = 0; i < shape.size(); ++i) {
            if (rng.below(2) == 0 && !(axes.empty() && i + 1 == shape.size())) continue;
            axes.push_back(static_cast<std::int64_t>(i) -
                           (rng.below(2) == 0 ? 0 : static_cast<std::int64_t>(shape.size())));
            kept[i] = 1;
        }
        const Applied sum = apply("ReduceSum", 13, {x, integers(axes)});
        const Applied most = apply("ReduceMax", 18, {x, integers(axes)});
        ASSERT_EQ(sum.error + most.error, "");
        ASSERT_EQ(sum.outputs[0].shape(), kept);
        std::vector<float> sums(static_cast<std::size_t>(sum.outputs[0].elements()), 0);
        std::vector<float> largest(sums.size(), -HUGE_VALF);
        std::size_t i = 0;
        forIndices(shape, [&](const auto& index) {
            const float value = x.read<float>()[i++];
            sums[offset(kept, index)] += value;
            largest[offset(kept, index)] = std::max(largest[offset(kept, index)], value);
        });
        ASSERT_EQ(listOf<float>(sum.outputs[0]), sums);
        ASSERT_EQ(listOf<float>(most.outputs[0]), largest);
    }
}

TEST(Kernels, AreTheSameForAnyNumberOfThreads) {
    Rng rng(4);
    Value x(DataType::float32, {2, 128, 1025});
    for (float& value : x.write<float>()) value = static_cast<float>(rng.unit() * 8 - 4);
    for (const char* type : {"Exp", "Tanh", "Sigmoid", "Erf", "Gelu", "Softmax", "LogSoftmax", "Relu", "ReduceMean"}) {
        const Applied one = apply(type, 20, {x}, {}, 1, 1);
        ASSERT_EQ(one.error, "") << type;
        for (const int threads : {2, 3, 7}) {
            const Applied more = apply(type, 20, {x}, {}, 1, threads);
            EXPECT_EQ(listOf<float>(one.outputs[0]), listOf<float>(more.outputs[0])) << type << threads;
        }
    }
}

TEST(Kernels, IntegersWrapAndDivisionsByZeroAreZero) {
    const Value a = valueOf<std::int32_t>({4}, {INT32_MIN, 7, -7, INT32_MAX});
    const Value b = valueOf<std::int32_t>({4}, {-1, 0, 2, 1});
    EXPECT_EQ(listOf<std::int32_t>(apply("Div", 14, {a, b}).outputs[0]),
              (std::vector<std::int32_t>{INT32_MIN, 0, -3, INT32_MAX}));
    EXPECT_EQ(listOf<std::int32_t>(apply("Add", 14, {a, b}).outputs[0]),
              (std::vector<std::int32_t>{INT32_MAX, 7, -5, INT32_MIN}));
    EXPECT_EQ(listOf<std::int32_t>(apply("Mod", 13, {a, b}).outputs[0]), (std::vector<std::int32_t>{0, 0, 1, 0}));
    EXPECT_EQ(listOf<std::int32_t>(apply("Abs", 13, {a}).outputs[0]),
              (std::vector<std::int32_t>{INT32_MIN, 7, 7, INT32_MAX}));
    const Value reals = valueOf<float>({4}, {3e9F, -3e9F, std::nanf(""), -1.9F});
    EXPECT_EQ(listOf<std::int32_t>(apply("Cast", 13, {reals}, {{"to", std::int64_t{6}}}).outputs[0]),
              (std::vector<std::int32_t>{INT32_MAX, INT32_MIN, 0, -1}));
}

TEST(Kernels, RefuseWhatMakesNoSense) {
    const Value x = valueOf<float>({2, 3}, {1, 2, 3, 4, 5, 6});
    const auto refuses = [](const Applied& applied, const std::string& why) {
        EXPECT_NE(applied.error.find(why), std::string::npos) << applied.error;
    };
    using Ints = std::vector<std::int64_t>;
    const Ints huge{INT64_MAX, 2};
    refuses(apply("Gather", 13, {x, integers({2})}), "index 2 is outside of [-2, 1]");
    refuses(apply("GatherND", 13, {x, integers({0, 3})}), "index 3 is outside");
    refuses(apply("ScatterND", 13, {x, integers({-3}), valueOf<float>({3}, {0, 0, 0})}), "index -3 is outside");
    refuses(apply("Reshape", 13, {x, integers({4, -1})}), "do not make");
    refuses(apply("Reshape", 13, {x, integers(huge)}), "too many elements");
    refuses(apply("Expand", 13, {x, integers({1 << 30, 1 << 30, 2, 3})}), "beyond what is executed");
    refuses(apply("Tile", 13, {x, integers(huge)}), "too many");
    refuses(apply("Tile", 13, {x, integers({1 << 30, 1 << 30})}), "beyond what is executed");
    refuses(apply("ConstantOfShape", 13, {integers({1 << 20, 1 << 20})}), "beyond what is executed");
    refuses(apply("ConstantOfShape", 13, {integers({-1})}), "negative");
    refuses(apply("Pad", 13, {x, integers({INT64_MAX, 0, 0, 0})}), "a pad of");
    refuses(apply("Pad", 13, {x, integers({0, 0, 0, -4})}), "would have -1");
    refuses(apply("TopK", 13, {x, integers({4})}, {}, 2), "k is 4");
    refuses(apply("Slice", 13, {x, integers({0}), integers({1}), integers({0}), integers({0})}), "step is 0");
    refuses(apply("Concat", 13, {x, valueOf<float>({1, 2}, {1, 2})}, {{"axis", std::int64_t{0}}}), "does not join");
    refuses(apply("Split", 13, {x, integers({1, 2})}, {{"axis", std::int64_t{0}}}, 2), "3 elements in all");
    refuses(apply("Add", 13, {x, valueOf<double>({}, {1})}), "must be the same");
    refuses(apply("Relu", 13, {Value(DataType::boolean, {2})}), "Relu of bool");
    refuses(apply("Range", 13, {valueOf<float>({}, {0}), valueOf<float>({}, {1}), valueOf<float>({}, {1e-30F})}),
            "too many");
    refuses(apply("RandomNormal", 13, {}, {{"shape", Ints{2}}}), "has no seed");
    refuses(apply("Add", 13, {x}), "input 1 is left out");
    refuses(apply("SequenceLength", 13, {x}), "is no sequence");
}

}  // namespace

}  // namespace millrace::model::exec::test
