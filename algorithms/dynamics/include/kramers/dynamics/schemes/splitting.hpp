// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <array>

namespace kramers::dynamics {

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

  /// When a step asks for a force that it did not keep: after as much of it as A has drifted by then [steps].
  static constexpr double force_time() {
    int drifts = 0;
    for (char const letter : letters) {
      if (letter == 'B') break;
      if (letter == 'A') ++drifts;
    }
    return keeps_force() ? 1.0 : static_cast<double>(drifts) / count('A');
  }

  static constexpr bool overdamped = false;
  /// Name in inputs: the letters in lower case, "baoab".
  static constexpr std::array<char, length + 1> name{static_cast<char>(Letters - 'A' + 'a')..., '\0'};
  /// Normal numbers drawn per coordinate and step.
  static constexpr int normals_per_step = count('O');

  /// Constants of one step, made on the host with portable functions so that all backends see the same bits.
  template <real T>
  struct Constants {
    T drift;               // dt / count(A)
    T kick;                // dt / (m count(B))
    T ou_decay, ou_noise;  // exp(-gamma h), sqrt(kT / m (1 - exp(-2 gamma h))), h = dt / count(O)

    explicit Constants(LangevinParams const& langevin) {
      double const h = langevin.dt / count('O');
      double const c = math::exp(-langevin.friction * h);
      drift = static_cast<T>(langevin.dt / count('A'));
      kick = static_cast<T>(langevin.dt / (langevin.mass * count('B')));
      ou_decay = static_cast<T>(c);
      ou_noise = static_cast<T>(Kokkos::sqrt(langevin.temperature / langevin.mass * (1.0 - c * c)));
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
        for (int d = 0; d < D; ++d) v[d] = Kokkos::fma(c.ou_decay, v[d], c.ou_noise * normals[NoiseDrawn * D + d]);
        apply<I + 1, Fresh, NoiseDrawn + 1>(v_of_x, c, normals, x, v, force, half);
      }
    }
  }
};

using Baoab = Splitting<'B', 'A', 'O', 'A', 'B'>;
using Aboba = Splitting<'A', 'B', 'O', 'B', 'A'>;
using Obabo = Splitting<'O', 'B', 'A', 'B', 'O'>;

}  // namespace kramers::dynamics
