#include <benchmark/benchmark.h>

#include "support/rng.h"
#include "targets/barvinn/generate/jobs.h"
#include "targets/barvinn/simulate/simulate.h"

/// Cycles a second of the cycle-accurate simulator: one busy MVU with either kernel, eight of them, and the controller.
namespace millrace::targets::barvinn {
namespace {

void fill(Array& array) {
    Rng rng(1);
    for (int mvu = 0; mvu < kMvus; ++mvu) {
        for (ActivationWord& word : array.memory(mvu).activations) word = rng.next();
        for (WeightWord& word : array.memory(mvu).weights)
            for (std::uint64_t& row : word) row = rng.next();
    }
}

void start(Array& array, int mvu, const Job& job) {
    for (const CsrWrite& write : registerWrites(job)) {
        array.write({mvu, write.number, write.value});
        array.step();
    }
}

/// A 3 x 3 layer of 64 channels on a map of 34 x 34, at `bits` x `bits`.
Job layer(int bits) {
    Precision precision;
    precision.input = precision.weight = precision.output = bits;
    Job job = convLayerJob({1, 34, 34, 1, 3, 3}, precision);
    job.outputBase = 16384;
    job.msbIndex = 10;
    job.scalerValue = 1;
    return job;
}

void busyMvus(benchmark::State& state, const Kernel& kernel, int mvus) {
    Array array(Quirks::rtl(), kernel);
    fill(array);
    Job job = layer(static_cast<int>(state.range(0)));
    for (auto _ : state) {
        for (int mvu = 0; mvu < mvus; ++mvu) {
            job.destinations = 1U << mvu;
            start(array, mvu, job);
        }
        array.settle(array.cycle() + 100000000);
    }
    const auto cycles = static_cast<double>(array.counters().busyCycles);
    state.counters["MVU cycles/s"] = benchmark::Counter(cycles, benchmark::Counter::kIsRate);
    state.SetLabel(kernel.name);
}

void oneMvu(benchmark::State& state) { busyMvus(state, bestKernel(), 1); }
void oneMvuPortable(benchmark::State& state) { busyMvus(state, portableKernel(), 1); }
void eightMvus(benchmark::State& state) { busyMvus(state, bestKernel(), kMvus); }

/// Eight harts that jump on the spot.
void controller(benchmark::State& state) {
    Machine machine({0x0000006f}, {});
    for (auto _ : state) machine.step();
    state.counters["cycles/s"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK(oneMvu)->Arg(1)->Arg(2)->Arg(4)->Unit(benchmark::kMillisecond);
BENCHMARK(oneMvuPortable)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(eightMvus)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(controller);

}  // namespace
}  // namespace millrace::targets::barvinn
