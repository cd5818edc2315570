#pragma once
#include <optional>
#include <vector>

#include "model/network/network.h"

namespace millrace::model {

/// Known values of a small tensor. Integers and booleans stand as they are, reals as the bits of a double.
struct Known {
    DataType type = DataType::undefined;
    Shape shape;
    std::vector<std::int64_t> raw;

    bool isReal() const { return type == DataType::float32 || type == DataType::float64; }
    double real(std::size_t i) const;
    void setReal(std::size_t i, double value);
};

/// Values of a constant of a type that is folded (int32, int64, bool, float32, float64), at most `limit` elements.
std::optional<Known> knownValues(const Tensor& tensor, std::int64_t limit);
Constant encode(const Known& known);

/// Calls `visit(index)` for all indices of a shape in row-major order.
template <class Visit>
void forEachIndex(const Shape& shape, Visit visit) {
    std::vector<std::int64_t> index(shape.size(), 0);
    for (const std::int64_t dim : shape) {
        if (dim == 0) return;
    }
    while (true) {
        visit(index);
        std::size_t axis = shape.size();
        while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) index[--axis] = 0;
        if (axis == 0) return;
    }
}

/// Row-major offset of an index aligned at the last axes; dimensions of 1 are stretched.
std::size_t broadcastOffset(const Shape& shape, const std::vector<std::int64_t>& index);

}  // namespace millrace::model
