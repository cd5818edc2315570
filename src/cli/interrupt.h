#pragma once
#include <atomic>

namespace millrace::cli {

/// From now on the first Ctrl-C sets the flag that is returned, so that a search can end with what it has; the second
/// one ends the process.
const std::atomic<bool>* stopOnInterrupt();

}  // namespace millrace::cli
