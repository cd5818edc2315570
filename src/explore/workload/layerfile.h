#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "explore/workload/workload.h"
#include "support/diagnostics.h"

/// Layers written by hand.
namespace millrace::workload {

/// Reads a layer file. It is a list of layers with `id` (ZigZag's and Stream's form), or a map from ids to layers.
/// Attributes of a layer: docs/workload.md. Lists and maps are both understood where either form is in use
/// (`loop_dims` + `loop_sizes`, or `loop_dim_size`; `padding` as a list beside `pr_loop_dims`, or as a map).
///
/// Layers stand after the layers that they read. A result that no layer reads is an output of the workload.
/// Adjacent dimensions G, K and G, C of an operand are one axis of its tensor, as in ONNX. Where a producer's output is
/// smaller than the range that its reader's indices run over and no padding is given, what is missing is padding:
/// ceil(missing / 2) at the beginning, as symmetric padding has it.
/// All mistakes of a file come out at once, with file, line and column. The result passes `verify`.
std::optional<Workload> readLayers(const std::string& path, Diagnostics& diagnostics);
/// As `readLayers`, from text; `file` is for messages.
std::optional<Workload> parseLayers(std::string_view text, const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::workload
