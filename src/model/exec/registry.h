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
std::span<const KernelEntry> logicKernels();
std::span<const KernelEntry> unaryKernels();
std::span<const KernelEntry> activationKernels();
std::span<const KernelEntry> softmaxKernels();
std::span<const KernelEntry> castKernels();
std::span<const KernelEntry> reduceKernels();
std::span<const KernelEntry> orderKernels();
std::span<const KernelEntry> layoutKernels();
std::span<const KernelEntry> joinKernels();
std::span<const KernelEntry> gatherKernels();
std::span<const KernelEntry> fillKernels();
std::span<const KernelEntry> randomKernels();
std::span<const KernelEntry> controlKernels();
std::span<const KernelEntry> lossKernels();
std::span<const KernelEntry> sequenceKernels();

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
