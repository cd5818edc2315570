#include "cli/shipped.h"

#include <fmt/format.h>

#include <filesystem>

namespace millrace::cli {

std::optional<std::string> findShipped(const std::string& path, const std::string& option, Diagnostics& diagnostics) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    const auto isFile = [&](const fs::path& candidate) { return fs::is_regular_file(candidate, error); };
    for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
        for (const fs::path& candidate : {folder / path, folder / "share/millrace" / path}) {
            if (isFile(candidate)) return candidate.string();
        }
    }
    if (isFile(path)) return path;
    diagnostics.error({},
                      fmt::format("there is no {}, neither above the program '{}' nor in the working directory", path,
                                  program.string()),
                      "name a file with " + option);
    return std::nullopt;
}

}  // namespace millrace::cli
