#include <utility>

#include "model/exec/tiles.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

namespace millrace::model::exec {

namespace {

constexpr int kLanes = 8;
using Lanes = __m256;

#define LANES_TARGET __attribute__((target("avx2,fma")))
LANES_TARGET inline Lanes load(const float* from) { return _mm256_loadu_ps(from); }
LANES_TARGET inline void store(float* to, Lanes value) { _mm256_storeu_ps(to, value); }
LANES_TARGET inline Lanes spread(float value) { return _mm256_set1_ps(value); }
LANES_TARGET inline Lanes multiplyAdd(Lanes a, Lanes b, Lanes sum) { return _mm256_fmadd_ps(a, b, sum); }

#include "model/exec/lanes.inc"

}  // namespace

const TileKernels* avx2Tiles() {
    static const TileKernels kernels = makeKernels<6>();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : nullptr;
}

}  // namespace millrace::model::exec
#else
namespace millrace::model::exec {

const TileKernels* avx2Tiles() { return nullptr; }

}  // namespace millrace::model::exec
#endif
