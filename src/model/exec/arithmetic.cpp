#include <cmath>
#include <limits>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Integers wrap, without the undefined behaviour of signed overflow.
template <class T>
using Wrapping = std::make_unsigned_t<std::conditional_t<sizeof(T) < sizeof(int), int, T>>;

struct AddOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
        else
            return a + b;
    }
};
struct SubOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
        else
            return a - b;
    }
};
struct MulOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
        else
            return a * b;
    }
};
struct DivOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            if (b == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (b == -1) return SubOf::of(T{0}, a);
            }
            return static_cast<T>(a / b);
        } else {
            return a / b;
        }
    }
};

template <class F>
void arithmetic(Call& call) {
    dispatchOrRefuse(call, Numbers{}, commonType(call),
                     [&]<class T>() { mapBinary<T, T>(call, [](auto a, auto b) { return F::of(a, b); }); });
}

const KernelEntry kTable[] = {
    {"", "Add", 7, kNewest, arithmetic<AddOf>},
    {"", "Sub", 7, kNewest, arithmetic<SubOf>},
    {"", "Mul", 7, kNewest, arithmetic<MulOf>},
    {"", "Div", 7, kNewest, arithmetic<DivOf>},
};

}  // namespace

std::span<const KernelEntry> arithmeticKernels() { return kTable; }

}  // namespace millrace::model::exec
