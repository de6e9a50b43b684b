// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace kramers {

/// Whether kernels on Space run on a device of many narrow threads rather than on a CPU with wide vectors.
template <class Space>
inline constexpr bool on_device = !Kokkos::SpaceAccessibility<Space, Kokkos::HostSpace>::accessible;

/// Number of walkers that one kernel body advances together: several native vectors on a CPU, one walker on a GPU.
///
/// Kernels keep the state of a pack in plain arrays `T x[W]` and write the arithmetic of one walker inside
/// `for_lanes<W>`; the compiler turns that loop into vector instructions. The lanes never mix, so the bits of a
/// walker do not depend on W (checked by tests/algorithms/dynamics/ensemble_test.cpp).
template <class Space, class>
inline constexpr int lane_width = on_device<Space> ? 1 : 64;

/// Counter of a loop over W lanes. GCC takes as many lanes at a time as a vector holds of the narrowest type in the loop;
/// with this counter a body that uses its lane number is done for all W lanes (of 64-byte vectors) at once, and their
/// independent chains of instructions interleave, which a processor's own look-ahead is too short for.
template <int W>
using LaneCounter = std::conditional_t<
    (W > 32), std::uint8_t,
    std::conditional_t<(W > 16), std::uint16_t, std::conditional_t<(W > 8), std::uint32_t, std::uint64_t>>>;

/// Run `body(lane)` for lane = 0 ... W-1; the body must not carry anything from one lane to another.
template <int W, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_lanes(Body const& body) {
  if constexpr (W == 1) {
    body(0);
  } else {
    static_assert(W <= 128, "for_lanes: the counter must be able to pass W");
#pragma omp simd
    for (LaneCounter<W> lane = 0; lane < W; ++lane) body(static_cast<int>(lane));
  }
}

namespace detail {
template <class Body, int... I>
KOKKOS_FORCEINLINE_FUNCTION void each_in_turn(Body const& body, std::integer_sequence<int, I...>) {
  (body(I), ...);
}
}  // namespace detail

/// body(i) for i = 0 ... N-1 in turn, for packs of W lanes. For one lane there is no loop, so that arrays indexed by i
/// can stay in registers; wider packs lie in memory.
template <int W, int N, class Body>
KOKKOS_FORCEINLINE_FUNCTION void in_turn(Body const& body) {
  if constexpr (W == 1) {
    detail::each_in_turn(body, std::make_integer_sequence<int, N>{});
  } else {
    for (int i = 0; i < N; ++i) body(i);
  }
}

/// rows[which][lane], where `which` is known at run time only. A pack of one lane lives in registers, which cannot be
/// indexed, so all rows are read; wider packs lie in memory.
template <class T, int Rows, int W>
KOKKOS_FORCEINLINE_FUNCTION T row_of_lane(T const (&rows)[Rows][W], int const which, int const lane) {
  if constexpr (Rows == 1) {
    return rows[0][lane];
  } else if constexpr (W > 1) {
    return rows[which][lane];
  } else {
    T chosen = rows[0][lane];
    for (int row = 1; row < Rows; ++row) {
      T const here =
          rows[row][lane];  // in any case: compilers make one read at a chosen address of two conditional ones
      chosen = row == which ? here : chosen;
    }
    return chosen;
  }
}

/// Whether `test(lane)` holds for any lane = 0 ... W-1.
template <int W, class Test>
KOKKOS_FORCEINLINE_FUNCTION bool any_lane(Test const& test) {
  int any = 0;
#pragma omp simd reduction(| : any)
  for (int lane = 0; lane < W; ++lane) any |= test(lane) ? 1 : 0;
  return any != 0;
}

}  // namespace kramers
