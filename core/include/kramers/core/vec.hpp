// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

namespace kramers {

/// A point or vector of D components, D known at compile time.
template <class T, int D>
struct Vec {
  T component[D];

  KOKKOS_FORCEINLINE_FUNCTION constexpr T& operator[](int d) { return component[d]; }
  KOKKOS_FORCEINLINE_FUNCTION constexpr T const& operator[](int d) const { return component[d]; }
};

}  // namespace kramers
