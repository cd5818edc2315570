#pragma once
#include <optional>
#include <string>

#include "model/network/network.h"
#include "onnx.pb.h"
#include "support/diagnostics.h"

namespace millrace::model {

/// TensorProto.DataLocation: values lie in another file.
inline constexpr int kExternalLocation = 1;

/// Where a model file lies, for messages and external data.
struct ModelPlace {
    std::string file;
    Diagnostics& diagnostics;
};

/// Type, shape and values of a tensor of the file; the name is left to the caller, `label` is for messages. Values that
/// lie outside of the file are read if they can be found. Nothing after an error.
std::optional<Tensor> readTensor(const onnx::TensorProto& proto, const std::string& label, const ModelPlace& place);

/// The file that an external tensor names, relative to the model's folder; empty if the tensor is not external.
std::string externalLocation(const onnx::TensorProto& proto);

/// A sparse tensor: type and shape, without values.
std::optional<Tensor> readSparseTensor(const onnx::SparseTensorProto& proto, const std::string& label,
                                       const ModelPlace& place);

/// The element type of that number, or an error.
std::optional<DataType> readDataType(std::int64_t number, const std::string& label, const ModelPlace& place);

}  // namespace millrace::model
