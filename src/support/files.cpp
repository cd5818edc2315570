#include "support/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace millrace {

namespace fs = std::filesystem;

std::optional<std::string> readFile(const std::string& path, Diagnostics& diagnostics, std::int64_t limit) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
        diagnostics.error({path}, "the file does not exist", "check the path; it is relative to the working directory");
        return std::nullopt;
    }
    if (fs::is_directory(status)) {
        diagnostics.error({path}, "is a folder, not a file");
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        diagnostics.error({path}, std::string("cannot be read: ") + std::strerror(errno));
        return std::nullopt;
    }
    std::string content;
    char block[1 << 16];
    while (in.read(block, sizeof block), in.gcount() > 0) {
        content.append(block, static_cast<std::size_t>(in.gcount()));
        if (static_cast<std::int64_t>(content.size()) > limit) {
            diagnostics.error({path}, "is larger than " + std::to_string(limit) + " bytes, the most that is read");
            return std::nullopt;
        }
    }
    return content;
}

static std::string besideOf(const std::string& path) { return path + ".part" + std::to_string(::getpid()); }

/// Writes beside the target; leaves nothing after an error.
static bool writeBeside(const std::string& path, std::string_view content, Diagnostics& diagnostics) {
    std::error_code error;
    const fs::path target(path);
    if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
    if (error) {
        diagnostics.error({path}, "the folder cannot be made: " + error.message());
        return false;
    }
    const std::string beside = besideOf(path);
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (out) return true;
    const std::string why = std::strerror(errno);
    fs::remove(beside, error);
    diagnostics.error({path}, "cannot be written: " + why);
    return false;
}

bool writeFile(const std::string& path, std::string_view content, Diagnostics& diagnostics) {
    return writeFiles({{path, content}}, diagnostics);
}

bool writeFiles(const std::vector<std::pair<std::string, std::string_view>>& files, Diagnostics& diagnostics) {
    std::error_code error;
    std::size_t written = 0;
    while (written < files.size() && writeBeside(files[written].first, files[written].second, diagnostics)) ++written;
    bool good = written == files.size();
    for (std::size_t i = 0; good && i < files.size(); ++i) {
        const std::string& path = files[i].first;
        // A folder in the place of a file is the one thing that only the renaming would tell.
        good = !fs::is_directory(path, error);
        if (!good) diagnostics.error({path}, "cannot be written: is a folder");
    }
    for (std::size_t i = 0; i < written; ++i) {
        const std::string& path = files[i].first;
        if (good) fs::rename(besideOf(path), path, error);
        if (good && error) {
            good = false;
            diagnostics.error({path}, "cannot be written: " + error.message());
        }
        if (!good) fs::remove(besideOf(path), error);
    }
    return good;
}

}  // namespace millrace
