#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/interrupt.h"
#include "cli/verbs.h"

namespace millrace::cli {

using Clock = std::chrono::steady_clock;

/// Seconds of a search of which nothing is said.
static constexpr double kTimeLimit = 10;

void addSearch(CLI::App& verb, SearchChoice& choice) {
    const char* group = kSearchGroup;
    std::vector<std::string> names;
    std::string help = "how the best fused schedule is searched for";
    for (const auto& [name, summary] : explore::searchMethods()) {
        names.push_back(name);
        help += fmt::format("{} {}: {}", names.size() == 1 ? "." : ";", name, summary);
    }
    help += ". Default: auto, but rules if a mapping or any of the options under Fused is given";
    verb.add_option("--method", choice.method, help)->check(CLI::IsMember(names))->group(group);
    verb.add_option(
            "--time-limit", choice.timeLimit,
            fmt::format("seconds of search; it ends with the best so far, as with Ctrl-C (default: {})", kTimeLimit))
        ->check([](const std::string& text) -> std::string {
            const double seconds = std::strtod(text.c_str(), nullptr);
            return seconds >= 1e-3 && seconds <= 1e8 ? "" : "must be from 0.001 to 100000000 seconds";
        })
        ->type_name("S")
        ->group(group);
    verb.add_option("--evaluations", choice.evaluations,
                    "schedules to try instead of a time: the same result on every machine")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
        ->type_name("N")
        ->group(group);
    verb.add_flag("--pareto", choice.pareto,
                  "of all schedules that were tried, also those that no other one beats in latency, energy and peak "
                  "memory: front.json, front.png")
        ->group(group);
}

namespace {

/// One line on a terminal that tells how the search goes.
class Line {
public:
    explicit Line(bool shown) : shown_(shown), begin_(Clock::now()) {}
    ~Line() { clear(); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    void show(const explore::Progress& progress) {
        const auto now = Clock::now();
        if (!shown_ || now - last_ < std::chrono::milliseconds(100)) return;
        last_ = now;
        const double seconds = std::chrono::duration<double>(now - begin_).count();
        std::string text = fmt::format("{:6.1f} s  {} schedules  {}", seconds, progress.schedules, progress.method);
        if (progress.latency > Cycles(0)) {
            const auto cycles = static_cast<double>(progress.latency.value());
            text += fmt::format("  best {:.6g} cycles, {:.4g} pJ", cycles, progress.energy.value());
            if (progress.bounds != nullptr && progress.bounds->latency > Cycles(0)) {
                const auto bound = static_cast<double>(progress.bounds->latency.value());
                text += fmt::format("  bound {:.6g}, gap {:.1f} %", bound, 100 * (cycles / bound - 1));
            }
        }
        clear();
        text.resize(std::min(text.size(), columns() - 1));
        width_ = text.size();
        std::fprintf(stderr, "%s", text.c_str());
        std::fflush(stderr);
    }

private:
    static std::size_t columns() {
        winsize size{};
        const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
        return known ? size.ws_col : 80;
    }

    void clear() {
        if (width_ == 0) return;
        std::fprintf(stderr, "\r%s\r", std::string(width_, ' ').c_str());
        width_ = 0;
    }

    bool shown_;
    Clock::time_point begin_;
    Clock::time_point last_;
    std::size_t width_ = 0;
};

}  // namespace

std::optional<explore::Result> searched(const workload::Workload& workload, const hardware::Chip& chip,
                                        const mapping::Mapping* mapping, const explore::FusedOptions& fused,
                                        const SearchChoice& choice, const Common& common, Diagnostics& diagnostics) {
    explore::SearchOptions options;
    options.fused = fused;
    options.fused.front = choice.pareto;
    options.fused.memory = choice.memory;
    options.method = choice.method;
    options.seed = static_cast<std::uint64_t>(common.seed);
    options.threads =
        common.threads > 0 ? common.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    options.limits.stop = stopOnInterrupt();
    if (choice.evaluations > 0) options.evaluations = choice.evaluations;
    if (choice.timeLimit > 0 || choice.evaluations == 0) {
        const double seconds = choice.timeLimit > 0 ? choice.timeLimit : kTimeLimit;
        options.limits.deadline =
            Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }
    Line line(!common.quiet && isatty(STDERR_FILENO) != 0);
    options.report = [&line](const explore::Progress& progress) { line.show(progress); };
    return explore::exploreBest(workload, chip, mapping, options, diagnostics);
}

}  // namespace millrace::cli
