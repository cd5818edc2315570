#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "explore/cost/model.h"
#include "explore/cost/tables.h"
#include "explore/mapper/mapper.h"
#include "explore/mapper/orders.h"

/// Evaluations of the cost model per second on one core: a convolution of 64 to 64 channels on a 32 x 32 array with
/// registers for weights and partial sums, an SRAM and a DRAM. One evaluation is the allocation of one order of the
/// loops to the memories, and its energy and latency.
namespace millrace {
namespace {

using hardware::Direction;
using hardware::MemoryOperand;

hardware::Port port(std::int64_t least, std::int64_t most, std::vector<hardware::PortUse> uses) {
    return {"port", hardware::PortType::readWrite, least, most, std::move(uses)};
}

hardware::Core core() {
    constexpr auto I1 = MemoryOperand::I1;
    constexpr auto I2 = MemoryOperand::I2;
    constexpr auto O = MemoryOperand::O;
    hardware::Core core;
    core.array.dimensions = {{"D1", 32}, {"D2", 32}};
    core.array.unitEnergy = 0.04;
    const auto add = [&](std::int64_t bits, double read, double write, std::vector<MemoryOperand> operands,
                         std::vector<hardware::Port> ports, std::vector<std::size_t> served) {
        hardware::Memory& memory = core.memories.emplace_back();
        memory.size = Bits(bits);
        memory.readCost = read;
        memory.writeCost = write;
        memory.operands = std::move(operands);
        memory.ports = std::move(ports);
        memory.servedDimensions = std::move(served);
    };
    add(1024, 0.095, 0.095, {I2}, {port(8, 8, {{I2, Direction::tl}}), port(8, 8, {{I2, Direction::fh}})}, {});
    add(16, 0.021, 0.021, {O},
        {port(16, 16, {{O, Direction::tl}}), port(16, 16, {{O, Direction::th}}), port(16, 16, {{O, Direction::fh}}),
         port(16, 16, {{O, Direction::fl}})},
        {1});
    add(16777216, 416.16, 378.4, {I1, O},
        {port(64, 2048, {{I1, Direction::tl}, {O, Direction::tl}, {O, Direction::th}}),
         port(64, 2048, {{I1, Direction::fh}, {O, Direction::fh}, {O, Direction::fl}})},
        {0, 1});
    add(10000000000, 700, 750, {I1, I2, O},
        {port(64, 64,
              {{I1, Direction::fh},
               {I1, Direction::tl},
               {I2, Direction::fh},
               {I2, Direction::tl},
               {O, Direction::fh},
               {O, Direction::tl},
               {O, Direction::fl},
               {O, Direction::th}})},
        {0, 1});
    return core;
}

cost::Nest convolution() {
    cost::Nest nest;
    nest.name = "convolution";
    nest.dims = {{"B", 1}, {"K", 64}, {"G", 1}, {"OX", 56}, {"OY", 56}, {"C", 64}, {"FX", 3}, {"FY", 3}};
    nest.relations = {{"IX", {3, 6}, {1, 1}, 56, 0}, {"IY", {4, 7}, {1, 1}, 56, 0}};
    const auto add = [&](std::string name, MemoryOperand role, int bits, std::vector<cost::Index> index) {
        cost::Operand& operand = nest.operands.emplace_back();
        operand.name = std::move(name);
        operand.role = role;
        operand.bits = bits;
        operand.index = std::move(index);
    };
    add("O", MemoryOperand::O, 16, {{false, 0}, {false, 2}, {false, 1}, {false, 4}, {false, 3}});
    add("W", MemoryOperand::I2, 8, {{false, 2}, {false, 1}, {false, 5}, {false, 7}, {false, 6}});
    add("I", MemoryOperand::I1, 8, {{false, 0}, {false, 2}, {false, 5}, {true, 1}, {true, 0}});
    Diagnostics diagnostics;
    classify(nest, diagnostics);
    return nest;
}

const std::vector<hardware::Dataflow> kSpatial{{0, {{"K", 32}}}, {1, {{"C", 32}}}};

/// What is prepared for the layer, and all 720 orders of its six loops.
struct Prepared {
    cost::Nest nest = convolution();
    hardware::Core chip = core();
    std::optional<cost::Model> model;
    std::vector<cost::Loop> loops;
    std::optional<cost::Tables> tables;
    std::vector<std::vector<std::uint32_t>> orders;

    Prepared() {
        Diagnostics diagnostics;
        const auto machine = cost::machineOf(nest, chip, diagnostics);
        const auto spatial = cost::spatialOf(nest, chip, *machine, cost::cleanUp(nest, chip, *machine, kSpatial));
        loops = mapper::loopFactors(cost::temporalSizes(nest, spatial.fractional), 6);
        model.emplace(nest, *machine, spatial);
        tables = cost::Tables::make(*model, loops);
        std::vector<std::uint32_t> order;
        for (std::uint32_t k = 0; k < tables->kinds().size(); ++k) order.push_back(k);
        do {
            orders.push_back(order);
        } while (std::next_permutation(order.begin(), order.end()));
    }
};

void evaluateTables(benchmark::State& state) {
    const Prepared prepared;
    std::int64_t evaluations = 0;
    for (auto _ : state) {
        cost::ScoreMemo memo;  // as in a search: each order once
        for (const std::vector<std::uint32_t>& order : prepared.orders) {
            cost::Score score;
            cost::TooSmall why;
            benchmark::DoNotOptimize(prepared.tables->evaluate(order.data(), score, why, &memo));
            benchmark::DoNotOptimize(score);
            ++evaluations;
        }
    }
    state.SetItemsProcessed(evaluations);
}
BENCHMARK(evaluateTables);

/// The same without remembering scores.
void evaluateTablesAnew(benchmark::State& state) {
    const Prepared prepared;
    std::int64_t evaluations = 0;
    for (auto _ : state) {
        for (const std::vector<std::uint32_t>& order : prepared.orders) {
            cost::Score score;
            cost::TooSmall why;
            benchmark::DoNotOptimize(prepared.tables->evaluate(order.data(), score, why));
            benchmark::DoNotOptimize(score);
            ++evaluations;
        }
    }
    state.SetItemsProcessed(evaluations);
}
BENCHMARK(evaluateTablesAnew);

void evaluateModel(benchmark::State& state) {
    const Prepared prepared;
    std::int64_t evaluations = 0;
    std::vector<cost::Loop> loops;
    for (auto _ : state) {
        for (const std::vector<std::uint32_t>& order : prepared.orders) {
            loops.clear();
            for (const std::uint32_t kind : order) loops.push_back(prepared.tables->kinds()[kind]);
            cost::TooSmall why;
            const auto allocation = prepared.model->allocate(loops, false, why);
            if (allocation) benchmark::DoNotOptimize(prepared.model->evaluate(loops, *allocation));
            ++evaluations;
        }
    }
    state.SetItemsProcessed(evaluations);
}
BENCHMARK(evaluateModel);

void prepareTables(benchmark::State& state) {
    const Prepared prepared;
    for (auto _ : state) benchmark::DoNotOptimize(cost::Tables::make(*prepared.model, prepared.loops));
}
BENCHMARK(prepareTables);

void mapLayer(benchmark::State& state) {
    const cost::Nest nest = convolution();
    const hardware::Core chip = core();
    std::int64_t evaluations = 0;
    for (auto _ : state) {
        Diagnostics diagnostics;
        const auto mapping = mapper::map({nest, chip, kSpatial}, diagnostics);
        evaluations += mapping ? mapping->evaluations : 0;
        benchmark::DoNotOptimize(mapping);
    }
    state.SetItemsProcessed(evaluations);
}
BENCHMARK(mapLayer);

}  // namespace
}  // namespace millrace
