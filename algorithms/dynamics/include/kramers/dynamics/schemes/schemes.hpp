// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/potential.hpp>

#include <array>

namespace kramers::dynamics {

/// What every integrator needs to know of the heat bath and the clock.
///
/// Langevin dynamics  dx = v dt,  m dv = (F(x) - m gamma v) dt + sqrt(2 m gamma kT) dW.
struct BathParams {
  double dt = 0;           ///< time step > 0 [tau]
  double friction = 1;     ///< gamma >= 0 (> 0 for overdamped schemes) [1/tau]
  double temperature = 1;  ///< kT > 0 [energy]
  double mass = 1;         ///< m > 0 [mass]
};

/// Splitting of underdamped Langevin dynamics by its letters, applied from left to right: A drifts x, B kicks v with
/// the force, O solves the friction and noise of v exactly; a letter that occurs n times takes dt / n each time.
///
/// Source: Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34 (arXiv:1203.5428).
template <char... Letters>
struct Splitting {
  static constexpr int length = sizeof...(Letters);
  static constexpr std::array<char, length> letters{Letters...};
  static constexpr int count(char letter) { return ((Letters == letter ? 1 : 0) + ...); }
  /// Place of the last B; the velocity before it is the half-step velocity of this splitting.
  static constexpr int last_kick() {
    int last = 0;
    for (int i = 0; i < length; ++i) {
      if (letters[static_cast<std::size_t>(i)] == 'B') last = i;
    }
    return last;
  }
  /// Whether the first kick of a step uses the force at the end of the step before.
  static constexpr bool keeps_force() {
    for (char const letter : letters) {
      if (letter != 'O') return letter == 'B';
    }
    return false;
  }

  static constexpr bool overdamped = false;
  /// Normal numbers drawn per coordinate and step.
  static constexpr int normals_per_step = count('O');

  /// Constants of one step, made on the host with portable functions so that all backends see the same bits.
  template <real T>
  struct Constants {
    T drift;        // dt / count(A)
    T kick;         // dt / (m count(B))
    T damp, shake;  // exp(-gamma h), sqrt(kT / m (1 - exp(-2 gamma h))), h = dt / count(O)

    explicit Constants(BathParams const& bath) {
      double const h = bath.dt / count('O');
      double const c = math::exp(-bath.friction * h);
      drift = static_cast<T>(bath.dt / count('A'));
      kick = static_cast<T>(bath.dt / (bath.mass * count('B')));
      damp = static_cast<T>(c);
      shake = static_cast<T>(Kokkos::sqrt(bath.temperature / bath.mass * (1.0 - c * c)));
    }
  };

  /// One step of one walker. `normals` are normals_per_step * D numbers; `force` is the force at x, in and out, and
  /// `half` receives the half-step velocity.
  template <potential Potential, class T = typename Potential::value_type, int D = Potential::dimension>
  KOKKOS_FORCEINLINE_FUNCTION static void step(Potential const& v_of_x, Constants<T> const& c, T const* normals,
                                               Vec<T, D>& x, Vec<T, D>& v, Vec<T, D>& force, Vec<T, D>& half) {
    apply<0, keeps_force(), 0>(v_of_x, c, normals, x, v, force, half);
    if constexpr (keeps_force() && !force_is_fresh_at_end()) force = v_of_x.force(x);
  }

 private:
  static constexpr bool force_is_fresh_at_end() {
    bool fresh = keeps_force();
    for (char const letter : letters) {
      if (letter == 'A') fresh = false;
      if (letter == 'B') fresh = true;
    }
    return fresh;
  }

  template <int I, bool Fresh, int NoiseDrawn, class Potential, class T, int D>
  KOKKOS_FORCEINLINE_FUNCTION static void apply(Potential const& v_of_x, Constants<T> const& c, T const* normals,
                                                Vec<T, D>& x, Vec<T, D>& v, Vec<T, D>& force, Vec<T, D>& half) {
    if constexpr (I < length) {
      constexpr char letter = letters[I];
      if constexpr (letter == 'A') {
        for (int d = 0; d < D; ++d) x[d] = Kokkos::fma(c.drift, v[d], x[d]);
        apply<I + 1, false, NoiseDrawn>(v_of_x, c, normals, x, v, force, half);
      } else if constexpr (letter == 'B') {
        if constexpr (!Fresh) force = v_of_x.force(x);
        if constexpr (I == last_kick()) half = v;
        for (int d = 0; d < D; ++d) v[d] = Kokkos::fma(c.kick, force[d], v[d]);
        apply<I + 1, true, NoiseDrawn>(v_of_x, c, normals, x, v, force, half);
      } else {
        static_assert(letter == 'O', "Splitting: the letters are A, B and O");
        for (int d = 0; d < D; ++d) v[d] = Kokkos::fma(c.damp, v[d], c.shake * normals[NoiseDrawn * D + d]);
        apply<I + 1, Fresh, NoiseDrawn + 1>(v_of_x, c, normals, x, v, force, half);
      }
    }
  }
};

using Baoab = Splitting<'B', 'A', 'O', 'A', 'B'>;
using Aboba = Splitting<'A', 'B', 'O', 'B', 'A'>;
using Obabo = Splitting<'O', 'B', 'A', 'B', 'O'>;

namespace detail {

/// What both overdamped schemes multiply with.
template <real T>
struct OverdampedConstants {
  T mobility_dt;  // dt / (m gamma)
  T noise;        // sqrt(factor kT dt / (m gamma))

  OverdampedConstants(BathParams const& bath, double factor)
      : mobility_dt(static_cast<T>(bath.dt / (bath.mass * bath.friction))),
        noise(static_cast<T>(Kokkos::sqrt(factor * bath.temperature * bath.dt / (bath.mass * bath.friction)))) {}
};

}  // namespace detail

/// Overdamped dynamics, dx = F / (m gamma) dt + sqrt(2 kT / (m gamma)) dW, by Euler and Maruyama.
struct EulerMaruyama {
  static constexpr bool overdamped = true;
  static constexpr bool keeps_force() { return false; }
  static constexpr int normals_per_step = 1;

  template <real T>
  struct Constants : detail::OverdampedConstants<T> {
    explicit Constants(BathParams const& bath) : detail::OverdampedConstants<T>(bath, 2.0) {}
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
  static constexpr bool overdamped = true;
  static constexpr bool keeps_force() { return false; }
  static constexpr int normals_per_step = 1;

  template <real T>
  struct Constants : detail::OverdampedConstants<T> {
    explicit Constants(BathParams const& bath) : detail::OverdampedConstants<T>(bath, 0.5) {}
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
