// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

// Compilers for devices also read this file for the host, and not all of them know vectors: they take the plain form.
#if defined(__GNUC__) && !defined(__CUDACC__) && !defined(__HIPCC__)
#define KRAMERS_WIDE_WORDS 1
#else
#define KRAMERS_WIDE_WORDS 0
#endif

#if KRAMERS_WIDE_WORDS
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace kramers::detail {

/// Number of 64-bit words in one vector of the CPU that this is compiled for.
#if defined(__AVX512F__)
inline constexpr int native_words = 8;
#elif defined(__AVX2__)
inline constexpr int native_words = 4;
#else
inline constexpr int native_words = 2;
#endif

/// One native vector of 64-bit words, with the operators of integers.
using WideWords = std::uint64_t __attribute__((vector_size(8 * native_words)));

/// The same word in each place.
[[gnu::always_inline]] inline WideWords wide_words(std::uint64_t const word) {
  return WideWords{} + word;
}

/// Products of the low halves, 32 x 32 -> 64 bit; the high halves are ignored. The one operation of Philox that
/// compilers do not find: of a 64-bit product with masked factors GCC makes vpmullq, three instructions on Intel, or
/// without AVX-512 three products, two shifts and two sums.
[[gnu::always_inline]] inline WideWords low_half_product(WideWords const a, WideWords const b) {
#if defined(__AVX512F__)
  return reinterpret_cast<WideWords>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<WideWords>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<WideWords>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#elif defined(__ARM_NEON)
  return reinterpret_cast<WideWords>(
      vmull_u32(vmovn_u64(reinterpret_cast<uint64x2_t>(a)), vmovn_u64(reinterpret_cast<uint64x2_t>(b))));
#else
  constexpr std::uint64_t low_half = 0xffffffffULL;
  return (a & low_half) * (b & low_half);
#endif
}

}  // namespace kramers::detail
#endif
