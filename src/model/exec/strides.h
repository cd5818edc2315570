#pragma once
#include <cstdint>
#include <vector>

#include "model/exec/value.h"

namespace millrace::model::exec {

/// Distance, in elements, between neighbours along each axis of a row-major tensor.
inline std::vector<std::int64_t> rowMajor(const Shape& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * shape[i - 1];
    return strides;
}

/// Product of the dimensions [begin, end).
inline std::int64_t product(const Shape& shape, std::size_t begin, std::size_t end) {
    std::int64_t result = 1;
    for (std::size_t i = begin; i < end; ++i) result *= shape[i];
    return result;
}

/// A tensor seen as [outer, axis, inner] around one axis.
struct Around {
    std::int64_t outer;
    std::int64_t size;
    std::int64_t inner;
    Around(const Shape& shape, std::size_t axis)
        : outer(product(shape, 0, axis)), size(shape[axis]), inner(product(shape, axis + 1, shape.size())) {}
};

/// Steps through all indices of a shape in row-major order: `do { ... index() ... } while (next());` for a shape that
/// is not empty.
class Counter {
public:
    explicit Counter(Shape shape) : shape_(std::move(shape)), index_(shape_.size(), 0) {}
    const std::vector<std::int64_t>& index() const { return index_; }
    /// False after the last one.
    bool next() {
        for (std::size_t axis = shape_.size(); axis > 0; --axis) {
            if (++index_[axis - 1] < shape_[axis - 1]) return true;
            index_[axis - 1] = 0;
        }
        return false;
    }

private:
    Shape shape_;
    std::vector<std::int64_t> index_;
};

}  // namespace millrace::model::exec
