// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/table.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace kramers::dynamics {

/// Cubic spline: V(x) = c0 + c1 dx + c2 dx^2 + c3 dx^3, dx = x - knot[i], between knots i and i + 1, twice continuously
/// differentiable.
///
/// Entry i of coefficient[p] is c_p of interval i; the last entry is the straight line on from the last knot.
struct CubicSpline {
  std::vector<double> knot;
  std::array<std::vector<double>, 4> coefficient;
  bool periodic = false;  ///< the last knot is the first one again
};

/// Natural spline through the points of a table: V'' = 0 at both ends.
///
/// @throws ShapeError   the columns differ in length
/// @throws DomainError  fewer than 3 points, positions that do not increase, or numbers so large or so close together
///                      that the coefficients are not finite
/// @note Cost     one tridiagonal solve, linear in the number of points
/// @see  Source   de Boor, "A Practical Guide to Splines" (1978), chapter IV
CubicSpline natural_spline(Table const& table);

/// Spline through the points of a periodic table, which closes after one period.
/// @throws as natural_spline; DomainError  the period is not longer than the table
CubicSpline periodic_spline(Table const& table);

/// The periodic spline of a table with a period, else the natural one.
CubicSpline spline_through(Table const& table);

/// A spline between two edges of equal cells, t = 0 ... 1 from the left one, u = max(t - kink_at, 0):
///
///   -V' = force + slope t + bend t^2 + kink u^2
///    V  = energy - width (force t + slope t^2 / 2 + bend t^3 / 3 + kink u^3 / 3)
///
/// The kink is the jump of the third derivative at a knot; 0 where no knot lies between the edges.
template <class T>
struct SplineCell {
  T force, slope, bend, kink, kink_at, energy;
};

/// A spline in cells of equal width, each with one knot at most between its edges, so that a position is looked up by
/// arithmetic alone. Cell 0 ends at the first knot, the last cell begins at the last knot; these two go on for ever. A
/// periodic spline has no such two: cell 0 begins at the first knot, and the last cell ends at the last.
struct SplineCells {
  /// More cells than this would not stay in cache.
  static constexpr std::int64_t most = 65536;

  bool periodic;
  double first, width;  ///< first knot [length]; of a cell [length]
  std::vector<SplineCell<double>> cell;
};

/// The cells of a spline, as few as there can be; evenly spaced knots become the edges.
///
/// Outside, the spline goes on as V_end + V'_end dx + (k/2) dx^2 with k = wall_stiffness [energy / length^2].
///
/// @throws DomainError  k < 0, or k > 0 and a periodic spline; knots so unevenly spaced that more than SplineCells::most cells are needed
/// @note Accuracy  that of double: a knot within 1e-8 cells of an edge counts as there, and V' is off by 1e-16 of a kink
SplineCells spline_cells(CubicSpline const& spline, double wall_stiffness);

}  // namespace kramers::dynamics
