#include "model/exec/tiles.h"

#include <bit>
#include <utility>

namespace millrace::model::exec {

namespace {

constexpr int kLanes = 4;

struct Lanes {
    float lane[kLanes];
};

// The exact product in double, plus `sum` rounded to odd, rounds to the float that fma gives.
inline float fused(float a, float b, float sum) {
    const double product = static_cast<double>(a) * static_cast<double>(b);
    const double addend = sum;
    const double total = product + addend;
    const double part = total - product;
    const double error = (product - (total - part)) + (addend - part);
    const auto bits = std::bit_cast<std::int64_t>(total);
    const bool finite = (bits & 0x7ff0000000000000) != 0x7ff0000000000000;
    const std::int64_t step = (error > 0) == (total > 0) ? 1 : -1;
    const bool inexact = finite && error != 0 && (bits & 1) == 0;
    return static_cast<float>(std::bit_cast<double>(bits + (inexact ? step : 0)));
}

#define LANES_TARGET
inline Lanes load(const float* from) { return {from[0], from[1], from[2], from[3]}; }
inline void store(float* to, const Lanes& value) {
    for (int i = 0; i < kLanes; ++i) to[i] = value.lane[i];
}
inline Lanes spread(float value) { return {value, value, value, value}; }
inline Lanes multiplyAdd(const Lanes& a, const Lanes& b, const Lanes& sum) {
    Lanes result;
    for (int i = 0; i < kLanes; ++i) result.lane[i] = fused(a.lane[i], b.lane[i], sum.lane[i]);
    return result;
}

#include "model/exec/lanes.inc"

}  // namespace

const TileKernels& portableTiles() {
    static const TileKernels kernels = makeKernels<4>();
    return kernels;
}

const TileKernels& tileKernels() {
    static const TileKernels& best = *allTileKernels().back();
    return best;
}

std::vector<const TileKernels*> allTileKernels() {
    std::vector<const TileKernels*> all{&portableTiles()};
    for (const TileKernels* kernels : {avx2Tiles(), avx512Tiles()}) {
        if (kernels != nullptr) all.push_back(kernels);
    }
    return all;
}

}  // namespace millrace::model::exec
