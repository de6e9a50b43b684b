// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/philox.hpp>
#include <kramers/core/wide_words.hpp>

#include <cstdint>

namespace kramers::detail {

/// philox_pair for W counters id[lane], one lane after the other as the compiler likes it: the reference of the form
/// below, and what is left where this file is read by a compiler for devices.
template <int W>
KOKKOS_FORCEINLINE_FUNCTION void philox_pairs_plain(std::uint64_t const seed, std::uint64_t const (&id)[W],
                                                    std::uint64_t const step, Stream const stream,
                                                    std::uint64_t (&w01)[W], std::uint64_t (&w23)[W]) {
  for_lanes<W>([&](int const l) { philox_pair(seed, philox_counter(id[l], step, stream), w01[l], w23[l]); });
}

#if KRAMERS_WIDE_WORDS
/// The same in vectors of the CPU. `chains` of them go through the rounds together, since a product takes several
/// cycles; their high halves need no clearing, because neither low_half_product nor the shifts see them.
template <int chains, int W>
[[gnu::always_inline]] inline void philox_pairs_wide(std::uint64_t const seed, std::uint64_t const (&id)[W],
                                                     std::uint64_t const step, Stream const stream,
                                                     std::uint64_t (&w01)[W], std::uint64_t (&w23)[W]) {
  constexpr int at_once = chains * native_words;
  static_assert(W % at_once == 0);
  WideWords const multiplier_0 = wide_words(philox_multiplier_0), multiplier_1 = wide_words(philox_multiplier_1);
  PhiloxState const counter = philox_counter(0, step, stream);
  for (int first = 0; first < W; first += at_once) {
    WideWords a[chains], b[chains], c[chains], d[chains];
    for (int i = 0; i < chains; ++i) {
      __builtin_memcpy(&a[i], &id[first + i * native_words], sizeof(WideWords));
      b[i] = a[i] >> 32;
      c[i] = wide_words(counter.c);
      d[i] = wide_words(counter.d);
    }
    auto k0 = static_cast<std::uint32_t>(seed);
    auto k1 = static_cast<std::uint32_t>(seed >> 32);
    // Without a loop no word has to move to the place where the next round expects it; clang would call nine times.
    in_turn<1, 9>([&](int) __attribute__((always_inline)) {
      WideWords const key_0 = wide_words(k0), key_1 = wide_words(k1);
      for (int i = 0; i < chains; ++i) {
        WideWords const p0 = low_half_product(multiplier_0, a[i]), p1 = low_half_product(multiplier_1, c[i]);
        a[i] = (p1 >> 32) ^ b[i] ^ key_0;
        b[i] = p1;
        c[i] = (p0 >> 32) ^ d[i] ^ key_1;
        d[i] = p0;
      }
      k0 += philox_weyl_0;
      k1 += philox_weyl_1;
    });
    WideWords const key_0 = wide_words(std::uint64_t{k0} << 32), key_1 = wide_words(std::uint64_t{k1} << 32);
    for (int i = 0; i < chains; ++i) {
      WideWords const high = low_half_product(multiplier_1, c[i]) ^ (b[i] << 32) ^ key_0;
      WideWords const low = low_half_product(multiplier_0, a[i]) ^ (d[i] << 32) ^ key_1;
      __builtin_memcpy(&w01[first + i * native_words], &high, sizeof(WideWords));
      __builtin_memcpy(&w23[first + i * native_words], &low, sizeof(WideWords));
    }
  }
}
#endif

/// Philox blocks of the W counters (id[lane], step, stream) under one key, each as the two words of philox_pair.
template <int W>
KOKKOS_FORCEINLINE_FUNCTION void philox_pairs(std::uint64_t const seed, std::uint64_t const (&id)[W],
                                              std::uint64_t const step, Stream const stream, std::uint64_t (&w01)[W],
                                              std::uint64_t (&w23)[W]) {
#if KRAMERS_WIDE_WORDS
  if constexpr (W % (4 * native_words) == 0) {
    philox_pairs_wide<4>(seed, id, step, stream, w01, w23);
  } else {
    philox_pairs_plain(seed, id, step, stream, w01, w23);
  }
#else
  philox_pairs_plain(seed, id, step, stream, w01, w23);
#endif
}

}  // namespace kramers::detail
