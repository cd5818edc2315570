#pragma once
#include <cstdint>
#include <vector>

/// The innermost loops of convolutions and matrix products, for several instruction sets.
///
/// Every product is added with one rounding, fma(a, b, sum), in the order of the reduction: explicit fused arithmetic,
/// in single precision. Vectors run over independent sums only. So every instruction set gives the same bytes as the
/// plain loop with std::fma, and tests hold them against it.
namespace millrace::model::exec {

inline constexpr int kMostTileRows = 12;

enum class TileStart : std::uint8_t {
    zero,     ///< sums start at zero
    initial,  ///< sums of row r start at initial[r]
    result,   ///< sums go on from what `result` holds
};

/// result[r * pitch + c] = start + sum over k < depth of left[k * rows + r] * right[k * columns + c].
using TileKernel = void (*)(std::int64_t depth, const float* left, const float* right, float* result,
                            std::int64_t pitch, TileStart start, const float* initial);

struct TileKernels {
    int lanes = 0;  ///< floats of a vector
    int rows = 0;   ///< rows of the largest tile
    /// [vectors - 1][rows - 1]: a tile of that many rows and vectors * lanes columns.
    TileKernel tiles[2][kMostTileRows] = {};
    /// result[i] = initial + sum over t < taps of weights[t] * source[offsets[t] + i], 0 <= i < count. Reads and writes
    /// up to lanes - 1 floats beyond `count`.
    void (*weightedSum)(const float* source, const std::int64_t* offsets, const float* weights, std::int64_t taps,
                        float initial, float* result, std::int64_t count) = nullptr;

    int columns() const { return 2 * lanes; }
};

/// For any machine. Where there is no fused instruction it is computed exactly in double precision.
const TileKernels& portableTiles();
/// Null where compiler or machine lack them.
const TileKernels* avx2Tiles();
const TileKernels* avx512Tiles();

/// The fastest of this machine.
const TileKernels& tileKernels();
/// All that this machine has; for tests.
std::vector<const TileKernels*> allTileKernels();

}  // namespace millrace::model::exec
