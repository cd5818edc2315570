#include "model_onnx/cases.h"

#include <algorithm>

namespace millrace::model::test {

namespace {

using Integers = std::vector<std::int64_t>;

Integers list(Rng& rng, std::size_t count, std::int64_t low, std::int64_t high) {
    Integers values(count);
    for (auto& value : values) value = rng.between(low, high);
    return values;
}

bool chance(Rng& rng, int of) { return rng.below(static_cast<std::uint64_t>(of)) == 0; }

Shape shapeOfRank(Rng& rng, std::size_t rank) { return list(rng, rank, 1, 9); }

Integers permutation(Rng& rng, std::size_t rank) {
    Integers order(rank);
    for (std::size_t i = 0; i < rank; ++i) order[i] = static_cast<std::int64_t>(i);
    for (std::size_t i = rank; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    return order;
}

std::int64_t anyAxis(Rng& rng, std::size_t rank) {
    const auto r = static_cast<std::int64_t>(rank);
    return rng.between(-r, r - 1);
}

void windowAttributes(Rng& rng, NodeBuilder& node, std::size_t rank, bool dilations) {
    if (!chance(rng, 3)) node.integers("strides", list(rng, rank, 1, 4));
    if (dilations && !chance(rng, 3)) node.integers("dilations", list(rng, rank, 1, 3));
    if (chance(rng, 4)) {
        node.text("auto_pad", chance(rng, 3) ? "VALID" : chance(rng, 2) ? "SAME_UPPER" : "SAME_LOWER");
    } else if (!chance(rng, 3)) {
        node.integers("pads", list(rng, 2 * rank, 0, 2));
    }
}

RandomCase conv(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(7, 17))};
    const auto rank = static_cast<std::size_t>(rng.between(1, 3));
    const std::int64_t group = rng.between(1, 3);
    const std::int64_t channels = rng.between(1, 3);
    Shape x{rng.between(1, 3), group * channels};
    Shape w{group * rng.between(1, 3), channels};
    const Integers kernel = list(rng, rank, 1, 4);
    for (std::size_t i = 0; i < rank; ++i) x.push_back(rng.between(5, 30));
    w.insert(w.end(), kernel.begin(), kernel.end());
    c.model.input("x", x).weight("w", w).output("y");
    NodeBuilder node = c.model.node("Conv", {"x", "w"}, {"y"});
    if (group > 1) node.integer("group", group);
    if (chance(rng, 2)) node.integers("kernel_shape", kernel);
    windowAttributes(rng, node, rank, true);
    return c;
}

RandomCase convTranspose(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(7, 17))};
    const auto rank = static_cast<std::size_t>(rng.between(1, 3));
    const std::int64_t group = rng.between(1, 3);
    Shape x{rng.between(1, 3), group * rng.between(1, 3)};
    Shape w{x[1], rng.between(1, 3)};
    for (std::size_t i = 0; i < rank; ++i) x.push_back(rng.between(2, 20));
    for (std::size_t i = 0; i < rank; ++i) w.push_back(rng.between(1, 4));
    c.model.input("x", x).weight("w", w).output("y");
    NodeBuilder node = c.model.node("ConvTranspose", {"x", "w"}, {"y"});
    const Integers strides = list(rng, rank, 1, 4);
    node.integer("group", group).integers("strides", strides).integers("dilations", list(rng, rank, 1, 3));
    if (chance(rng, 4)) {
        node.text("auto_pad", chance(rng, 2) ? "SAME_UPPER" : "SAME_LOWER");
        // Defined as in * stride; libonnx 1.12 gives less where the kernel is shorter than the stride.
        c.correct = [=](Shape& shape) {
            for (std::size_t i = 0; i < rank; ++i) shape[2 + i] = x[2 + i] * strides[i];
        };
        return c;
    }
    if (chance(rng, 4)) {
        // libonnx 1.12 gives up on outputs smaller than the input.
        Integers wanted(x.begin() + 2, x.end());
        for (auto& size : wanted) size += rng.between(0, 20);
        node.integers("output_shape", wanted);
        return c;
    }
    if (chance(rng, 2)) node.integers("pads", list(rng, 2 * rank, 0, 2));
    Integers extra(rank);
    for (std::size_t i = 0; i < rank; ++i) extra[i] = rng.between(0, strides[i] - 1);
    if (chance(rng, 2)) node.integers("output_padding", extra);
    return c;
}

RandomCase pool(Rng& rng) {
    const bool max = chance(rng, 2);
    RandomCase c{ModelBuilder(rng.between(10, 17))};
    const auto rank = static_cast<std::size_t>(rng.between(1, 3));
    Shape x{rng.between(1, 3), rng.between(1, 3)};
    for (std::size_t i = 0; i < rank; ++i) x.push_back(rng.between(5, 30));
    c.model.input("x", x).output("y");
    const Integers strides = list(rng, rank, 1, 4);
    const Integers pads = list(rng, 2 * rank, 0, 2);
    NodeBuilder node = c.model.node(max ? "MaxPool" : "AveragePool", {"x"}, {"y"});
    node.integers("kernel_shape", list(rng, rank, 2, 4));
    if (chance(rng, 2)) {
        windowAttributes(rng, node, rank, max);
        return c;
    }
    node.integers("strides", strides).integers("pads", pads).integer("ceil_mode", 1);
    if (max) node.integers("dilations", list(rng, rank, 1, 3));
    // libonnx 1.12 counts windows that would start in the end padding.
    c.correct = [=](Shape& shape) {
        for (std::size_t i = 0; i < rank; ++i) {
            if ((shape[2 + i] - 1) * strides[i] >= x[2 + i] + pads[i]) --shape[2 + i];
        }
    };
    return c;
}

RandomCase gemm(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(11, 17))};
    Shape a = list(rng, 2, 1, 9);
    Shape w{a[1], rng.between(1, 9)};
    const bool transA = chance(rng, 2);
    const bool transB = chance(rng, 2);
    if (transA) std::swap(a[0], a[1]);
    if (transB) std::swap(w[0], w[1]);
    c.model.input("a", a).weight("w", w).output("y");
    c.model.node("Gemm", {"a", "w"}, {"y"}).integer("transA", int{transA}).integer("transB", int{transB});
    return c;
}

RandomCase matMul(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(7, 17))};
    Shape a = shapeOfRank(rng, static_cast<std::size_t>(rng.between(1, 4)));
    Shape w = shapeOfRank(rng, static_cast<std::size_t>(rng.between(1, 4)));
    for (std::size_t i = 3; i <= std::min(a.size(), w.size()); ++i) {
        w[w.size() - i] = chance(rng, 3) ? 1 : a[a.size() - i];
    }
    (w.size() == 1 ? w[0] : w[w.size() - 2]) = a.back();
    c.model.input("a", a).input("w", w).output("y");
    c.model.node("MatMul", {"a", "w"}, {"y"});
    return c;
}

RandomCase resize(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(11, 17))};
    const Shape x = shapeOfRank(rng, 4);
    c.model.input("x", x).output("y").floats("none", {});
    if (chance(rng, 2)) {
        c.model.int64s("sizes", list(rng, 4, 1, 20));
        c.model.node("Resize", {"x", "none", "none", "sizes"}, {"y"});
        return c;
    }
    std::vector<float> scales;
    for (int i = 0; i < 4; ++i) scales.push_back(static_cast<float>(rng.between(10, 40)) / 10);
    c.model.floats("scales", scales);
    c.model.node("Resize", {"x", "none", "scales"}, {"y"});
    return c;
}

RandomCase slice(Rng& rng) {
    const std::int64_t opset = rng.between(7, 17);
    RandomCase c{ModelBuilder(opset)};
    const auto rank = static_cast<std::size_t>(rng.between(1, 4));
    const auto count = static_cast<std::size_t>(rng.between(1, static_cast<std::int64_t>(rank)));
    Integers axes = permutation(rng, rank);
    axes.resize(count);
    for (auto& axis : axes) axis -= chance(rng, 2) ? static_cast<std::int64_t>(rank) : 0;
    const Integers starts = list(rng, count, -12, 12);
    const Integers ends = list(rng, count, -12, 12);
    c.model.input("x", shapeOfRank(rng, rank)).output("y");
    if (opset < 10) {
        c.model.node("Slice", {"x"}, {"y"}).integers("starts", starts).integers("ends", ends).integers("axes", axes);
        return c;
    }
    Integers steps = list(rng, count, -3, 2);
    for (auto& step : steps) step = step >= 0 ? step + 1 : step;
    c.model.int64s("s", starts).int64s("e", ends).int64s("a", axes).int64s("t", steps);
    c.model.node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
    return c;
}

RandomCase pad(Rng& rng) {
    RandomCase c{ModelBuilder(rng.between(11, 17))};
    const auto rank = static_cast<std::size_t>(rng.between(1, 4));
    c.model.input("x", list(rng, rank, 3, 9)).output("y").int64s("p", list(rng, 2 * rank, -1, 4));
    c.model.node("Pad", {"x", "p"}, {"y"});
    return c;
}

RandomCase layout(Rng& rng) {
    const std::int64_t opset = rng.between(7, 17);
    RandomCase c{ModelBuilder(opset)};
    const auto rank = static_cast<std::size_t>(rng.between(1, 5));
    c.model.input("x", shapeOfRank(rng, rank)).output("y");
    switch (rng.below(4)) {
        case 0: c.model.node("Transpose", {"x"}, {"y"}).integers("perm", permutation(rng, rank)); break;
        case 1:
            c.model.node("Flatten", {"x"}, {"y"}).integer("axis", rng.between(0, static_cast<std::int64_t>(rank)));
            break;
        case 2: c.model.int64s("v", {-1, 1}).node("Reshape", {"x", "v"}, {"y"}); break;
        default:
            if (opset < 13) {
                c.model.node("Unsqueeze", {"x"}, {"y"}).integers("axes", {0, static_cast<std::int64_t>(rank)});
            } else {
                c.model.int64s("v", {-1, 1}).node("Unsqueeze", {"x", "v"}, {"y"});
            }
    }
    return c;
}

RandomCase pieces(Rng& rng) {
    const std::int64_t opset = rng.between(8, 17);
    RandomCase c{ModelBuilder(opset)};
    const auto rank = static_cast<std::size_t>(rng.between(2, 4));
    Shape x = shapeOfRank(rng, rank);
    const auto axis = rng.below(rank);
    c.model.input("x", x).output("y");
    const auto signedAxis = static_cast<std::int64_t>(axis);
    switch (rng.below(4)) {
        case 0:
            x[axis] = rng.between(1, 9);
            c.model.input("z", x).node("Concat", {"x", "z"}, {"y"}).integer("axis", signedAxis);
            break;
        case 1:
            c.model.input("i", shapeOfRank(rng, 2), DataType::int64);
            c.model.node("Gather", {"x", "i"}, {"y"}).integer("axis", signedAxis);
            break;
        case 2: c.model.int64s("v", list(rng, rank, 1, 3)).node("Tile", {"x", "v"}, {"y"}); break;
        default: {
            Shape z = x;
            for (auto& dim : z) dim = chance(rng, 2) ? 1 : dim;
            z.erase(z.begin(), z.begin() + static_cast<std::ptrdiff_t>(rng.below(2)));
            c.model.input("z", z).node(chance(rng, 2) ? "Add" : "Max", {"z", "x"}, {"y"});
        }
    }
    return c;
}

RandomCase reduction(Rng& rng) {
    static const std::vector<std::string> types{"ReduceMean", "ReduceMax", "ReduceProd", "ReduceL2", "ReduceLogSumExp"};
    RandomCase c{ModelBuilder(rng.between(11, 17))};
    const auto rank = static_cast<std::size_t>(rng.between(1, 4));
    c.model.input("x", shapeOfRank(rng, rank)).output("y");
    const std::int64_t keep = rng.between(0, 1);
    if (chance(rng, 3)) {
        c.model.node(chance(rng, 2) ? "ArgMax" : "ArgMin", {"x"}, {"y"})
            .integer("axis", anyAxis(rng, rank))
            .integer("keepdims", keep);
        return c;
    }
    NodeBuilder node = c.model.node(types[rng.below(types.size())], {"x"}, {"y"});
    node.integer("keepdims", keep);
    if (!chance(rng, 4)) node.integers("axes", {anyAxis(rng, rank)});
    return c;
}

RandomCase split(Rng& rng) {
    const std::int64_t opset = rng.between(7, 17);
    RandomCase c{ModelBuilder(opset)};
    Shape x = shapeOfRank(rng, 3);
    const auto axis = rng.below(3);
    const Integers parts = list(rng, 2, 1, 6);
    x[axis] = parts[0] + parts[1];
    c.model.input("x", x).output("y");
    if (opset < 13) {
        c.model.node("Split", {"x"}, {"other", "y"})
            .integer("axis", static_cast<std::int64_t>(axis))
            .integers("split", parts);
    } else {
        c.model.int64s("v", parts);
        c.model.node("Split", {"x", "v"}, {"other", "y"}).integer("axis", static_cast<std::int64_t>(axis));
    }
    return c;
}

}  // namespace

std::vector<NamedCase> randomCases() {
    return {{"Conv", conv},        {"ConvTranspose", convTranspose},
            {"Pool", pool},        {"Gemm", gemm},
            {"MatMul", matMul},    {"Resize", resize},
            {"Slice", slice},      {"Pad", pad},
            {"Layout", layout},    {"Pieces", pieces},
            {"Reduce", reduction}, {"Split", split}};
}

}  // namespace millrace::model::test
