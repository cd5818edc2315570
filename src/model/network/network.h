#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/diagnostics.h"
#include "support/ids.h"

/// The Network: operators over typed tensors, as ONNX means them.
///
/// Semantics. Operators stand in an order in which every tensor is produced before it is read. Each tensor has one
/// producer: an operator, the caller (a graph input) or the file (a constant). Shapes are concrete: a network with a
/// free dimension does not come into being. H stands before W everywhere. A constant may lack its values
/// (`Constant::bytes` empty): exploration needs shapes only; whoever needs values must check. An operator of an unknown
/// type, with subgraphs, or whose shapes depend on run-time values is kept with `known == false`: it is host work, its
/// inputs and outputs may lack a shape. All tensors of a known operator have one.
namespace millrace::model {

using TensorId = Id<struct TensorTag>;
using OperatorId = Id<struct OperatorTag>;
using Shape = std::vector<std::int64_t>;

/// Bounds that every tensor keeps, so that products of dimensions and sizes in bits fit 64 bits.
inline constexpr std::size_t kMaxRank = 16;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;

/// "[1,3,224,224]"; a scalar is "[]".
std::string text(const Shape& shape);
/// Product of the dimensions; nothing if a dimension is negative, or if rank, a dimension or the product of those that
/// are not zero is beyond the bounds above.
std::optional<std::int64_t> boundedElements(const Shape& shape);

/// ONNX's element types; the numbers are those of TensorProto.DataType.
enum class DataType : std::uint8_t {
    undefined = 0,
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    uint16 = 4,
    int16 = 5,
    int32 = 6,
    int64 = 7,
    string = 8,
    boolean = 9,
    float16 = 10,
    float64 = 11,
    uint32 = 12,
    uint64 = 13,
    complex64 = 14,
    complex128 = 15,
    bfloat16 = 16,
};
std::string_view name(DataType type);
/// The type of that name or ONNX number; nothing if there is none (ONNX's 8-bit floats and 4-bit types among them).
std::optional<DataType> dataTypeNamed(std::string_view name);
std::optional<DataType> dataType(std::int64_t number);
/// Bits of one element; 0 for strings and undefined. Booleans take a byte.
int bitWidth(DataType type);

/// Values of a constant, little endian, densely packed in row-major order. Empty bytes: known to exist, but not at
/// hand. Texts stand in `strings`, and have no bytes.
struct Constant {
    std::vector<std::uint8_t> bytes;
    std::vector<std::string> strings = {};
    bool hasValues() const { return !bytes.empty() || !strings.empty(); }
};

struct Tensor {
    std::string name;
    DataType type = DataType::undefined;
    /// Empty optional: not known (only behind an unknown operator). An empty shape is a scalar.
    std::optional<Shape> shape;
    /// Set if the tensor is a constant of the file (an initializer or the output of a Constant operator).
    std::optional<Constant> constant;

    /// Product of the dimensions; the shape must be known.
    std::int64_t elements() const;
    /// Values of an integer constant (int32 or int64); nothing if the tensor is no such constant or has no values at
    /// hand.
    std::optional<std::vector<std::int64_t>> integers() const;
    /// Values of a float32, float64 or float16 constant; otherwise as `integers`.
    std::optional<std::vector<double>> reals() const;
};

/// An attribute as ONNX has them (graphs are `Operator::bodies`). Tensor attributes become constants before. The
/// exception is ConstantOfShape: its one-element `value` is kept as a number, with the element type's number in
/// `value_type`.
using AttributeValue = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                                    std::vector<std::string>>;
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

struct Network;

/// A graph inside of an operator (If, Loop, Scan). Its tensors and operators are a Network of their own, in which
/// shapes are not known and all operators are host work: they are met at run time.
struct Body {
    std::shared_ptr<const Network> network;
    /// The first inputs of `network` are the caller's to fill ...
    std::size_t formals = 0;
    /// ... and the others are outer tensors: inputs[formals + k] of the body is the operator's inputs[captured[k]].
    std::vector<std::size_t> captured;
};

struct Operator {
    std::string name;          ///< never empty: "<type>_<n>" where the file has none
    std::string type;          ///< ONNX op_type
    std::string domain;        ///< "" is ONNX's own
    std::int64_t version = 0;  ///< opset of its domain
    /// An invalid id stands for an optional input or output that is left out.
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    Attributes attributes;
    /// Graph attributes by name; only a host operator has any.
    std::map<std::string, Body, std::less<>> bodies;
    /// False: Millrace has no rule for it; a host operator.
    bool known = true;

    std::int64_t integer(std::string_view attribute, std::int64_t otherwise) const;
    double real(std::string_view attribute, double otherwise) const;
    std::string text(std::string_view attribute, std::string_view otherwise) const;
    std::vector<std::int64_t> integers(std::string_view attribute, std::vector<std::int64_t> otherwise = {}) const;
    /// Input `i`, or an invalid id if it is left out.
    TensorId input(std::size_t i) const { return i < inputs.size() ? inputs[i] : TensorId(); }
    TensorId output(std::size_t i) const { return i < outputs.size() ? outputs[i] : TensorId(); }
    /// The graph attribute of that name, or null.
    const Body* body(std::string_view attribute) const;
};

struct Network {
    std::string name;
    std::string file;
    Table<TensorId, Tensor> tensors;
    Table<OperatorId, Operator> operators;
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;

    /// The operator that produces the tensor, or invalid.
    OperatorId producer(TensorId tensor) const;
    TensorId find(std::string_view tensorName) const;
};

/// Is the network what the semantics above promise? One error for each violation. True if none.
bool verify(const Network& network, Diagnostics& diagnostics);

/// Text form: readable, stable, without constant values beyond small integer ones. `parseText(printText(n))` gives a
/// network with the same text.
std::string printText(const Network& network);
std::optional<Network> parseText(std::string_view text, std::string_view file, Diagnostics& diagnostics);

}  // namespace millrace::model
