#pragma once
#include <cstdint>
#include <vector>

#include "model/exec/kernel.h"
#include "model/exec/strides.h"

/// Moving elements about, whatever their type.
namespace millrace::model::exec {

/// Calls `f(const T* from, T* to)` with T a type as wide as the elements of both (or std::string).
template <class F>
void moveElements(const Value& from, Value& to, F&& f) {
    if (from.type() == DataType::string) return f(from.strings().data(), to.writeStrings().data());
    const std::byte* x = from.bytes().data();
    std::byte* y = to.writeBytes().data();
    switch (bitWidth(from.type())) {
        case 8: return f(reinterpret_cast<const std::uint8_t*>(x), reinterpret_cast<std::uint8_t*>(y));
        case 16: return f(reinterpret_cast<const std::uint16_t*>(x), reinterpret_cast<std::uint16_t*>(y));
        case 32: return f(reinterpret_cast<const std::uint32_t*>(x), reinterpret_cast<std::uint32_t*>(y));
        case 64: return f(reinterpret_cast<const std::uint64_t*>(x), reinterpret_cast<std::uint64_t*>(y));
        default: throw Refused{"elements of this type are not moved"};
    }
}

/// Element [i0, i1, ...] of the result is the one at `first` + sum of i * strides[.] of the input.
Value gatherStrided(const Environment& environment, const Value& input, Shape shape, std::int64_t first,
                    std::vector<std::int64_t> strides);

/// Output axis i is input axis perm[i].
Value transposed(const Environment& environment, const Value& input, const std::vector<std::size_t>& perm);

/// Values of one type, joined along an axis. Refused if their shapes differ elsewhere.
Value concatenated(const std::vector<const Value*>& parts, std::size_t axis);

/// The part [begin, begin + size) along an axis.
Value part(const Value& input, std::size_t axis, std::int64_t begin, std::int64_t size);

}  // namespace millrace::model::exec
