#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace millrace::test {

/// Root of the sources.
inline std::string sourceDir() { return MILLRACE_SOURCE_DIR; }

/// Peers' files, networks and golden results lie in a folder beside the sources, or where MILLRACE_SHARED says. Empty
/// if absent.
inline std::string sharedDir() {
    const char* variable = std::getenv("MILLRACE_SHARED");
    const std::string dir = variable != nullptr ? variable : sourceDir() + "/../shared";
    return std::filesystem::is_directory(dir) ? dir : "";
}

/// Long property tests run 1 % of their counts unless MILLRACE_FULL is set. Prints the count.
inline std::int64_t count(std::int64_t full) {
    const char* variable = std::getenv("MILLRACE_FULL");
    const bool whole = variable != nullptr && *variable != '\0' && *variable != '0';
    const std::int64_t n = whole ? full : (full + 99) / 100;
    std::printf("[   COUNT  ] %lld of %lld\n", static_cast<long long>(n), static_cast<long long>(full));
    return n;
}

}  // namespace millrace::test

/// At the start of a test that uses peers' files: skips, visibly, when they are absent.
#define MILLRACE_NEEDS_SHARED()                                                         \
    if (millrace::test::sharedDir().empty()) {                                          \
        GTEST_SKIP() << "needs the folder ../shared beside the sources (peers' files)"; \
    }                                                                                   \
    static_assert(true)
