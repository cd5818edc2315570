#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/network/network.h"
#include "support/diagnostics.h"

/// The operators of ONNX that Millrace knows: which opsets, which attributes, which shapes come out.
/// One source file per family; each variant of an operator whose meaning differs is a row of its own.
namespace millrace::model {

class Inference;

enum class AttributeKind : std::uint8_t { integer, real, text, integers, reals };

struct AttributeSpec {
    std::string_view name;
    AttributeKind kind = AttributeKind::integer;
    bool required = false;
};

/// How many inputs or outputs; trailing optional ones may be absent or left out.
struct Arity {
    std::size_t least = 1;
    std::size_t most = 1;
};

/// "Any number of inputs or outputs".
inline constexpr std::size_t kMany = 1 << 20;
inline constexpr std::int64_t kNewestOpset = 23;

/// One variant of an operator: the same meaning in all opsets of a range.
struct OperatorSpec {
    std::string_view name;
    std::int64_t firstOpset = 1;
    std::int64_t lastOpset = kNewestOpset;
    Arity inputs;
    Arity outputs;
    std::vector<AttributeSpec> attributes;
    /// Sets type and shape of the outputs; false after reporting an error.
    bool (*shapeRule)(Inference&) = nullptr;
};

/// All variants, grouped by family.
const std::vector<OperatorSpec>& operatorTable();

/// The variant for an operator type of ONNX's own domain ("" or "ai.onnx"); null if there is none.
const OperatorSpec* findSpec(std::string_view type, std::string_view domain, std::int64_t opset);

/// Checks the operator (arity, attributes, shapes against each other) and sets type and shape of its outputs. Outputs
/// whose shape depends on inputs of unknown shape or on values that are not at hand stay without shape: that is no
/// error. False: an error was reported, naming operator, tensors and numbers; outputs may lack a shape.
bool inferShapes(Network& network, OperatorId id, Diagnostics& diagnostics);

}  // namespace millrace::model
