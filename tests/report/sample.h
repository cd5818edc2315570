#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "explore/platform/result.h"

/// Results made in code: legal schedules of made-up networks, from a plain first-come scheduler.
namespace millrace::test {

struct SampleOptions {
    std::size_t layers = 12;
    /// Tiles of each layer.
    std::int64_t tiles = 4;
    /// Every layer of this number in a row is spilled; 0: none.
    std::size_t spillEvery = 5;
    /// Rows, columns and channels of all tensors; rows at least `tiles`.
    std::int64_t rows = 56;
    std::int64_t columns = 56;
    std::int64_t channels = 64;
    /// Name of the network and stem of the chip's name.
    std::string name = "sample-net";
    /// Put before each layer's name.
    std::string prefix = "/model/";
};

/// Six compute cores (four for matrix work, one for pooling, one for element-wise work), an off-chip memory, a bus
/// between the cores and one between each core and the off-chip memory. Layers are convolutions, additions and poolings
/// in turn.
explore::Result sample(const SampleOptions& options);

/// 12 layers in 48 tiles.
explore::Result smallSample();
/// 70 layers in about 1000 tiles.
explore::Result largeSample();
/// One task on one core, with nothing to move.
explore::Result singleTask();
/// Nothing at all.
explore::Result emptyResult();

}  // namespace millrace::test
