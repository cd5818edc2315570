#pragma once
#include <vector>

#include "model/exec/kernel.h"

namespace millrace::model::exec {

/// MatMul's rule: the last two axes are multiplied, the others are stretched to each other, a vector is a row (left) or
/// a column (right). Refused: shapes that do not fit, results beyond `kMaxValueElements`.
struct MatMulShape {
    MatMulShape(Shape a, Shape b);

    std::int64_t rows = 0, columns = 0, inner = 0;
    Shape result;
    /// Which matrix of the left and of the right input each matrix of the result is made of.
    std::vector<std::int64_t> leftOf, rightOf;

    std::int64_t batches() const { return static_cast<std::int64_t>(leftOf.size()); }
    /// One right-hand matrix, and as many left-hand ones as results: a single product of more rows.
    bool rightIsShared() const;
};

}  // namespace millrace::model::exec
