#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/workload/lowering.h"

/// Building blocks of element-wise layers and reductions.
namespace millrace::workload {

/// Loop names of a value of this rank: K; D K; B D K; B K OY OX; B K OZ OY OX; from 6 on B N1 N2 ... K.
std::vector<std::string> elementNames(std::size_t rank, const Compat& compat);

/// A layer that makes `shape` element by element out of one or two values, which broadcast as in ONNX. Of two, the one
/// with fewer elements is W, else the second.
Nest elementNest(const Lowering& lowering, const model::Operator& op, const std::string& name, const std::string& type,
                 const Shape& shape, const std::vector<Read>& values);

/// A layer that reduces the given axes. `keepAxes`: they stay, with size 1.
Nest reduceNest(const Lowering& lowering, const model::Operator& op, const std::string& name, const std::string& type,
                const Read& value, const std::set<std::size_t>& axes, bool keepAxes);

/// The shape after reducing, the axes kept with size 1.
Shape reducedShape(const Shape& shape, const std::set<std::size_t>& axes);

/// ONNX's broadcast of two shapes; empty if they do not fit.
std::optional<Shape> broadcastShape(const Shape& a, const Shape& b);

}  // namespace millrace::workload
