// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

namespace kramers::dynamics {

/// Underdamped Langevin dynamics by Gronbech-Jensen and Farago: at any time step free diffusion, drift in a constant force
/// and the distribution of x in a harmonic well are exact. With b = 1 / (1 + gamma h / 2) and a = 2 b - 1,
///
///   w = v + h / (2 m) f + s R,  x += b h w,  v = a w + s R + h / (2 m) f(x),  s = sqrt(gamma kT h / (2 m)).
///
/// The half-step velocity is (dx / dt) / sqrt(b) of the step, whose kinetic energy is exact in a harmonic well too.
///
/// Source: Gronbech-Jensen and Farago, Mol. Phys. 111, 983 (2013); the half-step velocity: Jensen and Gronbech-Jensen,
/// Mol. Phys. 117, 2511 (2019).
struct Gjf {
  static constexpr char name[] = "gjf";
  static constexpr bool overdamped = false;
  static constexpr double force_time() { return 1; }
  static constexpr int normals_per_step = 1;

  template <real T>
  struct Constants {
    T kick;           // h / (2 m)
    T noise;          // s
    T drift, damp;    // b h, a
    T to_half_speed;  // sqrt(b)

    explicit Constants(LangevinParams const& langevin) {
      double const h = langevin.dt, b = 1.0 / (1.0 + 0.5 * langevin.friction * h);
      kick = static_cast<T>(0.5 * h / langevin.mass);
      noise = static_cast<T>(Kokkos::sqrt(0.5 * langevin.friction * langevin.temperature * h / langevin.mass));
      drift = static_cast<T>(b * h);
      damp = static_cast<T>(2.0 * b - 1.0);
      to_half_speed = static_cast<T>(Kokkos::sqrt(b));
    }
  };

  /// One step of one walker, as Splitting::step.
  template <potential Potential, class T = typename Potential::value_type, int D = Potential::dimension>
  KOKKOS_FORCEINLINE_FUNCTION static void step(Potential const& v_of_x, Constants<T> const& c, T const* normals,
                                               Vec<T, D>& x, Vec<T, D>& v, Vec<T, D>& force, Vec<T, D>& half) {
    for (int d = 0; d < D; ++d) {
      T const w = Kokkos::fma(c.noise, normals[d], Kokkos::fma(c.kick, force[d], v[d]));
      x[d] = Kokkos::fma(c.drift, w, x[d]);
      half[d] = c.to_half_speed * w;
      v[d] = Kokkos::fma(c.damp, w, c.noise * normals[d]);
    }
    force = v_of_x.force(x);
    for (int d = 0; d < D; ++d) v[d] = Kokkos::fma(c.kick, force[d], v[d]);
  }
};

}  // namespace kramers::dynamics
