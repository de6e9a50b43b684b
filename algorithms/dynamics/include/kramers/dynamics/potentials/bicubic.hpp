// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/surface.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace kramers::dynamics {

/// c0 + c1 u + c2 u^2 + c3 u^3.
template <class T>
struct Cubic {
  T c0, c1, c2, c3;
};

/// A bicubic spline on one cell of its grid, t and u = 0 ... 1 along x and y from the corner with the least x and y:
/// V = p0(u) + p1(u) t + p2(u) t^2 + p3(u) t^3.
template <class T>
struct BicubicCell {
  Cubic<T> p0, p1, p2, p3;
};

/// A bicubic spline in its cells, looked up by arithmetic. Along an axis that is not periodic, cell 0 ends at the first
/// point and the last cell begins at the last point; these two go on for ever. A periodic axis has no such two: cell 0
/// begins at the first point, and the last cell ends where the next period begins.
struct BicubicCells {
  struct Axis {
    bool periodic;
    double first, width;  ///< first point, of a cell [length]
    std::int64_t cells;
  };
  std::array<Axis, 2> axis;
  std::vector<BicubicCell<double>> cell;  ///< (axis[0].cells, axis[1].cells), row by row
};

/// The tensor product of cubic splines through the points of a surface, natural along an axis without a period and
/// periodic along one with it: twice continuously differentiable, its derivatives along x and y too.
///
/// Outside an axis without a period V goes on as V_end + V'_end d + (k/2) d^2, d from the end, with k =
/// wall_stiffness of this axis [energy / length^2]; beyond a corner the mixed term V_xy d_x d_y joins, without which
/// the force would jump.
///
/// @throws DomainError  fewer than 3 points or more than Surface::most_points; k < 0, or k > 0 along a periodic axis;
///                      walls along both axes that the mixed term at a corner overcomes; numbers so large that
///                      coefficients are not finite
/// @note Cost      five tridiagonal solves per line of the grid; 16 numbers per cell
/// @note Accuracy  of order spacing^4 in V where V is smooth, except near edges without a period, where V'' is set to 0
/// @see  Source    de Boor, "A Practical Guide to Splines" (1978), chapters IV and XVII
BicubicCells bicubic_cells(Surface const& surface, std::array<double, 2> const& wall_stiffness);

}  // namespace kramers::dynamics
