#pragma once
#include <optional>
#include <string>

#include "support/diagnostics.h"

namespace millrace::cli {

/// Path of a file that comes with Millrace ("models/..."). Looked for in the folders above the program, each as it is
/// (a source tree that was built) and in its share/millrace (an installation), then in the working directory. An error
/// if it is in none; `option` is what names another file instead.
std::optional<std::string> findShipped(const std::string& path, const std::string& option, Diagnostics& diagnostics);

}  // namespace millrace::cli
