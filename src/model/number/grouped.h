#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Grouped floating point: eight channels of a pixel share one exponent; 80 bits a group ("GBF80").
///
/// **Value.** Lane i stands for (-1)^negative * magnitude / 128 * 2^(exponent - 127), with an 8-bit magnitude that has
/// no hidden bit. The exponent 255 is float32's: a magnitude of 128 is infinite there, a larger one NaN, and smaller
/// ones are the numbers that the formula gives.
///
/// **Encoding** rounds twice, each time to the nearest with ties away from zero: first every lane to 8 significant bits
/// (bfloat16), then, with the largest exponent of the eight, to a whole magnitude. So a lane whose exponent lies g
/// below the largest loses g bits; at g = 8 it becomes 0 or the last place, from g = 9 on it is zero. Zero stays zero,
/// whatever stands beside it, and has no sign. Infinite and NaN lanes stay so and take all finite lanes to exponent
/// 255: those below 2^120 become zero.
///
/// **Decoding** is exact (subnormal float32 included).
///
/// **Bytes.** A little-endian word of 80 bits: lane i has its magnitude in bits 9i..9i+7 and its sign in bit 9i+8, the
/// exponent stands in bits 72..79. Tensors are pixels of channels (N, H, W, C order); channels are filled up with zeros
/// to a multiple of eight per pixel, and rows, where asked for, with zero bytes to a multiple of four.
namespace millrace::model::number {

inline constexpr std::size_t kGroupLanes = 8;
inline constexpr std::size_t kGroupBytes = 10;

struct Group {
    std::uint8_t exponent = 0;
    std::array<std::uint8_t, kGroupLanes> magnitude{};
    std::array<bool, kGroupLanes> negative{};

    bool operator==(const Group&) const = default;
};

Group encodeGroup(std::span<const float, kGroupLanes> values);
std::array<float, kGroupLanes> decodeGroup(const Group& group);

std::array<std::uint8_t, kGroupBytes> pack(const Group& group);
Group unpack(std::span<const std::uint8_t, kGroupBytes> bytes);

/// How a tensor lies in bytes.
struct GroupedLayout {
    std::size_t channels = kGroupLanes;  ///< of a pixel, at least 1
    /// Pixels of a row that is filled up to a multiple of four bytes; 0: rows are not filled up.
    std::size_t rowPixels = 0;

    /// Bytes of so many pixels (whole rows, if rows are filled up).
    std::size_t bytes(std::size_t pixels) const;
};

/// Pixels of `layout.channels` values each, and whole rows if rows are filled up.
std::vector<std::uint8_t> encodeGrouped(std::span<const float> values, const GroupedLayout& layout);
/// Nothing if the bytes are not those of `pixels` pixels.
std::optional<std::vector<float>> decodeGrouped(std::span<const std::uint8_t> bytes, std::size_t pixels,
                                                const GroupedLayout& layout);

/// What is left of the values when they have been stored so: decoding of encoding, in place.
void roundGrouped(std::span<float> values, std::size_t channels);

}  // namespace millrace::model::number
