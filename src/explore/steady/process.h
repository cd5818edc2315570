#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "support/diagnostics.h"

/// Another program, run to its end or to a limit.
namespace millrace::steady {

struct Run {
    int status = 0;       ///< as it ended; -1: by a signal
    bool killed = false;  ///< by us: time was up, or the caller wants to stop
    std::string output;   ///< the last `kMostOutput` bytes of what it wrote
};
inline constexpr std::size_t kMostOutput = 1 << 20;

/// Runs a program, found on the PATH unless its name has a slash, with nothing to read. It is killed after `seconds`
/// or once `stop` (may be null) is set, and never outlives the call. Nothing if it cannot be started: without an entry
/// if there is no such program, with an error for other reasons.
std::optional<Run> run(const std::vector<std::string>& command, double seconds, const std::atomic<bool>* stop,
                       Diagnostics& diagnostics);

/// A folder of our own for files of the moment, gone with this object. `path` is empty if it cannot be made.
struct TemporaryFolder {
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::string path;
};

}  // namespace millrace::steady
