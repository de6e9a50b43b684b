// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>

namespace kramers::dynamics {

/// V(x) = k (x - x0)^2 / 2 - f x; k = 0 gives the free particle (f = 0) or one under a constant force f.
template <real T>
struct Harmonic {
  using value_type = T;
  T stiffness;          ///< k  [energy / length^2]
  T centre = 0;         ///< x0 [length]
  T constant_pull = 0;  ///< f  [energy / length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T const dx = x - centre;
    return T(0.5) * stiffness * dx * dx - constant_pull * x;
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const { return constant_pull - stiffness * (x - centre); }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T) const { return stiffness; }
  KOKKOS_FORCEINLINE_FUNCTION T energy_scale() const { return stiffness; }
};

}  // namespace kramers::dynamics
