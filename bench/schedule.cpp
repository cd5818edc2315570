#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>

#include "schedule/idle.h"
#include "schedule/verify.h"

/// check, verify and idleTimes on two layers, tile by tile: the first runs on one core, its tiles go to a second core
/// one by one, and the second layer reads 3 x 3 of them. All data come from off-chip and go there; each buffer is given
/// up when its last reader has ended.
namespace millrace {
namespace {

using namespace millrace::schedule;

constexpr std::int64_t kStep = 8;  ///< cycles of a tile

struct Chain {
    std::int64_t rows, columns;
    Problem problem;
    Schedule schedule;
    CoreId first, second;
    MemoryId dram, left, right;
    LinkId in, on, out;
    TensorId input, middle, output;
    Option firstOption, secondOption;

    explicit Chain(std::int64_t tasks) : columns(32) {
        rows = std::max<std::int64_t>(2, tasks / 2 / columns);
        resources();
        const std::vector<std::int64_t> shape{1, 16, rows * 2, columns * 2};
        input = problem.tensors.add({"input", shape, 8, DataClass::activation, dram, {}});
        middle = problem.tensors.add({"middle", shape, 8, DataClass::activation, {}, {}});
        output = problem.tensors.add({"output", shape, 8, DataClass::activation, {}, dram});
        for (const char* name : {"first", "second"}) problem.groups.add({name, 0});
        firstOption = {first, Cycles(kStep), Picojoules(1), {left}, {left}};
        secondOption = {second, Cycles(kStep), Picojoules(1), {right}, {right}};
        for (std::int64_t i = 0; i < rows * columns; ++i) firstTile(i);
        for (std::int64_t i = 0; i < rows * columns; ++i) secondTile(i);
        for (const Placement& placement : schedule.placements) grow(placement.span);
        for (const Transfer& transfer : schedule.transfers) grow(transfer.span);
        schedule.buffers.add({dram, output, problem.tensors[output].whole(), {Cycles(0), schedule.latency}});
        schedule.energy = energy(problem, schedule);
        Diagnostics diagnostics;
        if (!check(problem, diagnostics) || !verify(problem, schedule, diagnostics)) {
            std::fputs(diagnostics.text().c_str(), stderr);
            std::abort();
        }
    }

private:
    void resources() {
        const CoreId port = problem.cores.add({"port"});
        first = problem.cores.add({"first"});
        second = problem.cores.add({"second"});
        const Bits room(columns * 64 * 8 * 16);
        dram = problem.memories.add({"dram", Bits(std::int64_t{1} << 40), {port}, 64, 64, 100, 100, true});
        left = problem.memories.add({"left", room, {first}, 64, 64, 1, 1});
        right = problem.memories.add({"right", room, {second}, 64, 64, 1, 1});
        in = problem.links.add({"in", false, {port, first}, {}, {}, 128, 0.5});
        on = problem.links.add({"on", false, {first, second}, {}, {}, 128, 0.5});
        out = problem.links.add({"out", false, {second, port}, {}, {}, 128, 0.5});
    }

    void grow(Span span) { schedule.latency = std::max(schedule.latency, span.end); }

    Box tile(std::int64_t index, std::int64_t around) const {
        const std::int64_t row = index / columns;
        const std::int64_t column = index % columns;
        const auto side = [&](std::int64_t at, std::int64_t most) {
            return Interval{2 * std::max<std::int64_t>(0, at - around), 2 * std::min(most, at + around + 1)};
        };
        return {{0, 1}, {0, 16}, side(row, rows), side(column, columns)};
    }

    static Span from(std::int64_t start, std::int64_t length) { return {Cycles(start), Cycles(start + length)}; }

    /// Tile i comes in over step i, runs in step i + 1 and goes on in step i + 2.
    void firstTile(std::int64_t i) {
        const Box box = tile(i, 0);
        const Cycles start(i * kStep);
        const std::int64_t last = std::min(i + columns + 1, rows * columns - 1);  // that reads it in the second layer
        const TransferCause cause = TransferCause::input;
        schedule.transfers.add({input, box, dram, left, {in}, 128, from(i * kStep, 4), cause});
        schedule.buffers.add({left, input, box, from(i * kStep, 2 * kStep)});
        problem.tasks.add({"first", GroupId(0), {{input, box}}, {{middle, box}}, {firstOption}});
        schedule.placements.add({first, 0, from((i + 1) * kStep, kStep)});
        schedule.buffers.add({left, middle, box, from((i + 1) * kStep, 2 * kStep)});
        schedule.transfers.add({middle, box, left, right, {on}, 128, from((i + 2) * kStep, 4)});
        schedule.buffers.add({right, middle, box, {start + Cycles(2 * kStep), Cycles(secondStart(last) + kStep)}});
    }

    std::int64_t secondStart(std::int64_t i) const { return (i + columns + 4) * kStep; }

    void secondTile(std::int64_t i) {
        const Box box = tile(i, 0);
        const std::int64_t start = secondStart(i);
        problem.tasks.add({"second", GroupId(1), {{middle, tile(i, 1)}}, {{output, box}}, {secondOption}});
        schedule.placements.add({second, 0, from(start, kStep)});
        schedule.buffers.add({right, output, box, from(start, 2 * kStep)});
        const TransferCause cause = TransferCause::output;
        schedule.transfers.add({output, box, right, dram, {out}, 128, from(start + kStep, 4), cause});
    }
};

void perTask(benchmark::State& state, const Chain& chain) {
    const auto tasks = static_cast<double>(chain.problem.tasks.size());
    state.counters["tasks/s"] = benchmark::Counter(tasks, benchmark::Counter::kIsIterationInvariantRate);
}

void checkChain(benchmark::State& state) {
    const Chain chain(state.range(0));
    for (auto _ : state) {
        Diagnostics diagnostics;
        benchmark::DoNotOptimize(check(chain.problem, diagnostics));
    }
    perTask(state, chain);
}

void verifyChain(benchmark::State& state) {
    const Chain chain(state.range(0));
    for (auto _ : state) {
        Diagnostics diagnostics;
        benchmark::DoNotOptimize(verify(chain.problem, chain.schedule, diagnostics));
    }
    perTask(state, chain);
}

void idleTimesOfChain(benchmark::State& state) {
    const Chain chain(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(idleTimes(chain.problem, chain.schedule).size());
    perTask(state, chain);
}

BENCHMARK(checkChain)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(verifyChain)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(idleTimesOfChain)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace
