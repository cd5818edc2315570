#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.h"

namespace millrace::targets::barvinn {

/// The text that the controller's memories are loaded from: one 32-bit word a line, eight hexadecimal digits in
/// capitals, the most significant first, and 00000000 as the last line.
std::string programText(std::span<const std::uint32_t> words);
/// Words of such a text, the last line among them. Empty lines and comments (// to the end of the line) are skipped. At
/// most `most` words.
std::optional<std::vector<std::uint32_t>> parseProgramText(std::string_view text, std::size_t most,
                                                           const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::targets::barvinn
