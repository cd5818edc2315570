#include <cmath>
#include <limits>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Integers wrap, without the undefined behaviour of signed overflow.
template <class T>
using Wrapping = std::make_unsigned_t<std::conditional_t<sizeof(T) < sizeof(int), int, T>>;

template <class T>
Wrapping<T> wrapping(T value) {
    return static_cast<Wrapping<T>>(value);
}

struct AddOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            return static_cast<T>(wrapping(a) + wrapping(b));
        } else {
            return a + b;
        }
    }
};

struct SubOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            return static_cast<T>(wrapping(a) - wrapping(b));
        } else {
            return a - b;
        }
    }
};

struct MulOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            return static_cast<T>(wrapping(a) * wrapping(b));
        } else {
            return a * b;
        }
    }
};

/// Integers: towards zero; by zero gives zero.
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

/// The sign of the divisor; by zero gives zero.
struct ModOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            if (b == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (b == -1) return 0;
                const T rest = static_cast<T>(a % b);
                return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
            } else {
                return static_cast<T>(a % b);
            }
        } else {
            const T rest = std::fmod(a, b);
            return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
        }
    }
};

/// The sign of the dividend; by zero gives zero for integers.
struct FmodOf {
    template <class T>
    static T of(T a, T b) {
        if constexpr (std::is_integral_v<T>) {
            if (b == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (b == -1) return 0;
            }
            return static_cast<T>(a % b);
        } else {
            return std::fmod(a, b);
        }
    }
};

/// A NaN on either side comes through.
struct MinOf {
    template <class T>
    static T of(T a, T b) {
        return a < b || a != a ? a : b;
    }
};

struct MaxOf {
    template <class T>
    static T of(T a, T b) {
        return a > b || a != a ? a : b;
    }
};

template <class F>
void arithmetic(Call& call) {
    dispatchOrRefuse(call, Numbers{}, commonType(call),
                     [&]<class T>() { mapBinary<T, T>(call, [](auto a, auto b) { return F::of(a, b); }); });
}

void mod(Call& call) { call.op.integer("fmod", 0) != 0 ? arithmetic<FmodOf>(call) : arithmetic<ModOf>(call); }

template <class F>
Value folded(Call& call) {
    Value result = call.in(0);
    for (std::size_t i = 1; i < call.inputs.size(); ++i) {
        const Value& next = call.in(i);
        if (next.type() != result.type()) throw Refused{"the inputs are of different types"};
        dispatchOrRefuse(call, Numbers{}, result.type(), [&]<class T>() {
            result = zip<T, T>(call.environment, result, next, [](auto a, auto b) { return F::of(a, b); });
        });
    }
    return result;
}

template <class F>
void variadic(Call& call) {
    if (call.outputs.empty()) throw Refused{"it has no output"};
    call.outputs[0] = folded<F>(call);
}

void mean(Call& call) {
    const Value sum = folded<AddOf>(call);
    const auto count = static_cast<double>(call.inputs.size());
    dispatchOrRefuse(call, Floats{}, sum.type(), [&]<class T>() {
        mapUnary<T, T>(call, sum, [count](auto x) { return x / static_cast<decltype(x)>(count); });
    });
}

/// Integers by squaring, wrapping; with a negative exponent as reals, towards zero.
template <class T, class E>
T powerOf(T base, E exponent) {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
        if (exponent < 0) {
            if (base == 1) return 1;
            if (std::is_signed_v<T> && base + 1 == 0) return exponent % 2 == 0 ? T{1} : base;
            return 0;
        }
        T result = 1;
        for (auto rest = static_cast<std::uint64_t>(exponent); rest > 0; rest >>= 1) {
            if ((rest & 1U) != 0) result = MulOf::of(result, base);
            base = MulOf::of(base, base);
        }
        return result;
    } else if constexpr (std::is_integral_v<T>) {
        const double real = std::pow(static_cast<double>(base), static_cast<double>(exponent));
        const bool fits = real > -0x1.0p63 && real < 0x1.0p63;
        return fits ? static_cast<T>(static_cast<std::int64_t>(real)) : T{0};
    } else {
        if (exponent == E{2}) return base * base;
        return static_cast<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    }
}

/// The elements as doubles, or as integers (those beyond an int64 as the largest one).
template <class E>
std::vector<E> exponents(const Call& call, const Value& value) {
    std::vector<E> result;
    dispatchOrRefuse(call, Numbers{}, value.type(), [&]<class T>() {
        for (const T x : value.read<T>()) {
            if constexpr (std::is_same_v<T, std::uint64_t> && std::is_same_v<E, std::int64_t>) {
                result.push_back(static_cast<E>(std::min<T>(x, std::numeric_limits<E>::max())));
            } else if constexpr (isReal<T> == isReal<E>) {
                result.push_back(static_cast<E>(static_cast<Wide<T>>(x)));
            }
        }
    });
    return result;
}

template <class E>
void powerBy(Call& call, const std::vector<E>& exponent) {
    const Value& base = call.in(0);
    const std::array<const Shape*, 2> shapes{&base.shape(), &call.in(1).shape()};
    const BroadcastPlan plan(shapes);
    Value& result = call.result(base.type(), plan.shape);
    dispatchOrRefuse(call, Numbers{}, base.type(), [&]<class T>() {
        const T* a = base.read<T>().data();
        T* y = result.write<T>().data();
        const auto row = [&](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
            for (std::int64_t i = 0; i < count; ++i) {
                const auto x = static_cast<Wide<T>>(a[offsets[0] + i * plan.rowStride(0)]);
                const E e = exponent[static_cast<std::size_t>(offsets[1] + i * plan.rowStride(1))];
                y[at + i] = static_cast<T>(powerOf(x, e));
            }
        };
        parallelFor(call.environment, plan.elements(), kElementGrain,
                    [&](std::int64_t begin, std::int64_t end) { walkRows(plan, begin, end, row); });
    });
}

void power(Call& call) {
    const Value& exponent = call.in(1);
    const bool real = dispatch(Floats{}, exponent.type(), []<class T>() {});
    if (real) return powerBy(call, exponents<double>(call, exponent));
    powerBy(call, exponents<std::int64_t>(call, exponent));
}

using Unsigned = Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;

void bitShift(Call& call) {
    const std::string direction = call.op.text("direction", "");
    if (direction != "LEFT" && direction != "RIGHT") {
        throw Refused{"attribute 'direction' is '" + direction + "', not LEFT or RIGHT"};
    }
    const bool left = direction == "LEFT";
    dispatchOrRefuse(call, Unsigned{}, commonType(call), [&]<class T>() {
        mapBinary<T, T>(call, [left](T a, T b) {
            if (b >= sizeof(T) * 8) return T{0};
            return static_cast<T>(left ? static_cast<std::uint64_t>(a) << b : a >> b);
        });
    });
}

struct AndOf {
    template <class T>
    static T of(T a, T b) {
        return static_cast<T>(a & b);
    }
};
struct OrOf {
    template <class T>
    static T of(T a, T b) {
        return static_cast<T>(a | b);
    }
};
struct XorOf {
    template <class T>
    static T of(T a, T b) {
        return static_cast<T>(a ^ b);
    }
};

template <class F>
void bitwise(Call& call) {
    dispatchOrRefuse(call, Integers{}, commonType(call),
                     [&]<class T>() { mapBinary<T, T>(call, [](T a, T b) { return F::of(a, b); }); });
}

void bitwiseNot(Call& call) {
    dispatchOrRefuse(call, Integers{}, call.in(0).type(),
                     [&]<class T>() { mapUnary<T, T>(call, call.in(0), [](T a) { return static_cast<T>(~a); }); });
}

const KernelEntry kTable[] = {
    {"", "Add", 7, kNewest, arithmetic<AddOf>},
    {"", "Sub", 7, kNewest, arithmetic<SubOf>},
    {"", "Mul", 7, kNewest, arithmetic<MulOf>},
    {"", "Div", 7, kNewest, arithmetic<DivOf>},
    {"", "Mod", 10, kNewest, mod},
    {"", "Pow", 7, kNewest, power},
    {"", "Min", 6, kNewest, variadic<MinOf>},
    {"", "Max", 6, kNewest, variadic<MaxOf>},
    {"", "Sum", 6, kNewest, variadic<AddOf>},
    {"", "Mean", 6, kNewest, mean},
    {"", "BitShift", 11, kNewest, bitShift},
    {"", "BitwiseAnd", 18, kNewest, bitwise<AndOf>},
    {"", "BitwiseOr", 18, kNewest, bitwise<OrOf>},
    {"", "BitwiseXor", 18, kNewest, bitwise<XorOf>},
    {"", "BitwiseNot", 18, kNewest, bitwiseNot},
};

}  // namespace

std::span<const KernelEntry> arithmeticKernels() { return kTable; }

}  // namespace millrace::model::exec
