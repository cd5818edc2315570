#include <cmath>

#include "model/exec/elementwise.h"
#include "model/exec/functions.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Functions of reals, computed in double and rounded once.
template <double (*f)(double)>
void real(Call& call) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [](auto x) { return f(static_cast<double>(x)); });
    });
}

/// As `real`, and a fast loop for float32.
template <ArrayFunction fast, double (*f)(double)>
void fastReal(Call& call) {
    const Value& input = call.in(0);
    if (input.type() != DataType::float32) return real<f>(call);
    const float* x = input.read<float>().data();
    float* y = call.result(DataType::float32, input.shape()).write<float>().data();
    parallelFor(call.environment, input.elements(), kElementGrain / 4,
                [=](std::int64_t begin, std::int64_t end) { fast(x + begin, y + begin, end - begin); });
}

double sigmoidOf(double x) { return 1.0 / (1.0 + std::exp(-x)); }
/// Ties go to the even neighbour: the default rounding, which nobody changes.
double roundOf(double x) { return std::nearbyint(x); }

void square(Call& call) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(),
                     [&]<class T>() { mapUnary<T, T>(call, call.in(0), [](auto x) { return std::sqrt(x); }); });
}

void reciprocal(Call& call) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(),
                     [&]<class T>() { mapUnary<T, T>(call, call.in(0), [](auto x) { return decltype(x){1} / x; }); });
}

void absolute(Call& call) {
    dispatchOrRefuse(call, Numbers{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [](auto x) {
            if constexpr (std::is_floating_point_v<decltype(x)>) {
                return std::fabs(x);
            } else if constexpr (std::is_unsigned_v<decltype(x)>) {
                return x;
            } else {
                return static_cast<decltype(x)>(x < 0 ? 0U - static_cast<std::uint64_t>(x)
                                                      : static_cast<std::uint64_t>(x));
            }
        });
    });
}

void negative(Call& call) {
    dispatchOrRefuse(call, Numbers{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [](auto x) {
            if constexpr (std::is_floating_point_v<decltype(x)>) {
                return -x;
            } else {
                return static_cast<decltype(x)>(0U - static_cast<std::uint64_t>(x));
            }
        });
    });
}

void sign(Call& call) {
    dispatchOrRefuse(call, Numbers{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [](auto x) {
            using W = decltype(x);
            if constexpr (std::is_unsigned_v<W>) {
                return static_cast<W>(x > 0);
            } else {
                return x != x ? x : static_cast<W>(static_cast<int>(x > 0) - static_cast<int>(x < 0));
            }
        });
    });
}

const KernelEntry kTable[] = {
    {"", "Abs", 6, kNewest, absolute},
    {"", "Neg", 6, kNewest, negative},
    {"", "Sign", 9, kNewest, sign},
    {"", "Sqrt", 6, kNewest, square},
    {"", "Reciprocal", 6, kNewest, reciprocal},
    {"", "Ceil", 6, kNewest, real<std::ceil>},
    {"", "Floor", 6, kNewest, real<std::floor>},
    {"", "Round", 11, kNewest, real<roundOf>},
    {"", "Log", 6, kNewest, real<std::log>},
    {"", "Sin", 7, kNewest, real<std::sin>},
    {"", "Cos", 7, kNewest, real<std::cos>},
    {"", "Tan", 7, kNewest, real<std::tan>},
    {"", "Asin", 7, kNewest, real<std::asin>},
    {"", "Acos", 7, kNewest, real<std::acos>},
    {"", "Atan", 7, kNewest, real<std::atan>},
    {"", "Sinh", 9, kNewest, real<std::sinh>},
    {"", "Cosh", 9, kNewest, real<std::cosh>},
    {"", "Asinh", 9, kNewest, real<std::asinh>},
    {"", "Acosh", 9, kNewest, real<std::acosh>},
    {"", "Atanh", 9, kNewest, real<std::atanh>},
    {"", "Exp", 6, kNewest, fastReal<expArray, std::exp>},
    {"", "Tanh", 6, kNewest, fastReal<tanhArray, std::tanh>},
    {"", "Sigmoid", 6, kNewest, fastReal<sigmoidArray, sigmoidOf>},
    {"", "Erf", 9, kNewest, fastReal<erfArray, std::erf>},
};

}  // namespace

std::span<const KernelEntry> unaryKernels() { return kTable; }

}  // namespace millrace::model::exec
