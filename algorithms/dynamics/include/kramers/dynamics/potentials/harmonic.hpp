// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/runtime/config.hpp>

namespace kramers::dynamics {

/// V(x) = k (x - x0)^2 / 2 - f x; k = 0 gives the free particle (f = 0) or one under a constant force f.
template <real T>
struct Harmonic {
  using value_type = T;
  T stiffness;           ///< k  [energy / length^2]
  T centre = 0;          ///< x0 [length]
  T external_force = 0;  ///< f  [energy / length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T const dx = x - centre;
    return T(0.5) * stiffness * dx * dx - external_force * x;
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const { return external_force - stiffness * (x - centre); }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T) const { return stiffness; }
};

/// How programs name and read a Harmonic.
struct HarmonicKind {
  static constexpr char name[] = "harmonic";
  struct Params {
    double stiffness, centre, external_force;
  };
  static Params read(Config const& config) {
    config.renamed("potential.external_force", "potential.pull");
    return {config.non_negative<double>("potential.stiffness", 1.0), config.get<double>("potential.centre", 0.0),
            config.get<double>("potential.external_force", 0.0)};
  }
  template <real T, class Space>
  static Harmonic<T> make(Params const& p, Space const&) {
    return {static_cast<T>(p.stiffness), static_cast<T>(p.centre), static_cast<T>(p.external_force)};
  }
  static double usual_start(Params const& p) { return p.centre; }
  static bool confines(Params const& p) { return p.stiffness > 0; }
  static bool diffuses(Params const& p) { return p.stiffness == 0; }
};

}  // namespace kramers::dynamics
