// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers {

/// What a random number is used for. Each use has its own stream, so that no two uses ever share a number.
/// The values are part of the file formats: never renumber, only append.
enum class Stream : std::uint16_t {
  dynamics = 0,            ///< noise of the integrators; step = index of the draw block
  initial_position = 1,    ///< starting positions
  initial_velocity = 2,    ///< starting velocities
  spread_offset = 3,       ///< Gaussian offsets of the members of a spread map
  spread_dynamics = 5,     ///< noise of the members of a spread map; step = index of the draw block
  initial_parameters = 6,  ///< weights of a network; id = place in its arena
  data_order = 7,          ///< shuffling of samples; step = epoch
  dropout = 8,             ///< which elements are dropped; step = optimiser step
  held_out = 9,            ///< which samples are held out; id = sample
  test_points = 10,        ///< random points at which a classifier is shown; id = point
};

/// 128 random bits: the four output words of Philox4x32 in the order of the paper.
struct PhiloxBlock {
  std::uint32_t w0, w1, w2, w3;
  friend constexpr bool operator==(PhiloxBlock const&, PhiloxBlock const&) = default;
};

namespace detail {

/// State of Philox4x32 between two rounds. Each 32-bit word sits in a 64-bit integer, because that is the form in which
/// a vector unit multiplies; the high halves are kept zero off the critical path, so that no product waits for a mask.
struct PhiloxState {
  std::uint64_t a, b, c, d;
};

inline constexpr std::uint64_t low_half = 0xffffffffULL;
inline constexpr std::uint64_t philox_multiplier_0 = 0xD2511F53ULL;
inline constexpr std::uint64_t philox_multiplier_1 = 0xCD9E8D57ULL;
inline constexpr std::uint32_t philox_weyl_0 = 0x9E3779B9U;
inline constexpr std::uint32_t philox_weyl_1 = 0xBB67AE85U;

KOKKOS_FORCEINLINE_FUNCTION constexpr std::uint64_t philox_product_0(std::uint64_t a) {
  return philox_multiplier_0 * a;
}
KOKKOS_FORCEINLINE_FUNCTION constexpr std::uint64_t philox_product_1(std::uint64_t c) {
  return philox_multiplier_1 * c;
}

/// The counter after the first nine rounds, and in k0, k1 the key of the tenth.
KOKKOS_FORCEINLINE_FUNCTION constexpr PhiloxState philox_nine_rounds(PhiloxState s, std::uint32_t& k0,
                                                                     std::uint32_t& k1) {
  for (int round = 0; round < 9; ++round) {
    std::uint64_t const p0 = philox_product_0(s.a);
    std::uint64_t const p1 = philox_product_1(s.c);
    s = {(p1 >> 32) ^ s.b ^ k0, p1 & low_half, (p0 >> 32) ^ s.d ^ k1, p0 & low_half};
    k0 += philox_weyl_0;
    k1 += philox_weyl_1;
  }
  return s;
}

/// The counter of the project: walker id in the first two words, 48-bit step and 16-bit stream in the last two.
KOKKOS_FORCEINLINE_FUNCTION constexpr PhiloxState philox_counter(std::uint64_t id, std::uint64_t step, Stream stream) {
  return {id & low_half, id >> 32, step & low_half,
          ((step >> 32) & 0xffffULL) | (static_cast<std::uint64_t>(stream) << 16)};
}

/// Philox4x32-10 as two 64-bit words, w0:w1 and w2:w3 (first word in the high half). The last round lands in this
/// form without unpacking its products.
KOKKOS_FORCEINLINE_FUNCTION constexpr void philox_pair(std::uint64_t key, PhiloxState s, std::uint64_t& w01,
                                                       std::uint64_t& w23) {
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  s = philox_nine_rounds(s, k0, k1);
  w01 = philox_product_1(s.c) ^ (s.b << 32) ^ (static_cast<std::uint64_t>(k0) << 32);
  w23 = philox_product_0(s.a) ^ (s.d << 32) ^ (static_cast<std::uint64_t>(k1) << 32);
}

}  // namespace detail

/// Philox4x32-10, a bijection of the 128-bit counter chosen by the 64-bit key (low word first).
///
/// @note Cost     20 multiplications 32 x 32 -> 64 bit; no state, no memory
/// @see  Source   Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), section 4.3;
///                checked against the published vectors in tests/core/philox_test.cpp
KOKKOS_FORCEINLINE_FUNCTION constexpr PhiloxBlock philox4x32(std::uint64_t key, PhiloxBlock const& counter) {
  std::uint64_t w01 = 0;
  std::uint64_t w23 = 0;
  detail::philox_pair(key, {counter.w0, counter.w1, counter.w2, counter.w3}, w01, w23);
  return {static_cast<std::uint32_t>(w01 >> 32), static_cast<std::uint32_t>(w01), static_cast<std::uint32_t>(w23 >> 32),
          static_cast<std::uint32_t>(w23)};
}

/// The 128 random bits that belong to one walker, step and stream of the ensemble with this seed.
///
/// A pure function: any walker can be replayed from (seed, id) alone, on any machine. The seed is the key and never
/// enters the counter, so no two seeds give shifted copies of the same noise.
///
/// @param[in] seed    any 64-bit number
/// @param[in] id      of the walker, any 64-bit number
/// @param[in] step    index of the block, < 2^48 (higher bits are ignored)
/// @param[in] stream  what the numbers are for
KOKKOS_FORCEINLINE_FUNCTION constexpr PhiloxBlock philox_block(std::uint64_t seed, std::uint64_t id, std::uint64_t step,
                                                               Stream stream) {
  detail::PhiloxState const c = detail::philox_counter(id, step, stream);
  return philox4x32(seed, {static_cast<std::uint32_t>(c.a), static_cast<std::uint32_t>(c.b),
                           static_cast<std::uint32_t>(c.c), static_cast<std::uint32_t>(c.d)});
}

}  // namespace kramers
