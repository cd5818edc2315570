#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/workload/lowering.h"

/// Sliding windows: what convolutions and poolings share.
namespace millrace::workload {

/// One spatial axis.
struct Window {
    std::int64_t input = 1;
    std::int64_t output = 1;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
    std::int64_t padBegin = 0;
};

/// Windows of an operator, outermost axis first. `kernel` are the window's sizes. An error on lists of wrong length or
/// values out of range.
std::optional<std::vector<Window>> readWindows(Lowering& lowering, const model::Operator& op, const Shape& input,
                                               const Shape& output, const std::vector<std::int64_t>& kernel);

/// "X", "Y" or "Z" for spatial axis `i` of `count`: the last axis is X.
std::string spatialLetter(std::size_t i, std::size_t count);

/// Adds OX, OY, (OZ) in this order; result: by axis, outermost first. OY is there even for one spatial axis.
std::vector<DimIndex> addOutputDims(Nest& nest, const std::vector<Window>& windows);

}  // namespace millrace::workload
