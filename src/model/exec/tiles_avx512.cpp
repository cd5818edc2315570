#include <utility>

#include "model/exec/tiles.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

namespace millrace::model::exec {

namespace {

constexpr int kLanes = 16;
using Lanes = __m512;

#define LANES_TARGET __attribute__((target("avx512f")))
LANES_TARGET inline Lanes load(const float* from) { return _mm512_loadu_ps(from); }
LANES_TARGET inline void store(float* to, Lanes value) { _mm512_storeu_ps(to, value); }
LANES_TARGET inline Lanes spread(float value) { return _mm512_set1_ps(value); }
LANES_TARGET inline Lanes multiplyAdd(Lanes a, Lanes b, Lanes sum) { return _mm512_fmadd_ps(a, b, sum); }

#include "model/exec/lanes.inc"

}  // namespace

const TileKernels* avx512Tiles() {
    static const TileKernels kernels = makeKernels<12>();
    return __builtin_cpu_supports("avx512f") ? &kernels : nullptr;
}

}  // namespace millrace::model::exec
#else
namespace millrace::model::exec {

const TileKernels* avx512Tiles() { return nullptr; }

}  // namespace millrace::model::exec
#endif
