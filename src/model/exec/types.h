#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>

#include "model/network/network.h"

/// C++ types of ONNX's element types, and how to get from the one to the other.
namespace millrace::model::exec {

/// IEEE 754 binary16. Arithmetic is done in float; the way back rounds to nearest, ties to even.
struct Float16 {
    std::uint16_t bits = 0;

    Float16() = default;
    explicit Float16(float value);
    /// One rounding, straight from the double.
    explicit Float16(double value);
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    explicit Float16(T value) : Float16(static_cast<double>(value)) {}
    operator float() const;
    static Float16 ofBits(std::uint16_t bits) {
        Float16 result;
        result.bits = bits;
        return result;
    }
};

/// The upper half of a float. Arithmetic is done in float; the way back rounds to nearest, ties to even.
struct BFloat16 {
    std::uint16_t bits = 0;

    BFloat16() = default;
    explicit BFloat16(float value);
    explicit BFloat16(double value);
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    explicit BFloat16(T value) : BFloat16(static_cast<double>(value)) {}
    operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
    static BFloat16 ofBits(std::uint16_t bits) {
        BFloat16 result;
        result.bits = bits;
        return result;
    }
};

template <class T>
inline constexpr bool isHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
/// float, double or one of the 16-bit formats.
template <class T>
inline constexpr bool isReal = std::is_floating_point_v<T> || isHalf<T>;

/// The type in which arithmetic on T is done: float for the 16-bit formats, else T.
template <class T>
using Wide = std::conditional_t<isHalf<T>, float, T>;

template <class T>
constexpr DataType typeOf() {
    if constexpr (std::is_same_v<T, float>) return DataType::float32;
    if constexpr (std::is_same_v<T, double>) return DataType::float64;
    if constexpr (std::is_same_v<T, Float16>) return DataType::float16;
    if constexpr (std::is_same_v<T, BFloat16>) return DataType::bfloat16;
    if constexpr (std::is_same_v<T, std::int8_t>) return DataType::int8;
    if constexpr (std::is_same_v<T, std::int16_t>) return DataType::int16;
    if constexpr (std::is_same_v<T, std::int32_t>) return DataType::int32;
    if constexpr (std::is_same_v<T, std::int64_t>) return DataType::int64;
    if constexpr (std::is_same_v<T, std::uint8_t>) return DataType::uint8;
    if constexpr (std::is_same_v<T, std::uint16_t>) return DataType::uint16;
    if constexpr (std::is_same_v<T, std::uint32_t>) return DataType::uint32;
    if constexpr (std::is_same_v<T, std::uint64_t>) return DataType::uint64;
    if constexpr (std::is_same_v<T, bool>) return DataType::boolean;
    if constexpr (std::is_same_v<T, std::string>) return DataType::string;
    return DataType::undefined;
}

/// A list of C++ types.
template <class... Ts>
struct Types {};

using Floats = Types<float, double, Float16, BFloat16>;
using Integers = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                       std::uint32_t, std::uint64_t>;
using Numbers = Types<float, double, Float16, BFloat16, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                      std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
/// Numbers and bool: all that have a fixed size. Strings are not among them.
using All = Types<float, double, Float16, BFloat16, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t, bool>;

/// Calls `f.template operator()<T>()` for the T of `Ts` whose element type is `type`; false if there is none. With a
/// lambda: `dispatch<float, double>(type, [&]<class T>() { ... })`.
template <class... Ts, class F>
bool dispatch(DataType type, F&& f) {
    return ((type == typeOf<Ts>() && (f.template operator()<Ts>(), true)) || ...);
}

/// As above, for a named list: `dispatch(Floats{}, type, [&]<class T>() { ... })`.
template <class... Ts, class F>
bool dispatch(Types<Ts...>, DataType type, F&& f) {
    return dispatch<Ts...>(type, static_cast<F&&>(f));
}

}  // namespace millrace::model::exec
