#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hardware/chip.h"
#include "support/diagnostics.h"
#include "support/yaml.h"

/// Amounts of data in chip files.
namespace millrace::hardware {

/// A plain number is in bits. With a unit: bit, B, and multiples of 1000 (kbit, Mbit, Gbit, Tbit, kB, MB, GB, TB) and
/// 1024 (Kibit, Mibit, Gibit, Tibit, KiB, MiB, GiB, TiB); the number may have a fraction if the result is whole. From 0
/// to 2^60 bits.
std::optional<std::int64_t> readBits(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics);

/// The same for each cycle; "/cycle" may follow the unit. From 1 to 2^40 bits.
std::optional<std::int64_t> readBandwidth(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics);

/// "K, 32" or [K, 32]: a name and a value, as nodes with their own places.
struct NamedValue {
    std::string name;
    yaml::Node value;
};
/// `form` shows in the message what is wanted ("'LOOP, n'").
std::optional<NamedValue> readNamedValue(const yaml::Node& node, std::string_view what, std::string_view form,
                                         Diagnostics& diagnostics);

/// "K, 32" or [K, 32]: a loop and how often it is unrolled, at least once.
std::optional<Unrolling> readUnrolling(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics);

/// Capitals, then digits: K, OX, D1.
bool isLoopName(std::string_view name);
/// D and a number.
bool isArrayDimensionName(std::string_view name);

}  // namespace millrace::hardware
