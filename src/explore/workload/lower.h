#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/workload/workload.h"
#include "model/network/network.h"
#include "support/diagnostics.h"

/// From a Network to a Workload.
namespace millrace::workload {

/// Widths are those of the peers: 8 bit weights and activations, 16 bit partial sums. The operator attributes
/// `weight_size`, `act_size` and `output_size` (partial sums; 2 x `act_size` if only that is given) override them for
/// one operator.
struct LowerOptions {
    int activationBits = 8;
    int weightBits = 8;
    int partialBits = 16;
    /// An activation (Relu, Clip, Sigmoid, ...) that is the only reader of a layer's result becomes part of that layer.
    bool fuseActivations = false;
    /// Quirks of peers to imitate, see compat.h.
    std::vector<std::string> compat;
};

/// Lowers all operators, in the network's order. Operators without a loop nest become host operators with a reason;
/// operators that only move data (Reshape, Transpose, Slice, Concat, Pad, ...) become sources; values that follow from
/// constants and shapes alone cost nothing. Biases are not read (as in the peers). The rules: docs/workload.md.
/// Empty, with an error for each, if operators contradict their tensors' shapes, a layer has 2^62 operations or more,
/// or an option is out of range. The result passes `verify`.
std::optional<Workload> lower(const model::Network& network, const LowerOptions& options, Diagnostics& diagnostics);

/// Is there a rule that makes layers of operators of this kind? Whether it can in one case also hangs on shapes.
bool isCosted(const model::Operator& op);

}  // namespace millrace::workload
