#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/operators/operators.h"

namespace millrace::model {

/// What a shape rule sees: one operator, whose present inputs all have a shape.
class Inference {
public:
    Inference(Network& network, OperatorId id, Diagnostics& diagnostics)
        : network_(network), op_(network.operators[id]), diagnostics_(diagnostics) {}

    const Network& network() const { return network_; }
    const Operator& op() const { return op_; }

    bool has(std::size_t i) const { return op_.input(i).valid(); }
    const Tensor& tensor(std::size_t i) const { return network_.tensors[op_.input(i)]; }
    const Shape& shape(std::size_t i) const { return *tensor(i).shape; }
    DataType type(std::size_t i) const { return tensor(i).type; }
    /// "input 'x' [1,3,8,8]" for messages.
    std::string label(std::size_t i) const;

    /// Sets an output that is asked for. False, with an error, if the shape is beyond the bounds of a Network.
    bool set(std::size_t i, DataType type, Shape shape);
    /// As `set`, when the shape depends on values that are not at hand.
    bool setUnknown(std::size_t i, DataType type);
    /// Reports an error of this operator. Always false.
    bool fail(std::string message, std::string hint = {});

    /// An axis in [-rank, rank) counted from the front; reported if it is outside.
    std::optional<std::size_t> axis(std::int64_t value, std::size_t rank, std::string_view what = "axis");
    /// Axes as above, sorted; twice the same one is reported.
    std::optional<std::vector<std::size_t>> axes(const std::vector<std::int64_t>& values, std::size_t rank);
    /// Reports inputs `first` and `second` if their types are known and differ.
    bool sameType(std::size_t first, std::size_t second);
    /// Reports input `i` if it has another rank.
    bool rankIs(std::size_t i, std::size_t rank);
    bool rankAtLeast(std::size_t i, std::size_t rank);

private:
    Network& network_;
    const Operator& op_;
    Diagnostics& diagnostics_;
};

/// Shapes aligned at their last axes; dimensions of 1 stretch. Nothing if two dimensions disagree.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);
/// Can `from` be stretched to `to` (and no further)?
bool broadcastsTo(const Shape& from, const Shape& to);

/// Same type and shape as input 0.
bool sameAsInput(Inference& inference);

/// Rows of the operator table, a function per family.
std::vector<OperatorSpec> convolutionOperators();
std::vector<OperatorSpec> poolingOperators();
std::vector<OperatorSpec> matrixOperators();
std::vector<OperatorSpec> normalizationOperators();
std::vector<OperatorSpec> unaryOperators();
std::vector<OperatorSpec> elementwiseOperators();
std::vector<OperatorSpec> layoutOperators();
std::vector<OperatorSpec> sliceOperators();
std::vector<OperatorSpec> joinOperators();
std::vector<OperatorSpec> valueOperators();
std::vector<OperatorSpec> reductionOperators();
std::vector<OperatorSpec> resizeOperators();

}  // namespace millrace::model
