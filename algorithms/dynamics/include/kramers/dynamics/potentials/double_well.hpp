// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/runtime/config.hpp>

namespace kramers::dynamics {

/// Quartic double well with minima near -1 and +1, V(x) = dV (x^2 - 1)^2 + a x.
///
/// With m = 1 and a = 0 the well and barrier frequencies are omega0^2 = 8 dV, omegab^2 = 4 dV.
template <real T>
struct DoubleWell {
  using value_type = T;
  T barrier;   ///< dV [energy], with lengths in units of half the distance between the minima
  T tilt = 0;  ///< a  [energy / length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T const u = x * x - T(1);
    return barrier * u * u + tilt * x;
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const { return T(-4) * barrier * x * (x * x - T(1)) - tilt; }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const { return barrier * (T(12) * x * x - T(4)); }
};

/// How programs name and read a DoubleWell.
struct DoubleWellKind {
  static constexpr char name[] = "double_well";
  struct Params {
    double barrier, tilt;
  };
  static Params read(Config const& config) {
    return {config.positive<double>("potential.barrier", 1.0), config.get<double>("potential.tilt", 0.0)};
  }
  template <real T, class Space>
  static DoubleWell<T> make(Params const& p, Space const&) {
    return {static_cast<T>(p.barrier), static_cast<T>(p.tilt)};
  }
  static double usual_start(Params const&) { return -1; }
  static bool confines(Params const&) { return true; }
};

}  // namespace kramers::dynamics
