// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>

namespace kramers::dynamics {

/// Washboard of period L and barrier dV under a constant force f,
/// V(x) = (dV / 2) (1 - cos(2 pi x / L)) - f x; positions are not wrapped, so displacements stay meaningful.
template <real T>
struct PeriodicCosine {
  using value_type = T;
  T barrier;            ///< dV [energy]
  T period;             ///< L  [length]
  T constant_pull = 0;  ///< f  [energy / length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return T(0.5) * barrier * (T(1) - c) - constant_pull * x;
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return constant_pull - T(0.5) * barrier * (two_pi / period) * s;
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return T(0.5) * barrier * (two_pi / period) * (two_pi / period) * c;
  }
  KOKKOS_FORCEINLINE_FUNCTION T energy_scale() const { return barrier; }

 private:
  static constexpr T two_pi = T(6.283185307179586476925286766559);
};

}  // namespace kramers::dynamics
