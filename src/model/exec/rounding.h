#pragma once
#include <cmath>
#include <limits>

namespace millrace::model::exec {

/// To the nearest integer, ties to even, whatever the floating-point environment.
template <class T>
T roundEven(T x) {
    const T below = std::floor(x);
    const T rest = x - below;
    if (rest < T(0.5)) return below;
    if (rest > T(0.5)) return below + T(1);
    if (rest != T(0.5)) return x;  // not finite
    return std::fmod(below, T(2)) == T(0) ? below : below + T(1);
}

/// A whole number brought into the range of T. Not a number becomes the least.
template <class T>
T saturated(double whole) {
    if (whole >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    if (whole > static_cast<double>(std::numeric_limits<T>::min())) return static_cast<T>(whole);
    return std::numeric_limits<T>::min();
}

}  // namespace millrace::model::exec
