// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/core/philox.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers {

/// Number of normals that one Philox block gives: 2 doubles or 4 floats.
template <class T>
inline constexpr int normals_per_block = sizeof(T) == 8 ? 2 : 4;

namespace detail {

using math::detail::Bits;
using math::detail::FloatFormat;
using math::detail::from_bits;
using math::detail::to_bits;

/// Two independent standard normals from a radius^2 / 2 and an angle 2 pi (1/8 + r) in the first quadrant, moved to
/// one of the four quadrants by the top bits of s0 and s1.
///
/// Box-Muller with cos(a) = (cos b - sin b) / sqrt(2), sin(a) = (cos b + sin b) / sqrt(2), b = a - pi/4: the factor 2 of
/// the radius cancels, and random signs replace the range reduction of the angle.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void box_muller(T half_radius_squared, T r, Bits<T> s0, Bits<T> s1, T& z0, T& z1) {
  using F = FloatFormat<T>;
  T s;
  T c;
  math::detail::sincos_2pi_octant(r, s, c);
  T const radius = math::sqrt(half_radius_squared);
  z0 = from_bits(static_cast<Bits<T>>(to_bits(radius * (c + s)) ^ (s0 & F::sign)));
  z1 = from_bits(static_cast<Bits<T>>(to_bits(radius * (c - s)) ^ (s1 & F::sign)));
}

/// Two doubles from 128 bits: 52 bits of `a` for the radius, 52 + 2 bits of `b` for the angle.
KOKKOS_FORCEINLINE_FUNCTION void normal_pair(std::uint64_t a, std::uint64_t b, double& z0, double& z1) {
  using F = FloatFormat<double>;
  double const u = 2.0 - from_bits((a & F::significand) | F::one);        // a multiple of 2^-52 in (0, 1]
  double const r = from_bits((b & F::significand) | F::quarter) - 0.375;  // in [-1/8, 1/8)
  box_muller(math::detail::minus_log_unit(u), r, b, b << 1, z0, z1);
}

/// Two floats from 64 bits: 32 bits for the radius, 30 + 2 bits for the angle.
KOKKOS_FORCEINLINE_FUNCTION void normal_pair(std::uint32_t a, std::uint32_t b, float& z0, float& z1) {
  float const u = math::fma(static_cast<float>(a), 0x1p-32F, 0x1p-33F);              // in [2^-33, 1]
  float const r = static_cast<float>(static_cast<std::int32_t>(b << 2)) * 0x1p-34F;  // in [-1/8, 1/8]
  box_muller(math::detail::minus_log_unit(u), r, b, b << 1, z0, z1);
}

/// The normals_per_block<T> numbers of one Philox block, given as the two words of philox_pair.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void normals_of_words(std::uint64_t w01, std::uint64_t w23, T (&z)[normals_per_block<T>]) {
  if constexpr (sizeof(T) == 8) {
    normal_pair(w01, w23, z[0], z[1]);
  } else {
    normal_pair(static_cast<std::uint32_t>(w01 >> 32), static_cast<std::uint32_t>(w01), z[0], z[1]);
    normal_pair(static_cast<std::uint32_t>(w23 >> 32), static_cast<std::uint32_t>(w23), z[2], z[3]);
  }
}

}  // namespace detail

/// Independent standard normals of one walker, step and stream: a pure function with the same bits on every backend.
///
/// Box-Muller from all the bits of one Philox block, so the tails end where the bits do:
/// |z| <= sqrt(2 ln 2^52) = 8.49 for double (probability beyond: 2e-17 per number),
/// |z| <= sqrt(2 ln 2^33) = 6.76 for float (1.4e-11). Float also has no resolution below a radius of 3.5e-4, where
/// the uniform rounds to 1 (one pair in 3e7 is exactly zero).
///
/// @param[in]  seed    of the ensemble, any 64-bit number
/// @param[in]  id      of the walker, any 64-bit number
/// @param[in]  step    index of the draw block, < 2^48
/// @param[in]  stream  what the numbers are for
/// @param[out] z       normals_per_block<T> numbers
/// @see  Source   Box, Muller, Ann. Math. Stat. 29, 610 (1958); Checked by tests/core/normal_test.cpp
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void normal_block(std::uint64_t seed, std::uint64_t id, std::uint64_t step, Stream stream,
                                              T (&z)[normals_per_block<T>]) {
  std::uint64_t w01;
  std::uint64_t w23;
  detail::philox_pair(seed, detail::philox_counter(id, step, stream), w01, w23);
  detail::normals_of_words(w01, w23, z);
}

}  // namespace kramers
