#pragma once
#include <cstdint>

#include "model/exec/value.h"
#include "model/network/network.h"

/// Values for what a file leaves out.
namespace millrace::model::exec {

/// Fills the constants that have no values, in bodies too: reals evenly from [-sqrt(6 / n), sqrt(6 / n)), n being the
/// products that are summed for one result (so that signals neither die nor explode behind rectifiers), biases and
/// the like within 0.1 of 0, factors and variances of normalisations within 0.5 of 1, integers of 8 bits from their
/// whole range, others zero, booleans false, texts empty. Each tensor depends on the seed and its own name only. The
/// number of constants that were filled.
std::size_t fillMissing(Network& network, std::uint64_t seed);

/// A value for a graph input: reals evenly from [-1, 1), 8-bit integers from their range, others 0 or 1.
Value randomInput(const Tensor& tensor, std::uint64_t seed);

}  // namespace millrace::model::exec
