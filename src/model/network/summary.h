#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/network/network.h"

namespace millrace::model {

/// Operators of one type.
struct TypeCount {
    std::string type;
    std::string domain;  ///< "" is ONNX's own
    std::int64_t count = 0;
    std::int64_t known = 0;       ///< of them, those that Millrace has a rule for
    std::int64_t parameters = 0;  ///< elements of the constants that they read first
    bool operator==(const TypeCount&) const = default;
};

/// What a network is made of. Sums beyond 63 bits stand at their largest value.
struct Summary {
    std::vector<TypeCount> types;  ///< most frequent first, then by name

    std::int64_t constants = 0;  ///< tensors
    std::int64_t constantElements = 0;
    std::int64_t constantBytes = 0;  ///< by type and shape, whether their values are at hand or not
    std::int64_t constantsWithoutValues = 0;
    std::int64_t bytesWithoutValues = 0;

    /// The most bytes of graph inputs and results of operators that exist at a time if operators run one by one in the
    /// network's order: from before their producer to after their last reader, or the end for outputs of the graph.
    std::int64_t peakActivationBytes = 0;
    OperatorId peakAt;                    ///< while it runs; invalid if there are no operators
    std::int64_t unsizedActivations = 0;  ///< tensors without a shape (or of strings), which count as nothing
};

Summary summarize(const Network& network);

/// Bytes of the tensor; nothing if its shape is not known or its type has no size.
std::optional<std::int64_t> byteSize(const Tensor& tensor);

/// a + b of numbers that are not negative, at most the largest.
std::int64_t boundedSum(std::int64_t a, std::int64_t b);

}  // namespace millrace::model
