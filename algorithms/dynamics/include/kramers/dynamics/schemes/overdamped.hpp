// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

namespace kramers::dynamics {

namespace detail {

/// What both overdamped schemes multiply with.
template <real T>
struct OverdampedConstants {
  T mobility_dt;  // dt / (m gamma)
  T noise;        // sqrt(factor kT dt / (m gamma))

  OverdampedConstants(LangevinParams const& langevin, double factor)
      : mobility_dt(static_cast<T>(langevin.dt / (langevin.mass * langevin.friction))),
        noise(static_cast<T>(
            Kokkos::sqrt(factor * langevin.temperature * langevin.dt / (langevin.mass * langevin.friction)))) {}
};

}  // namespace detail

/// Overdamped dynamics, dx = F / (m gamma) dt + sqrt(2 kT / (m gamma)) dW, by Euler and Maruyama.
struct EulerMaruyama {
  static constexpr char name[] = "euler-maruyama";
  static constexpr bool overdamped = true;
  static constexpr bool keeps_force() { return false; }
  static constexpr double force_time() { return 0; }
  static constexpr int normals_per_step = 1;

  template <real T>
  struct Constants : detail::OverdampedConstants<T> {
    explicit Constants(LangevinParams const& langevin) : detail::OverdampedConstants<T>(langevin, 2.0) {}
  };

  /// One step of one walker; velocities are not touched.
  template <potential Potential, class T = typename Potential::value_type, int D = Potential::dimension>
  KOKKOS_FORCEINLINE_FUNCTION static void step(Potential const& v_of_x, Constants<T> const& c, T const* normals,
                                               Vec<T, D>& x, Vec<T, D>&, Vec<T, D>& force, Vec<T, D>&) {
    force = v_of_x.force(x);
    for (int d = 0; d < D; ++d) x[d] = Kokkos::fma(c.noise, normals[d], Kokkos::fma(c.mobility_dt, force[d], x[d]));
  }
};

/// Overdamped dynamics with averaged noise, x += h F / (m gamma) + sqrt(kT h / (2 m gamma)) (R_n + R_{n+1}), exact for
/// the stationary variance in a harmonic well. Source: Leimkuhler and Matthews, as above.
struct LeimkuhlerMatthews {
  static constexpr char name[] = "leimkuhler-matthews";
  static constexpr bool overdamped = true;
  static constexpr bool keeps_force() { return false; }
  static constexpr double force_time() { return 0; }
  static constexpr int normals_per_step = 1;

  template <real T>
  struct Constants : detail::OverdampedConstants<T> {
    explicit Constants(LangevinParams const& langevin) : detail::OverdampedConstants<T>(langevin, 0.5) {}
  };

  /// One step of one walker; the place of the velocity carries the noise R_n from step to step.
  template <potential Potential, class T = typename Potential::value_type, int D = Potential::dimension>
  KOKKOS_FORCEINLINE_FUNCTION static void step(Potential const& v_of_x, Constants<T> const& c, T const* normals,
                                               Vec<T, D>& x, Vec<T, D>& carried, Vec<T, D>& force, Vec<T, D>&) {
    force = v_of_x.force(x);
    for (int d = 0; d < D; ++d) {
      x[d] = Kokkos::fma(c.noise, carried[d] + normals[d], Kokkos::fma(c.mobility_dt, force[d], x[d]));
      carried[d] = normals[d];
    }
  }
};

}  // namespace kramers::dynamics
