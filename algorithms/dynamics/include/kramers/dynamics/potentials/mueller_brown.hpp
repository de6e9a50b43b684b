// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/runtime/config.hpp>

namespace kramers::dynamics {

/// Mueller-Brown surface in two dimensions (Mueller and Brown, Theor. Chim. Acta 53, 75, 1979), times a scale:
/// V = s sum_i A_i exp(a_i (x - X_i)^2 + b_i (x - X_i)(y - Y_i) + c_i (y - Y_i)^2).
///
/// With s = 1 the minima are -146.70 at (-0.558, 1.442), -108.17 at (0.623, 0.028), -80.77 at (-0.050, 0.467).
template <real T>
struct MuellerBrown {
  using value_type = T;
  using Point = Vec<T, 2>;
  static constexpr int dimension = 2;

  T scale = 1;  ///< s [energy / tabulated energy]

  KOKKOS_FORCEINLINE_FUNCTION T energy(Point const& x) const {
    T sum = 0;
    for_each_term(x, [&](Term const& t) { sum += t.value; });
    return scale * sum;
  }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const& x) const {
    Point f{0, 0};
    for_each_term(x, [&](Term const& t) {
      f[0] -= t.value * t.slope_x;
      f[1] -= t.value * t.slope_y;
    });
    return {scale * f[0], scale * f[1]};
  }
  KOKKOS_FORCEINLINE_FUNCTION T laplacian(Point const& x) const {
    T sum = 0;
    for_each_term(x, [&](Term const& t) { sum += t.value * (t.slope_x * t.slope_x + t.slope_y * t.slope_y + t.bend); });
    return scale * sum;
  }

 private:
  struct Term {
    T value, slope_x, slope_y, bend;  // A exp(u), du/dx, du/dy, laplacian of u
  };
  KOKKOS_FORCEINLINE_FUNCTION static Term term(Point const& x, T height, T a, T b, T c, T centre_x, T centre_y) {
    T const dx = x[0] - centre_x, dy = x[1] - centre_y;
    return {height * math::exp(a * dx * dx + b * dx * dy + c * dy * dy), T(2) * a * dx + b * dy, b * dx + T(2) * c * dy,
            T(2) * (a + c)};
  }
  // Four calls and no loop: a loop of this size would not be unrolled and would keep the lanes from vectorising.
  template <class Visit>
  KOKKOS_FORCEINLINE_FUNCTION static void for_each_term(Point const& x, Visit const& visit) {
    visit(term(x, T(-200), T(-1), T(0), T(-10), T(1), T(0)));
    visit(term(x, T(-100), T(-1), T(0), T(-10), T(0), T(0.5)));
    visit(term(x, T(-170), T(-6.5), T(11), T(-6.5), T(-0.5), T(1.5)));
    visit(term(x, T(15), T(0.7), T(0.6), T(0.7), T(-1), T(1)));
  }
};

/// How programs name and read a MuellerBrown.
struct MuellerBrownKind {
  static constexpr char name[] = "mueller_brown";
  struct Params {
    double scale;
  };
  static Params read(Config const& config) { return {config.positive<double>("potential.scale", 1.0)}; }
  template <real T, class Space>
  static MuellerBrown<T> make(Params const& p, Space const&) {
    return {static_cast<T>(p.scale)};
  }
  static Vec<double, 2> usual_start(Params const&) { return {-0.558, 1.442}; }
  static bool confines(Params const&) { return true; }
};

}  // namespace kramers::dynamics
