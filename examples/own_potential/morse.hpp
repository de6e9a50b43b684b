// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>

namespace example {

/// Morse bond, V(x) = D (1 - exp(-a (x - x0)))^2, as a profile along one coordinate: pure, branch-free functions.
template <kramers::real T>
struct Morse {
  using value_type = T;
  T depth;       ///< D  [energy]
  T decay;       ///< a  [1 / length]
  T centre = 0;  ///< x0 [length]

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    T const e = kramers::math::exp(-decay * (x - centre));
    return depth * (T(1) - e) * (T(1) - e);
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    T const e = kramers::math::exp(-decay * (x - centre));
    return T(-2) * depth * decay * e * (T(1) - e);
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    T const e = kramers::math::exp(-decay * (x - centre));
    return T(2) * depth * decay * decay * e * (T(2) * e - T(1));
  }
};

/// How the program names and reads it.
struct MorseKind {
  static constexpr char name[] = "morse";
  struct Params {
    double depth, decay, centre;
  };
  static Params read(kramers::Config const& config) {
    return {config.positive<double>("potential.depth"), config.positive<double>("potential.decay", 1.0),
            config.get<double>("potential.centre", 0.0)};
  }
  template <kramers::real T, class Space>
  static Morse<T> make(Params const& p, Space const&) {
    return {static_cast<T>(p.depth), static_cast<T>(p.decay), static_cast<T>(p.centre)};
  }
  static double usual_start(Params const& p) { return p.centre; }
  static bool confines(Params const&) { return false; }  // flat at large x
};

}  // namespace example
