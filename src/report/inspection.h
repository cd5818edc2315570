#pragma once
#include <string>

#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "model/network/summary.h"
#include "model/onnx/facts.h"

/// What is in a file, for people and scripts (docs/models.md).
namespace millrace::report {

/// A model, with what was found out about it.
struct ModelInspection {
    const model::FileFacts& facts;
    const model::Network& network;
    const model::Summary& summary;       ///< of `network`
    const workload::Workload& workload;  ///< of `network`
};

/// Header, inputs and outputs, operators by type, parameters, work, and memory of activations. At most 100 columns.
std::string inspectionText(const ModelInspection& model);
/// Every operator and every tensor, a line each; names stand whole.
std::string nodesText(const model::Network& network);
/// The same, schema "millrace.inspect/1"; with `nodes` all operators and tensors too.
std::string inspectionJson(const ModelInspection& model, bool nodes);

/// Cores with their arrays, memories and operator types, and the links between them. At most 100 columns.
std::string chipText(const hardware::Chip& chip);
std::string chipJson(const hardware::Chip& chip);

}  // namespace millrace::report
