#pragma once
#include "model/network/network.h"

namespace millrace::model {

/// At most this many elements are computed by `foldOperator`.
inline constexpr std::int64_t kMaxFoldedElements = 4096;

/// Shape arithmetic: if the operator, whose shapes are inferred, gives values that are known now (Shape of anything;
/// Gather, Slice, Concat, Cast, Add, ... of known small integers), its outputs become constants. True if they did; the
/// operator can then be removed. Real values are folded only where they come from folded ones or from integers
/// (`derived` tells which tensors were folded), in the arithmetic of their type; weights stay as they are.
bool foldOperator(Network& network, const Operator& op, const Table<TensorId, char>& derived);

}  // namespace millrace::model
