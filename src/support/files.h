#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/diagnostics.h"

namespace millrace {

/// Whole content of a file. Missing, a directory or unreadable: an error that names the path and why. At most `limit`
/// bytes.
std::optional<std::string> readFile(const std::string& path, Diagnostics& diagnostics,
                                    std::int64_t limit = std::int64_t{1} << 31);

/// Writes beside the target and renames, so that nobody ever sees half a file. Creates missing parent folders.
bool writeFile(const std::string& path, std::string_view content, Diagnostics& diagnostics);

/// Several files (path and content) that belong together: all are written beside their targets before the first is
/// renamed. If one cannot be written, nothing is changed.
bool writeFiles(const std::vector<std::pair<std::string, std::string_view>>& files, Diagnostics& diagnostics);

}  // namespace millrace
