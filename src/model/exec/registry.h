#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "model/exec/kernel.h"

/// Which operators are executed.
namespace millrace::model::exec {

/// The kernel for an operator of that type at that opset of its domain ("" is ONNX's own), or null.
Kernel findKernel(std::string_view domain, std::string_view type, std::int64_t version);

/// All entries, sorted by domain, type and opset.
const std::vector<KernelEntry>& kernelTable();

/// Rows of the table, a function per family.
std::span<const KernelEntry> arithmeticKernels();

std::span<const KernelEntry> convolutionKernels();
std::span<const KernelEntry> matrixKernels();
std::span<const KernelEntry> poolingKernels();
std::span<const KernelEntry> regionKernels();
std::span<const KernelEntry> normalizationKernels();
std::span<const KernelEntry> resizeKernels();
std::span<const KernelEntry> quantizeKernels();
std::span<const KernelEntry> integerKernels();
std::span<const KernelEntry> recurrentKernels();
std::span<const KernelEntry> einsumKernels();
std::span<const KernelEntry> samplingKernels();
std::span<const KernelEntry> signalKernels();

}  // namespace millrace::model::exec
