#include "model/exec/copy.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::model::exec {

namespace {

/// Axes of one element go, and neighbours that are walked evenly become one. At least one axis is left.
void simplify(Shape& shape, std::vector<std::int64_t>& strides) {
    Shape sizes;
    std::vector<std::int64_t> steps;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 1) continue;
        if (!sizes.empty() && steps.back() == strides[i] * shape[i]) {
            sizes.back() *= shape[i];
            steps.back() = strides[i];
        } else {
            sizes.push_back(shape[i]);
            steps.push_back(strides[i]);
        }
    }
    if (sizes.empty()) {
        sizes.push_back(1);
        steps.push_back(1);
    }
    shape = std::move(sizes);
    strides = std::move(steps);
}

template <class T>
void copyPlane(const T* x, T* y, std::int64_t rows, std::int64_t columns, std::int64_t rowStep,
               std::int64_t columnStep) {
    if (columnStep == 1) {
        for (std::int64_t i = 0; i < rows; ++i) std::copy_n(x + i * rowStep, columns, y + i * columns);
        return;
    }
    constexpr std::int64_t kBlock = 16;
    for (std::int64_t i0 = 0; i0 < rows; i0 += kBlock) {
        for (std::int64_t j0 = 0; j0 < columns; j0 += kBlock) {
            for (std::int64_t i = i0; i < std::min(rows, i0 + kBlock); ++i) {
                for (std::int64_t j = j0; j < std::min(columns, j0 + kBlock); ++j) {
                    y[i * columns + j] = x[i * rowStep + j * columnStep];
                }
            }
        }
    }
}

}  // namespace

Value gatherStrided(const Environment& environment, const Value& input, Shape shape, std::int64_t first,
                    std::vector<std::int64_t> strides) {
    Value result(input.type(), shape);
    if (result.elements() == 0) return result;
    simplify(shape, strides);
    if (shape.size() == 1) {
        shape.insert(shape.begin(), 1);
        strides.insert(strides.begin(), 0);
    }
    const std::int64_t columns = shape.back();
    const std::int64_t rows = shape[shape.size() - 2];
    const std::int64_t columnStep = strides.back();
    const std::int64_t rowStep = strides[strides.size() - 2];
    shape.resize(shape.size() - 2);
    const std::int64_t planes = product(shape, 0, shape.size());
    moveElements(input, result, [&](const auto* x, auto* y) {
        const std::int64_t grain = std::max<std::int64_t>(1, (1 << 15) / (rows * columns));
        parallelFor(environment, planes, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t plane = begin; plane < end; ++plane) {
                std::int64_t from = first;
                std::int64_t rest = plane;
                for (std::size_t axis = shape.size(); axis > 0; --axis) {
                    from += rest % shape[axis - 1] * strides[axis - 1];
                    rest /= shape[axis - 1];
                }
                copyPlane(x + from, y + plane * rows * columns, rows, columns, rowStep, columnStep);
            }
        });
    });
    return result;
}

Value transposed(const Environment& environment, const Value& input, const std::vector<std::size_t>& perm) {
    const auto own = rowMajor(input.shape());
    Shape shape;
    std::vector<std::int64_t> strides;
    for (const std::size_t axis : perm) {
        shape.push_back(input.shape()[axis]);
        strides.push_back(own[axis]);
    }
    return gatherStrided(environment, input, std::move(shape), 0, std::move(strides));
}

Value concatenated(const std::vector<const Value*>& parts, std::size_t axis) {
    Shape shape = parts.front()->shape();
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const Shape& other = parts[i]->shape();
        bool fits = other.size() == shape.size() && parts[i]->type() == parts.front()->type();
        for (std::size_t a = 0; fits && a < shape.size(); ++a) fits = a == axis || other[a] == shape[a];
        if (!fits) {
            throw Refused{fmt::format("{}{} does not join {}{} along axis {}", name(parts[i]->type()), text(other),
                                      name(parts.front()->type()), text(parts.front()->shape()), axis)};
        }
        shape[axis] += other[axis];
    }
    Value result(parts.front()->type(), shape);
    const Around whole(shape, axis);
    std::int64_t at = 0;
    for (const Value* piece : parts) {
        const std::int64_t row = piece->shape()[axis] * whole.inner;
        if (piece->elements() == 0) continue;
        moveElements(*piece, result, [&](const auto* x, auto* y) {
            for (std::int64_t o = 0; o < whole.outer; ++o) {
                std::copy_n(x + o * row, row, y + o * whole.size * whole.inner + at);
            }
        });
        at += row;
    }
    return result;
}

Value part(const Value& input, std::size_t axis, std::int64_t begin, std::int64_t size) {
    Shape shape = input.shape();
    shape[axis] = size;
    Value result(input.type(), shape);
    if (result.elements() == 0) return result;
    const Around around(input.shape(), axis);
    moveElements(input, result, [&](const auto* x, auto* y) {
        for (std::int64_t o = 0; o < around.outer; ++o) {
            std::copy_n(x + (o * around.size + begin) * around.inner, size * around.inner, y + o * size * around.inner);
        }
    });
    return result;
}

}  // namespace millrace::model::exec
