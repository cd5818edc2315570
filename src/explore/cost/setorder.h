#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The order in which ZigZag walks its sets of names: that of a Python set of objects with a fixed hash
/// (zigzag.md 3.5). It decides how loops stand inside of a memory level and which of equal unrollings comes first.
namespace millrace::cost {

enum class SetKind : std::uint8_t { arrayDimension, loopDimension };

/// SHA-512 of the pickled name, xor that of the pickled class, mod 2^61 - 1.
std::int64_t setHash(SetKind kind, std::string_view name);

/// Positions into `names` in the order of a Python set to which they were added one after the other. Repeated names
/// count once.
std::vector<std::size_t> setOrder(SetKind kind, const std::vector<std::string>& names);

}  // namespace millrace::cost
