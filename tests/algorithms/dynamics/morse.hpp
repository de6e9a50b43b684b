// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>

namespace kramers::dynamics {

/// Morse bond, V(x) = D (1 - exp(-a (x - x0)))^2.
template <real T>
struct Morse {
  using value_type = T;
  T depth;       ///< D  [energy]
  T decay;       ///< a  [1 / length]
  T centre = 0;  ///< x0 [length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T const e = math::exp(-decay * (x - centre));
    return depth * (T(1) - e) * (T(1) - e);
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    T const e = math::exp(-decay * (x - centre));
    return T(-2) * depth * decay * e * (T(1) - e);
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    T const e = math::exp(-decay * (x - centre));
    return T(2) * depth * decay * decay * e * (T(2) * e - T(1));
  }
};

}  // namespace kramers::dynamics
