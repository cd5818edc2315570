#pragma once
#include <cstdint>
#include <span>

/// Functions of float32 that networks spend time in: computed in double and rounded once, in loops without branches, so
/// that they are fast and the same on every machine. Within one unit in the last place of the exact value.
namespace millrace::model::exec {

/// y[i] = f(x[i]); x and y may be the same. As many y as x.
using ArrayFunction = void (*)(const float* x, float* y, std::int64_t count);
void expArray(const float* x, float* y, std::int64_t count);
void sigmoidArray(const float* x, float* y, std::int64_t count);
void tanhArray(const float* x, float* y, std::int64_t count);
void erfArray(const float* x, float* y, std::int64_t count);
/// x * sigmoid(alpha * x)
void swishArray(const float* x, float* y, std::int64_t count, double alpha);
/// x / 2 * (1 + erf(x / sqrt 2))
void geluArray(const float* x, float* y, std::int64_t count);
/// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
void geluTanhArray(const float* x, float* y, std::int64_t count);

}  // namespace millrace::model::exec
