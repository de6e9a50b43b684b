// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/potential.hpp>

namespace kramers::dynamics {

/// Sum of one profile per coordinate, V(x) = V_1(x_1) + ... + V_D(x_D), D = 1, 2 or 3.
template <profile Profile, int D>
struct Separable {
  static_assert(D >= 1 && D <= 3, "Separable: D must be 1, 2 or 3");
  using value_type = typename Profile::value_type;
  using Point = Vec<value_type, D>;
  static constexpr int dimension = D;

  Vec<Profile, D> axis;

  KOKKOS_FORCEINLINE_FUNCTION value_type energy(Point const& x) const {
    value_type sum = axis[0].energy(x[0]);
    for (int d = 1; d < D; ++d) sum += axis[d].energy(x[d]);
    return sum;
  }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const& x) const {
    Point f;
    for (int d = 0; d < D; ++d) f[d] = axis[d].force(x[d]);
    return f;
  }
  KOKKOS_FORCEINLINE_FUNCTION value_type laplacian(Point const& x) const {
    value_type sum = axis[0].curvature(x[0]);
    for (int d = 1; d < D; ++d) sum += axis[d].curvature(x[d]);
    return sum;
  }
};

}  // namespace kramers::dynamics
