#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

/// Sizes of the machine: eight matrix-vector units (MVUs), one hart of the controller PITO for each.
namespace millrace::targets::barvinn {

inline constexpr int kMvus = 8;
inline constexpr int kHarts = 8;
/// Inputs and outputs of an MVU a cycle: 64 x 64 one-bit products.
inline constexpr int kLanes = 64;

/// Memories of one MVU, in words.
inline constexpr std::size_t kActivationWords = 32768;  ///< of 64 bits: one bit plane of 64 values
inline constexpr std::size_t kWeightWords = 512;        ///< of 4096 bits: one bit plane of 64 x 64 weights
inline constexpr std::size_t kScalerWords = 64;         ///< of 64 x 16 bits, signed
inline constexpr std::size_t kBiasWords = 64;           ///< of 64 x 32 bits, of which 27 count, signed
inline constexpr std::size_t kBankWords = 1024;         ///< activation words in one of the 32 banks

inline constexpr int kAccumulatorBits = 27;  ///< also of the scaled result
inline constexpr int kMaxCountdownBits = 29;
inline constexpr int kJumps = 5;  ///< of an address generator; jump 4 is of the innermost loop

/// The controller.
inline constexpr std::uint32_t kResetPc = 0x00200000;      ///< byte address of instruction word 0
inline constexpr std::uint32_t kDataAddress = 0x00202000;  ///< byte address of data word 0, as the linker script has it
inline constexpr std::size_t kInstructionWords = 8192;
inline constexpr std::size_t kDataWords = 2048;  ///< that the core sees
inline constexpr std::uint32_t kUartAddress = 0x80000000;

/// One bit plane of 64 values: lane i is bit i.
using ActivationWord = std::uint64_t;
/// One bit plane of 64 x 64 weights: entry k is output lane k, its bit c input lane c.
using WeightWord = std::array<std::uint64_t, kLanes>;
using ScalerWord = std::array<std::int16_t, kLanes>;
/// The 32 bits of a lane as they are stored.
using BiasWord = std::array<std::uint32_t, kLanes>;

/// The low `bits` bits of a value read as two's complement, 1 <= bits <= 64.
constexpr std::int64_t signedBits(std::uint64_t value, int bits) {
    const int unused = 64 - bits;
    return static_cast<std::int64_t>(value << unused) >> unused;
}

}  // namespace millrace::targets::barvinn
