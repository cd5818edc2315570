#include "model/exec/functions.h"

#include <bit>

#include "model/exec/clones.h"

namespace millrace::model::exec {

namespace {

/// exp by 2^k * exp(r), |r| <= ln 2 / 2, and Taylor's series: 1e-15 of the value for |x| <= 150; beyond that as there,
/// which a float cannot tell from 0 and infinity.
[[gnu::always_inline]] inline double expOf(double x) {
    x = x < -150.0 ? -150.0 : x;
    x = x > 150.0 ? 150.0 : x;
    constexpr double kShift = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep0 + kShift;
    const double k = shifted - kShift;
    const double r = (x - k * 0x1.62e42fefa3800p-1) - k * 0x1.ef35793c76730p-45;
    double p = 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    return p * std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + 1023U) << 52);
}

[[gnu::always_inline]] inline double tanhOf(double x) {
    const double wide = 1.0 - 2.0 / (expOf(2.0 * x) + 1.0);
    const double near = x - x * x * x * (1.0 / 3.0);
    return x > -1e-4 && x < 1e-4 ? near : wide;
}

/// exp(z * z) * erfc(z) for z in [0, 6] as a Chebyshev series in t, z = 2 (1 + t) / (1 - t); fitted to 1e-13.
[[gnu::always_inline]] inline double scaledErfc(double z) {
    constexpr double kSeries[] = {0.46265106170153764,    -0.4459445905375998,     0.08392244563181497,
                                  -0.007759453734814631,  -0.00018808276153452978, 9.372091062091284e-05,
                                  2.9834941708149915e-06, -1.4110545973642115e-06, -1.284277775114183e-07,
                                  1.8280459898909225e-08, 4.359031111375897e-09,   4.989438491994254e-11,
                                  -9.753235873254261e-11, -1.4150532597530702e-11};
    const double t = (z - 2.0) / (z + 2.0);
    const double u = (t + 0.25) / 0.75;
    double next = 0;
    double later = 0;
#pragma GCC unroll 16
    for (int i = 13; i > 0; --i) {
        const double now = 2.0 * u * next - later + kSeries[i];
        later = next;
        next = now;
    }
    return u * next - later + kSeries[0];
}

[[gnu::always_inline]] inline double erfOf(double x) {
    const double size = x < 0 ? -x : x;
    const double z = size > 6.0 ? 6.0 : size;
    const double wide = 1.0 - expOf(-z * z) * scaledErfc(z);
    const double s = x * x;
    const double near =
        size * 1.1283791670955126 *
        (1.0 - s * (1.0 / 3.0 - s * (1.0 / 10.0 - s * (1.0 / 42.0 - s * (1.0 / 216.0 - s * (1.0 / 1320.0))))));
    const double result = size < 0.15 ? near : wide;
    return x < 0 ? -result : result;
}

}  // namespace

MILLRACE_CLONES void expArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(expOf(static_cast<double>(x[i])));
}

MILLRACE_CLONES void sigmoidArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        y[i] = static_cast<float>(1.0 / (1.0 + expOf(-static_cast<double>(x[i]))));
    }
}

MILLRACE_CLONES void tanhArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(tanhOf(static_cast<double>(x[i])));
}

MILLRACE_CLONES void erfArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(erfOf(static_cast<double>(x[i])));
}

MILLRACE_CLONES void swishArray(const float* x, float* y, std::int64_t count, double alpha) {
    for (std::int64_t i = 0; i < count; ++i) {
        const auto wide = static_cast<double>(x[i]);
        y[i] = static_cast<float>(wide / (1.0 + expOf(-alpha * wide)));
    }
}

MILLRACE_CLONES void geluArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const auto wide = static_cast<double>(x[i]);
        y[i] = static_cast<float>(0.5 * wide * (1.0 + erfOf(wide * 0.70710678118654752)));
    }
}

MILLRACE_CLONES void geluTanhArray(const float* x, float* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const auto wide = static_cast<double>(x[i]);
        const double inner = 0.79788456080286536 * (wide + 0.044715 * wide * wide * wide);
        y[i] = static_cast<float>(0.5 * wide * (1.0 + tanhOf(inner)));
    }
}

}  // namespace millrace::model::exec
