#pragma once
#include <algorithm>
#include <vector>

#include "../cost/toy.h"
#include "support/rng.h"

/// Small random layers, cores and unrollings for the tests of the mapper.
namespace millrace::test {

struct Problem {
    cost::Nest nest;
    hardware::Core core;
    std::vector<hardware::Dataflow> spatial;
};

/// Draws problems whose layers have at most a few prime factors, on cores of two to four memory levels with any
/// sharing.
class RandomProblem {
public:
    explicit RandomProblem(std::uint64_t seed) : rng_(seed) {}

    Problem draw(std::size_t primes) {
        Problem problem;
        problem.core = core();
        problem.nest = nest(primes);
        problem.spatial = spatial(problem);
        return problem;
    }

    cost::Corrections corrections() {
        cost::Corrections chosen;
        for (const cost::Correction correction : cost::kCorrections) {
            if (chance(50)) chosen.add(correction);
        }
        return chosen;
    }

private:
    std::int64_t pick(std::vector<std::int64_t> values) { return values[rng_.below(values.size())]; }
    bool chance(std::uint64_t percent) { return rng_.below(100) < percent; }

    cost::Nest nest(std::size_t primes) {
        std::vector<std::int64_t> size(6, 1);
        for (std::size_t i = 0; i < primes; ++i) {
            const std::size_t dim = rng_.below(6);
            size[dim] *= dim > 3 ? pick({2, 3}) : pick({2, 2, 3, 5, 7});
        }
        cost::Nest made = convolution(size[0], size[1], size[2], size[3], size[4], size[5], pick({1, 1, 2}));
        if (chance(30)) std::swap(made.operands[1], made.operands[2]);
        return made;
    }

    std::vector<hardware::Dataflow> spatial(const Problem& problem) {
        std::vector<hardware::Dataflow> flows;
        const std::vector<std::string> names = {"K", "C", "OX", "OY", "FX"};
        for (std::size_t d = 0; d < problem.core.array.dimensions.size(); ++d) {
            const std::string& name = names[rng_.below(names.size())];
            const bool used = !flows.empty() && flows.back().unrollings.front().loop == name;
            if (used || chance(20)) continue;
            flows.push_back({d, {{name, pick({2, 3, 4})}}});
        }
        return flows;
    }

    hardware::Port anyPort(std::vector<hardware::PortUse> uses) {
        const std::int64_t most = pick({8, 16, 16, 32, 64});
        return port(chance(50) ? most : 8, most, std::move(uses));
    }

    /// One port for all, one for reading and one for writing, or one for each movement.
    std::vector<hardware::Port> ports(const std::vector<hardware::MemoryOperand>& operands) {
        using enum hardware::Direction;
        std::vector<hardware::PortUse> reads;
        std::vector<hardware::PortUse> writes;
        for (const hardware::MemoryOperand operand : operands) {
            reads.push_back({operand, tl});
            writes.push_back({operand, fh});
            if (operand != hardware::MemoryOperand::O) continue;
            reads.push_back({operand, th});
            writes.push_back({operand, fl});
        }
        const std::int64_t kind = pick({0, 1, 2});
        if (kind == 0) {
            reads.insert(reads.end(), writes.begin(), writes.end());
            return {anyPort(reads)};
        }
        if (kind == 1) return {anyPort(reads), anyPort(writes)};
        std::vector<hardware::Port> result;
        for (const auto* uses : {&reads, &writes}) {
            for (const hardware::PortUse& use : *uses) result.push_back(anyPort({use}));
        }
        return result;
    }

    hardware::Memory level(const std::string& name, std::int64_t bits, std::vector<hardware::MemoryOperand> operands,
                           std::vector<std::size_t> served) {
        const double cost = static_cast<double>(pick({1, 3, 10, 50})) / 8;
        std::vector<hardware::Port> made = ports(operands);
        hardware::Memory result =
            memory(name, bits, cost, cost * 1.25, std::move(operands), std::move(served), std::move(made));
        result.forceDoubleBuffering = chance(10);
        return result;
    }

    hardware::Core core() {
        using enum hardware::MemoryOperand;
        hardware::Core made;
        made.name = "random";
        made.array.unitEnergy = 0.5;
        made.array.dimensions = {{"D1", 4}, {"D2", 3}};
        if (chance(70)) made.memories.push_back(level("reg_W", pick({8, 16, 32, 64}), {I2}, {}));
        if (chance(70)) made.memories.push_back(level("reg_O", pick({16, 32, 64, 128}), {O}, {1}));
        if (chance(30)) made.memories.push_back(level("reg_I", pick({8, 16, 32}), {I1}, {0}));
        const std::int64_t bits = pick({64, 128, 256, 512, 1024, 4096});
        const std::vector<std::vector<hardware::MemoryOperand>> sharing = {{I1, O}, {I1, I2, O}, {I1, I2}, {I2, O},
                                                                           {O, I1}, {I2, I1, O}, {I1}};
        const std::vector<hardware::MemoryOperand> shared = sharing[rng_.below(sharing.size())];
        made.memories.push_back(level("sram", bits, shared, {0, 1}));
        if (chance(25)) made.memories.push_back(level("sram2", 4 * bits, {I1, I2, O}, {0, 1}));
        if (chance(80)) {
            made.memories.push_back(level("dram", 1 << 22, {I1, I2, O}, {0, 1}));
        } else {
            made.memories.push_back(level("dramA", 1 << 22, {I1, O}, {0, 1}));
            made.memories.push_back(level("dramW", 1 << 22, {I2}, {0, 1}));
        }
        return made;
    }

    Rng rng_;
};

}  // namespace millrace::test
