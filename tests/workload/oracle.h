#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/network/network.h"

/// A slow interpreter that knows, for each element of each tensor of a network, which stored elements it is made of,
/// and for each operator that computes, which elements each output element reads. Written from ONNX's definitions and
/// without the code under test.
namespace millrace::test {

using Index = std::vector<std::int64_t>;
/// Stored elements: (name of a tensor, row-major index).
using Elements = std::set<std::pair<std::string, std::int64_t>>;

std::int64_t flatten(const Index& index, const Index& shape);
Index unflatten(std::int64_t flat, const Index& shape);
std::int64_t sizeOf(const Index& shape);

class Oracle {
public:
    explicit Oracle(const model::Network& network);

    /// What an element of a tensor is stored as. Padding: nothing.
    const Elements& element(model::TensorId tensor, std::int64_t flat) const {
        return values_[tensor.index()][static_cast<std::size_t>(flat)];
    }

    /// Calls `visit(input number, index in that input)` for all that element `out` of a computing operator's result
    /// reads.
    using Visit = std::function<void(std::size_t, const Index&)>;
    void reads(const model::Operator& op, const Index& out, const Visit& visit) const;

    /// True for operators that only move data.
    static bool moves(const std::string& type);

private:
    const Index& shape(model::TensorId tensor) const { return *network_.tensors[tensor].shape; }
    void store(model::TensorId tensor);
    /// The element of input `i` that element `out` of the result of a moving operator is.
    Elements moved(const model::Operator& op, std::size_t output, const Index& out) const;
    Elements at(const model::Operator& op, std::size_t input, const Index& index) const;

    const model::Network& network_;
    std::vector<std::vector<Elements>> values_;
};

}  // namespace millrace::test
