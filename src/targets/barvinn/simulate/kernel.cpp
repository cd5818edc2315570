#include "targets/barvinn/simulate/kernel.h"

#include <bit>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define MILLRACE_X86 1
#include <immintrin.h>
#endif

namespace millrace::targets::barvinn {

namespace {

std::int64_t kept(std::int64_t sum, SumStep::Keep keep) {
    if (keep == SumStep::Keep::nothing) return 0;
    return keep == SumStep::Keep::twice ? static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) << 1) : sum;
}

void addProductsPortable(std::int64_t* sums, const std::uint64_t* weights, std::uint64_t data, const SumStep& step) {
    for (int lane = 0; lane < kLanes; ++lane) {
        const auto ones = static_cast<std::int64_t>(std::popcount(weights[lane] & data));
        const auto term = static_cast<std::uint64_t>(((ones << step.doubled) ^ step.flip) + step.offset);
        sums[lane] = static_cast<std::int64_t>(static_cast<std::uint64_t>(kept(sums[lane], step.keep)) + term);
    }
}

std::uint64_t planePortable(const std::uint32_t* values, int bit) {
    std::uint64_t word = 0;
    for (int lane = 0; lane < kLanes; ++lane) word |= std::uint64_t{values[lane] >> bit & 1U} << lane;
    return word;
}

constexpr Kernel kPortable{addProductsPortable, planePortable, "portable"};

#ifdef MILLRACE_X86

/// Mask and shift that turn a sum into the kept sum.
struct KeepBits {
    std::int64_t mask;
    int shift;
};
KeepBits keepBits(SumStep::Keep keep) {
    return {keep == SumStep::Keep::nothing ? 0 : -1, keep == SumStep::Keep::twice ? 1 : 0};
}

__attribute__((target("avx2"))) void addProductsAvx2(std::int64_t* sums, const std::uint64_t* weights,
                                                     std::uint64_t data, const SumStep& step) {
    const KeepBits keep = keepBits(step.keep);
    const __m256i word = _mm256_set1_epi64x(static_cast<std::int64_t>(data));
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i counts = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i mask = _mm256_set1_epi64x(keep.mask);
    const __m256i flip = _mm256_set1_epi64x(step.flip);
    const __m256i offset = _mm256_set1_epi64x(step.offset);
    const __m128i shift = _mm_cvtsi32_si128(keep.shift);
    const __m128i doubled = _mm_cvtsi32_si128(step.doubled);
    for (int lane = 0; lane < kLanes; lane += 4) {
        const auto* from = static_cast<const __m256i*>(static_cast<const void*>(weights + lane));
        auto* to = static_cast<__m256i*>(static_cast<void*>(sums + lane));
        const __m256i bits = _mm256_and_si256(_mm256_loadu_si256(from), word);
        const __m256i right = _mm256_shuffle_epi8(counts, _mm256_and_si256(bits, low));
        const __m256i left = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low));
        const __m256i ones = _mm256_sad_epu8(_mm256_add_epi8(left, right), _mm256_setzero_si256());
        const __m256i term = _mm256_add_epi64(_mm256_xor_si256(_mm256_sll_epi64(ones, doubled), flip), offset);
        const __m256i old = _mm256_sll_epi64(_mm256_and_si256(_mm256_loadu_si256(to), mask), shift);
        _mm256_storeu_si256(to, _mm256_add_epi64(old, term));
    }
}

__attribute__((target("avx2"))) std::uint64_t planeAvx2(const std::uint32_t* values, int bit) {
    const __m128i shift = _mm_cvtsi32_si128(31 - bit);
    std::uint64_t word = 0;
    for (int lane = 0; lane < kLanes; lane += 8) {
        const auto* from = static_cast<const __m256i*>(static_cast<const void*>(values + lane));
        const __m256i top = _mm256_sll_epi32(_mm256_loadu_si256(from), shift);
        const auto bits = static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(top)));
        word |= std::uint64_t{bits} << lane;
    }
    return word;
}

constexpr Kernel kAvx2{addProductsAvx2, planeAvx2, "avx2"};

__attribute__((target("avx512f,avx512vpopcntdq"))) void addProductsAvx512(std::int64_t* sums,
                                                                          const std::uint64_t* weights,
                                                                          std::uint64_t data, const SumStep& step) {
    const KeepBits keep = keepBits(step.keep);
    const __m512i word = _mm512_set1_epi64(static_cast<std::int64_t>(data));
    const __m512i mask = _mm512_set1_epi64(keep.mask);
    const __m512i flip = _mm512_set1_epi64(step.flip);
    const __m512i offset = _mm512_set1_epi64(step.offset);
    const __m128i shift = _mm_cvtsi32_si128(keep.shift);
    const __m128i doubled = _mm_cvtsi32_si128(step.doubled);
    for (int lane = 0; lane < kLanes; lane += 8) {
        const __m512i ones = _mm512_popcnt_epi64(_mm512_and_si512(_mm512_loadu_si512(weights + lane), word));
        // The forms with a mask, of all lanes: g++ 12 warns about its own headers otherwise.
        const __m512i twice = _mm512_maskz_sll_epi64(0xff, ones, doubled);
        const __m512i term = _mm512_add_epi64(_mm512_xor_si512(twice, flip), offset);
        const __m512i kept = _mm512_and_si512(_mm512_loadu_si512(sums + lane), mask);
        const __m512i old = _mm512_maskz_sll_epi64(0xff, kept, shift);
        _mm512_storeu_si512(sums + lane, _mm512_add_epi64(old, term));
    }
}

constexpr Kernel kAvx512{addProductsAvx512, planeAvx2, "avx512"};

#endif

}  // namespace

const Kernel& portableKernel() { return kPortable; }

const Kernel& bestKernel() {
#ifdef MILLRACE_X86
    const bool avx2 = __builtin_cpu_supports("avx2") != 0;
    if (avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vpopcntdq") != 0)
        return kAvx512;
    if (avx2) return kAvx2;
#endif
    return kPortable;
}

}  // namespace millrace::targets::barvinn
