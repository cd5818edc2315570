#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/network/network.h"
#include "support/diagnostics.h"

/// Tensors in files of their own: numpy's and ONNX's.
namespace millrace::model::arrays {

/// Reads a file by the end of its name: .npy, .npz (with one array in it, or the one of the name given as
/// "FILE.npz:NAME") or .pb (a TensorProto). The tensor is a constant with values; its name is empty for .npy.
std::optional<Tensor> readArray(const std::string& path, Diagnostics& diagnostics);

/// All arrays of a file, by name: those of an .npz, or the one of another file.
std::optional<std::vector<Tensor>> readArrays(const std::string& path, Diagnostics& diagnostics);

/// A .npy file of format 1, 2 or 3: booleans, integers and reals of 1 to 8 bytes in either byte order, in C or Fortran
/// order. `file` is for messages.
std::optional<Tensor> parseNpy(std::string_view bytes, const std::string& file, Diagnostics& diagnostics);

/// An .npz file as numpy.savez writes it: a ZIP archive of .npy files that are not compressed.
std::optional<std::vector<Tensor>> parseNpz(std::string_view bytes, const std::string& file, Diagnostics& diagnostics);

/// A .npy file of format 1. bfloat16, which numpy does not know, is widened to float32. Nothing, with an error, for
/// texts and complex numbers, and for a constant without values.
std::optional<std::string> npyBytes(const Tensor& tensor, Diagnostics& diagnostics);

}  // namespace millrace::model::arrays
