#pragma once
#include <cstdint>

#include "targets/barvinn/format/geometry.h"

/// The address generators of an MVU, a step a call (specification of the walk: `format/registers.h`, `Walk`).
namespace millrace::targets::barvinn {

/// Jumps and lengths as the hardware holds them; entry 0 of the lengths is not used.
struct WalkRegisters {
    std::array<std::uint16_t, kJumps> jump{};
    std::array<std::uint16_t, kJumps> length{};
};

/// Offset of a walk with four nested loops and one endless one around them.
class AddressGenerator {
public:
    void clear(const WalkRegisters& walk) {
        left_ = walk.length;
        offset_ = 0;
    }
    std::uint32_t offset() const { return offset_; }

    /// Adds one jump and says which: the outermost loop that came round.
    int step(const WalkRegisters& walk) {
        int level = kJumps - 1;
        while (level > 0 && left_[static_cast<std::size_t>(level)] == 0) --level;
        for (int i = level + 1; i < kJumps; ++i)
            left_[static_cast<std::size_t>(i)] = walk.length[static_cast<std::size_t>(i)];
        if (level > 0) --left_[static_cast<std::size_t>(level)];
        offset_ += walk.jump[static_cast<std::size_t>(level)];
        return level;
    }

private:
    std::array<std::uint16_t, kJumps> left_{};
    std::uint32_t offset_ = 0;  ///< whoever uses it takes the bits that its memory has
};

/// Goes through all pairs of a weight plane and an input plane, by falling weight of their product.
class PlanePairs {
public:
    void clear() { weight_ = input_ = 0, shift_ = false; }
    std::uint32_t weight() const { return weight_ & 63; }
    std::uint32_t input() const { return input_ & 63; }
    /// The first cycle of a pair with a lower weight: the sum is doubled.
    bool shift() const { return shift_; }

    void stay() { shift_ = false; }
    void step(std::uint32_t weightBits, std::uint32_t inputBits) {
        constexpr std::uint32_t kMask = 127;
        shift_ = weight_ == 0 || input_ + 1 == inputBits;
        input_ = (input_ + 1) & kMask;
        weight_ = (weight_ - 1) & kMask;
        if (!shift_) return;
        weight_ = (weight_ + input_ + 1) & kMask;
        input_ = 0;
        if (weight_ >= ((weightBits + inputBits - 1) & kMask)) {
            weight_ = 0;
            shift_ = false;
        } else if (weight_ >= weightBits) {
            input_ = (weight_ - weightBits + 1) & kMask;
            weight_ = (weight_ - input_) & kMask;
        } else if (inputBits == 0) {
            weight_ = 1;
            input_ = kMask;
        }
    }

private:
    std::uint32_t weight_ = 0;
    std::uint32_t input_ = 0;
    bool shift_ = false;
};

}  // namespace millrace::targets::barvinn
