// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

namespace kramers {

/// Sum of 2^k numbers by halving, (a[i] + a[i + n/2]) first: one tree for all backends, thread counts and widths.
/// `a` is used as work space.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T tree_sum(T* a, int n) {
  for (int half = n / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) a[i] += a[i + half];
  }
  return a[0];
}

}  // namespace kramers
