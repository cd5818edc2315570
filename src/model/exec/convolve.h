#pragma once
#include "model/exec/convwindow.h"

namespace millrace::model::exec {

/// A convolution in single precision. Each output is bias + the sum over channels and taps in row-major order, with
/// fused products. `bias` may be null.
void convolve(const Environment& environment, const ConvGeometry& geometry, const float* input, const float* weight,
              const float* bias, float* output);

/// The same for double, std::uint32_t or std::uint64_t, without bias and with two roundings a product; what lies in the
/// padding is zero. The output must hold zeros.
template <class T>
void convolvePlain(const Environment& environment, const ConvGeometry& geometry, const T* input, const T* weight,
                   T* output);

/// The transposed convolution, see `transposedGeometry`. `output` starts with the bias, or with zeros.
void convolveTransposed(const Environment& environment, const ConvGeometry& geometry, const float* input,
                        const float* weight, float* output);
void convolveTransposedPlain(const Environment& environment, const ConvGeometry& geometry, const double* input,
                             const double* weight, double* output);

}  // namespace millrace::model::exec
