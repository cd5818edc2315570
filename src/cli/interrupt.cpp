#include "cli/interrupt.h"

#include <csignal>

namespace millrace::cli {

/// A signal handler can reach nothing else.
static std::atomic<bool> interrupted = false;

static void onInterrupt(int signal) {
    interrupted = true;
    std::signal(signal, SIG_DFL);
}

const std::atomic<bool>* stopOnInterrupt() {
    std::signal(SIGINT, onInterrupt);
    return &interrupted;
}

}  // namespace millrace::cli
