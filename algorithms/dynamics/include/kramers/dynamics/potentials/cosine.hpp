// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>
#include <kramers/runtime/config.hpp>

namespace kramers::dynamics {

/// Washboard of period L and barrier dV under a constant force f,
/// V(x) = (dV / 2) (1 - cos(2 pi x / L)) - f x; positions are not wrapped, so displacements stay meaningful.
template <real T>
struct PeriodicCosine {
  using value_type = T;
  T barrier;             ///< dV [energy]
  T period;              ///< L  [length]
  T external_force = 0;  ///< f  [energy / length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return T(0.5) * barrier * (T(1) - c) - external_force * x;
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return external_force - T(0.5) * barrier * (two_pi / period) * s;
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    T s, c;
    math::sincos_2pi(x / period, s, c);
    return T(0.5) * barrier * (two_pi / period) * (two_pi / period) * c;
  }

 private:
  static constexpr T two_pi = T(6.283185307179586476925286766559);
};

/// How programs name and read a PeriodicCosine.
struct CosineKind {
  static constexpr char name[] = "cosine";
  struct Params {
    double barrier, period, external_force;
  };
  static Params read(Config const& config) {
    config.renamed("potential.external_force", "potential.pull");
    return {config.non_negative<double>("potential.barrier", 1.0), config.positive<double>("potential.period", 1.0),
            config.get<double>("potential.external_force", 0.0)};
  }
  template <real T, class Space>
  static PeriodicCosine<T> make(Params const& p, Space const&) {
    return {static_cast<T>(p.barrier), static_cast<T>(p.period), static_cast<T>(p.external_force)};
  }
  static double usual_start(Params const&) { return 0; }
  static bool confines(Params const&) { return false; }
  static bool diffuses(Params const&) { return true; }
};

}  // namespace kramers::dynamics
