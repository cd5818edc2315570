#include "schedule/timeline.h"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <deque>

#include "schedule/mapoflevels.h"
#include "support/rng.h"

/// Bookings and questions of a scheduler on timelines of many steps, beside the obvious map of levels. Arguments:
/// bookings. Counters: time of one call; steps and their
/// bytes.
namespace millrace {

namespace {

using schedule::kForever;
using schedule::Span;
using schedule::Timeline;
using test::MapOfLevels;

std::optional<Cycles> forever(const Timeline& timeline, Cycles from, std::int64_t amount) {
    return timeline.earliestForever(from, amount);
}
std::optional<Cycles> forever(const MapOfLevels& timeline, Cycles from, std::int64_t amount) {
    return timeline.earliest(from, kForever, amount);
}

/// A core: tasks in gaps of the last 1000 cycles or at the end. Two calls a booking.
template <class Lines>
struct Core {
    Lines lines{1};
    Rng rng{1};
    std::int64_t end = 0;
    static constexpr int kCalls = 2;

    void book() {
        const Cycles duration(rng.between(10, 50));
        const Cycles from(std::max<std::int64_t>(0, end - rng.between(0, 1000) + 20));
        const Cycles start = *lines.earliest(from, duration, 1);
        lines.book({start, start + duration}, 1);
        end = std::max(end, (start + duration).value());
    }
};

/// A core without gaps to look at: each task begins where it may, a little after the one before. Two calls a booking.
template <class Lines>
struct Append {
    Lines lines{1};
    Rng rng{1};
    std::int64_t end = 0;
    static constexpr int kCalls = 2;

    void book() {
        const Cycles duration(rng.between(10, 50));
        const Cycles start = *lines.earliest(Cycles(end + rng.between(0, 3)), duration, 1);
        lines.book({start, start + duration}, 1);
        end = (start + duration).value();
    }
};

/// A memory: buffers open as soon as there is room for ever, and the 30 latest are open. Three calls a booking.
template <class Lines>
struct Memory {
    Lines lines{3000};
    Rng rng{1};
    std::deque<std::pair<Cycles, std::int64_t>> open;
    std::int64_t end = 0;
    static constexpr int kCalls = 3;

    void book() {
        const std::int64_t bits = rng.between(1, 100);
        if (open.size() == 30) {
            const auto [start, size] = open.front();
            open.pop_front();
            lines.book({std::max(start, Cycles(end)), kForever}, -size);
        }
        const Cycles start = *forever(lines, Cycles(end - rng.between(0, 20)), bits);
        lines.book({start, kForever}, bits);
        open.emplace_back(start, bits);
        end += rng.between(1, 20);
    }
};

/// Anywhere: mostly far from the end. One call a booking.
template <class Lines>
struct Anywhere {
    Lines lines{1000};
    Rng rng{1};
    static constexpr std::int64_t end = 100000000;
    static constexpr int kCalls = 1;

    void book() {
        const std::int64_t start = rng.between(0, end);
        lines.book({Cycles(start), Cycles(start + rng.between(1, 300))}, rng.between(1, 100));
    }
};

template <class Use>
void bookings(benchmark::State& state) {
    for (auto _ : state) {
        Use use;
        for (std::int64_t i = 0; i < state.range(0); ++i) use.book();
    }
    const auto calls = static_cast<double>(state.range(0) * Use::kCalls);
    state.counters["call"] =
        benchmark::Counter(calls, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
#define MILLRACE_BOOKINGS(Use)                                                                                \
    BENCHMARK(bookings<Use<Timeline>>)->Arg(10000)->Arg(100000)->Arg(1000000)->Unit(benchmark::kMillisecond); \
    BENCHMARK(bookings<Use<MapOfLevels>>)->Arg(10000)->Arg(100000)->Arg(1000000)->Unit(benchmark::kMillisecond)
MILLRACE_BOOKINGS(Append);
MILLRACE_BOOKINGS(Core);
MILLRACE_BOOKINGS(Memory);
MILLRACE_BOOKINGS(Anywhere);

std::size_t bytesInUse() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// The map counts the steps.
template <template <class> class Use>
void memory(benchmark::State& state) {
    for (auto _ : state) {
        const std::size_t before = bytesInUse();
        auto use = std::make_unique<Use<Timeline>>();
        for (std::int64_t i = 0; i < state.range(0); ++i) use->book();
        const std::size_t bytes = bytesInUse() - before;
        auto map = std::make_unique<Use<MapOfLevels>>();
        for (std::int64_t i = 0; i < state.range(0); ++i) map->book();
        const std::size_t mapBytes = bytesInUse() - before - bytes;
        const auto steps = static_cast<double>(map->lines.size());
        state.counters["steps"] = steps;
        state.counters["bytes_per_step"] = static_cast<double>(bytes) / steps;
        state.counters["of_the_map"] = static_cast<double>(mapBytes) / steps;
    }
}
BENCHMARK(memory<Append>)->Arg(300000)->Iterations(1);
BENCHMARK(memory<Memory>)->Arg(300000)->Iterations(1);
BENCHMARK(memory<Anywhere>)->Arg(300000)->Iterations(1);

struct GapFarBack {
    template <class Lines>
    static auto ask(Lines& lines, Cycles at) {
        return lines.earliest(at, Cycles(60), 1);
    }
};
struct ForeverFarBack {
    template <class Lines>
    static auto ask(Lines& lines, Cycles at) {
        return forever(lines, at, 50);
    }
};
struct PeakFarBack {
    template <class Lines>
    static auto ask(Lines& lines, Cycles at) {
        return lines.peak({at, at + Cycles(2000)});
    }
};
/// Tried and taken back.
struct BookFarBack {
    template <class Lines>
    static int ask(Lines& lines, Cycles at) {
        const Span span{at, at + Cycles(7)};
        lines.book(span, 1);
        lines.book(span, -1);
        return 0;
    }
};

/// Questions and bookings anywhere on a timeline that is filled already.
template <class Question, class Use>
void calls(benchmark::State& state) {
    Use use;
    for (std::int64_t i = 0; i < state.range(0); ++i) use.book();
    Rng rng(2);
    for (auto _ : state) benchmark::DoNotOptimize(Question::ask(use.lines, Cycles(rng.between(0, use.end))));
}
#define MILLRACE_CALLS(Question, Use)                                                 \
    BENCHMARK(calls<Question, Use<Timeline>>)->Arg(10000)->Arg(100000)->Arg(1000000); \
    BENCHMARK(calls<Question, Use<MapOfLevels>>)->Arg(10000)->Arg(100000)->Arg(1000000)
MILLRACE_CALLS(GapFarBack, Append);
MILLRACE_CALLS(ForeverFarBack, Memory);
MILLRACE_CALLS(PeakFarBack, Memory);
MILLRACE_CALLS(BookFarBack, Append);
MILLRACE_CALLS(BookFarBack, Anywhere);
MILLRACE_CALLS(GapFarBack, Anywhere);

}  // namespace
}  // namespace millrace
