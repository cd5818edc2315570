#pragma once
#include <cstdint>

#include "targets/barvinn/format/geometry.h"

/// The two inner loops of an MVU over its 64 lanes, in the widest form that the processor has. All forms give the same
/// bits.
namespace millrace::targets::barvinn {

/// What a cycle does to the sums. With P = ones in (weights of the lane AND data):
/// sum = kept sum + ((P << doubled) XOR flip) + offset, where the kept sum is 0, the sum, or twice the sum.
struct SumStep {
    enum class Keep : std::uint8_t { nothing, once, twice };
    Keep keep = Keep::once;
    int doubled = 0;        ///< 0 or 1
    std::int64_t flip = 0;  ///< 0, or -1: with 1 in `offset` that negates
    std::int64_t offset = 0;
};

struct Kernel {
    /// 64 sums, 64 weight rows.
    void (*addProducts)(std::int64_t* sums, const std::uint64_t* weights, std::uint64_t data, const SumStep& step);
    /// Bit `bit` (0..31) of 64 values, lane i as bit i.
    std::uint64_t (*plane)(const std::uint32_t* values, int bit);
    const char* name;
};

/// The fastest that this processor runs.
const Kernel& bestKernel();
/// Plain C++: for any processor, and to hold the others against.
const Kernel& portableKernel();

}  // namespace millrace::targets::barvinn
