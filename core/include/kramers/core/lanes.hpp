// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

namespace kramers {

/// Whether kernels on Space run on a device of many narrow threads rather than on a CPU with wide vectors.
template <class Space>
inline constexpr bool on_device = !Kokkos::SpaceAccessibility<Space, Kokkos::HostSpace>::accessible;

/// Number of walkers that one kernel body advances together: several native vectors on a CPU, one walker on a GPU.
///
/// Kernels keep the state of a pack in plain arrays `T x[W]` and write the arithmetic of one walker inside
/// `for_lanes<W>`; the compiler turns that loop into vector instructions. The lanes never mix, so the bits of a
/// walker do not depend on W (checked by tests/algorithms/ensemble_test.cpp).
template <class Space, class T>
inline constexpr int lane_width = on_device<Space> ? 1 : 256 / static_cast<int>(sizeof(T));

/// Run `body(lane)` for lane = 0 ... W-1; the body must not carry anything from one lane to another.
template <int W, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_lanes(Body const& body) {
  if constexpr (W == 1) {
    body(0);
  } else {
#pragma omp simd
    for (int lane = 0; lane < W; ++lane) body(lane);
  }
}

}  // namespace kramers
