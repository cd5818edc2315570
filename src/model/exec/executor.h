#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/exec/value.h"
#include "model/network/network.h"
#include "support/diagnostics.h"

/// The reference execution of Networks: the front door of this room.
namespace millrace::model::exec {

struct RunOptions {
    int threads = 1;
    /// Of random operators (RandomNormal, Dropout while training, ...); without one they refuse.
    std::optional<std::uint64_t> seed;
    /// Keep every tensor, not only outputs.
    bool everyTensor = false;
    /// Called with each tensor as it comes into being: graph inputs, constants that are read, results. Not for tensors
    /// inside of bodies.
    std::function<void(TensorId, const Value&)> observe;
    /// Bound on the iterations of all Loops and Scans together.
    std::int64_t maxIterations = 1'000'000;
};

struct RunResult {
    std::vector<Value> outputs;  ///< as `network.outputs`
    /// With `everyTensor`: all tensors of the network; otherwise empty.
    Table<TensorId, Value> tensors;
};

/// Executes a network that passes `verify`. `inputs` are as `network.inputs`, of the type and shape that the network
/// says where it says one. The result is the same for any number of threads. Nothing, with one error, if an input does
/// not fit, a constant has no values, an operator has no kernel, or a kernel refuses; the error names operator and
/// tensors.
std::optional<RunResult> run(const Network& network, std::vector<Value> inputs, const RunOptions& options,
                             Diagnostics& diagnostics);

/// The values of a constant tensor, viewed where they lie: the tensor must outlive the result. Absent if the values are
/// not at hand.
Value constantValue(const Tensor& tensor);

}  // namespace millrace::model::exec
