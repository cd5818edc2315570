#pragma once
#include <gtest/gtest.h>

#include <string>

#include "chips.h"
#include "explore/explore.h"
#include "layers.h"
#include "support/rng.h"

/// Networks and runs that the tests of the scheduler share.
namespace millrace::test {

/// A chain of convolutions, activations and residual additions with random sizes; H differs from W.
inline workload::Workload randomWorkload(Rng& rng) {
    workload::Workload workload;
    workload.name = "random";
    ConvShape shape;
    shape.c = rng.between(1, 6);
    shape.oy = rng.between(3, 9);
    shape.ox = rng.between(4, 12);
    workload::TensorId last = addInput(workload, {shape.c, shape.iy(), shape.ix()});
    workload::TensorId before = last;
    const std::int64_t layers = rng.between(2, 6);
    for (std::int64_t i = 0; i < layers; ++i) {
        const std::string name = "layer" + std::to_string(i);
        const auto& have = workload.tensors[last].shape;
        const bool same = workload.tensors[before].shape == have && before != last && rng.below(2) == 0;
        const workload::TensorId previous = last;
        if (same) {
            last = addElementwise(workload, name, {before, last});
        } else if (i > 0 && rng.below(3) == 0) {
            last = addElementwise(workload, name, {last});
        } else {
            ConvShape next;
            next.c = have[0];
            next.k = rng.below(2) == 0 ? have[0] : rng.between(1, 12);
            next.fy = rng.below(2) == 0 ? 3 : 1;
            next.padY = next.fy / 2;
            next.fx = 1;
            next.oy = have[1];
            next.ox = have[2];
            last = addConv(workload, name, last, next);
        }
        before = previous;
    }
    workload.tensors[last].isOutput = true;
    return workload;
}

inline std::optional<explore::Result> run(const workload::Workload& workload, const hardware::Chip& chip,
                                          Diagnostics& diagnostics, const mapping::Mapping* mapping = nullptr,
                                          const explore::Options& options = {}) {
    return explore::exploreLayerByLayer(workload, chip, mapping, options, diagnostics);
}

/// A mapping file from its text.
inline mapping::Mapping parse(const std::string& text) {
    Diagnostics diagnostics;
    auto mapping = mapping::parseMapping(text, "test.yaml", diagnostics);
    EXPECT_TRUE(mapping) << diagnostics.text();
    return mapping.value_or(mapping::Mapping{});
}

inline std::int64_t transfers(const explore::Result& result, schedule::TransferCause cause) {
    std::int64_t count = 0;
    for (const schedule::Transfer& transfer : result.schedule.transfers) count += transfer.cause == cause;
    return count;
}

}  // namespace millrace::test
