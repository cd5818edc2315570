#include "explore/steady/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace millrace::steady {

namespace {

using Clock = std::chrono::steady_clock;

/// Both ends of a pipe; what is open is closed.
struct Pipe {
    Pipe() { good = pipe2(ends.data(), O_CLOEXEC) == 0; }
    ~Pipe() {
        if (!good) return;
        close(ends[0]);
        if (writes) close(ends[1]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void stopWriting() {
        close(ends[1]);
        writes = false;
    }
    std::array<int, 2> ends{};
    bool good = false;
    bool writes = true;
};

/// 0, or why not. In a process group of its own: Ctrl-C on the terminal is for us, who then kill it.
int start(const std::vector<std::string>& command, int output, pid_t& child) {
    std::vector<std::string> copies = command;
    std::vector<char*> arguments;
    for (std::string& copy : copies) arguments.push_back(copy.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int why = posix_spawnp(&child, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

/// True once nothing more will come.
bool readSome(int input, std::string& output) {
    std::array<char, 4096> bytes{};
    const ssize_t count = read(input, bytes.data(), bytes.size());
    if (count < 0) return errno != EINTR && errno != EAGAIN;
    output.append(bytes.data(), static_cast<std::size_t>(count));
    if (output.size() > 2 * kMostOutput) output.erase(0, output.size() - kMostOutput);
    return count == 0;
}

}  // namespace

std::optional<Run> run(const std::vector<std::string>& command, double seconds, const std::atomic<bool>* stop,
                       Diagnostics& diagnostics) {
    Pipe pipe;
    if (!pipe.good) {
        diagnostics.error({}, fmt::format("no pipe to {}: {}", command.front(), std::strerror(errno)));
        return std::nullopt;
    }
    pid_t child = 0;
    const int why = start(command, pipe.ends[1], child);
    pipe.stopWriting();
    if (why != 0) {
        if (why != ENOENT)
            diagnostics.error({}, fmt::format("{} cannot be started: {}", command.front(), std::strerror(why)));
        return std::nullopt;
    }
    Run result;
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (bool ended = false; !ended;) {
        if (Clock::now() >= end || (stop != nullptr && stop->load(std::memory_order_relaxed))) {
            result.killed = true;
            break;
        }
        pollfd waiting{pipe.ends[0], POLLIN, 0};
        if (poll(&waiting, 1, 20) > 0) ended = readSome(pipe.ends[0], result.output);
    }
    if (result.killed) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (result.output.size() > kMostOutput) result.output.erase(0, result.output.size() - kMostOutput);
    return result;
}

TemporaryFolder::TemporaryFolder() {
    std::error_code failed;
    const auto parent = std::filesystem::temp_directory_path(failed);
    if (failed) return;
    std::string name = (parent / "millrace-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
}

}  // namespace millrace::steady
