#pragma once
#include <fmt/format.h>

#include <optional>
#include <string>

#include "search/networks.h"

/// Results of real explorations, where a made-up schedule would not do.
namespace millrace::test {

/// `workload` row by row, in stacks ("0-3;4-5"), weights of each layer over all of four small cores. Empty if it does
/// not fit.
inline std::optional<explore::Result> fused(const workload::Workload& workload, const std::string& stacks,
                                            std::int64_t sramBits, fusion::Policy policy = {}) {
    explore::FusedOptions options;
    options.policy = policy;
    options.policy.lookahead = 1;  // so that cores wait
    options.orders = {fusion::Order::depthFirst};
    Diagnostics diagnostics;
    EXPECT_TRUE(fusion::parseStacks(stacks, options.plan, diagnostics)) << diagnostics.text();
    EXPECT_TRUE(fusion::parseTile("default:OY=all,K@4", options.plan, diagnostics)) << diagnostics.text();
    auto result = explore::exploreFused(workload, smallChip(4, sramBits), nullptr, options, diagnostics);
    EXPECT_TRUE(result || diagnostics.anyInfeasible()) << diagnostics.text();
    return result;
}

/// Three layers in two stacks on four cores, with multicasts.
inline explore::Result fusedSample() {
    workload::Workload workload;
    workload.name = "three";
    ConvShape shape;
    shape.c = 4;
    shape.k = 8;
    shape.oy = 8;
    workload::TensorId tensor = addInput(workload, {shape.c, shape.iy(), shape.ix()});
    tensor = addConv(workload, "first", tensor, shape);
    shape.c = 8;
    tensor = addConv(workload, "second", tensor, shape);
    tensor = addElementwise(workload, "third", {tensor});
    workload.tensors[tensor].isOutput = true;
    return *fused(workload, "0-1", 1 << 16);
}

/// Random networks, in turn layer by layer and fused into one or two stacks; on memories of random size, so that some
/// spill. Those that do not fit are left out.
template <class See>
void forRandomResults(std::int64_t rounds, std::uint64_t seed, See see) {
    Rng rng(seed);
    std::int64_t seen = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
        const workload::Workload workload = randomWorkload(rng);
        const std::int64_t bits = rng.between(1000, 30000);
        const auto last = static_cast<std::int64_t>(workload.layers.size()) - 1;
        const std::int64_t cut = rng.between(0, last);
        const std::string stacks =
            cut == last ? fmt::format("0-{}", last) : fmt::format("0-{};{}-{}", cut, cut + 1, last);
        Diagnostics diagnostics;
        const auto result =
            round % 2 == 0 ? run(workload, smallChip(4, bits), diagnostics) : fused(workload, stacks, bits);
        if (!result) continue;
        ++seen;
        see(*result);
        if (testing::Test::HasFatalFailure()) return;
    }
    EXPECT_GT(seen * 3, rounds);
}

}  // namespace millrace::test
