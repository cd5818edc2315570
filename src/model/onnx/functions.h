#pragma once
#include "model/onnx/tensors.h"
#include "onnx.pb.h"

namespace millrace::model {

/// Replaces each node that calls one of the model's own functions by the nodes of the function, under names of their
/// own, in inner graphs too, until no call is left. False, with an error, for functions that call themselves, for calls
/// with too many inputs or outputs, and for what would become more than a million nodes.
bool inlineFunctions(onnx::ModelProto& model, const ModelPlace& place);

}  // namespace millrace::model
