#pragma once
#include <string_view>
#include <vector>

#include "model/operators/known.h"

namespace millrace::model {

/// Element-wise operators of one or two inputs that are folded: Add, Sub, Mul, Div, Min, Max, Neg, Abs, Floor, Ceil,
/// Sqrt, Not, And, Or and comparisons.
bool isFoldableArithmetic(std::string_view type);

/// Fills `result`, whose type and shape are set. False if a value has no meaning (division by zero, overflow).
bool foldArithmetic(std::string_view type, const std::vector<Known>& inputs, Known& result);

bool fitsInt32(const Known& known);

}  // namespace millrace::model
