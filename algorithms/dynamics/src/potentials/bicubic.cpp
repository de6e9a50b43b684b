// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/bicubic.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

namespace kramers::dynamics {
namespace {

void check(Surface const& surface, std::array<double, 2> const& wall_stiffness) {
  for (std::size_t a = 0; a < 2; ++a) {
    SurfaceAxis const& axis = surface.axis[a];
    expects(axis.points >= Surface::fewest_points, "points along an axis", axis.points, "at least 3");
    expects(axis.spacing > 0 && std::isfinite(axis.spacing), "spacing", axis.spacing, "finite and > 0");
    double const k = wall_stiffness[a];
    expects(k >= 0 && std::isfinite(k), "wall_stiffness", k, "finite and >= 0");
    expects(axis.period == 0 || k == 0, "wall_stiffness", k, "0 along a periodic axis");
  }
  std::int64_t const rows = surface.axis[0].points, columns = surface.axis[1].points;
  expects(rows <= Surface::most_points / columns, "points of the surface",
          std::to_string(rows) + " x " + std::to_string(columns), "at most " + std::to_string(Surface::most_points));
  expects_extent("energies of the surface", std::ssize(surface.energy), rows * columns);
}

std::int64_t cells_along(SurfaceAxis const& axis) {
  return axis.period > 0 ? axis.points : axis.points + 1;
}

// The cells of the spline through values a unit apart, those that go on for ever included.
std::vector<Cubic<double>> spline_of(SurfaceAxis const& axis, std::span<double const> values) {
  Table table;
  for (std::size_t i = 0; i < values.size(); ++i) table.position.push_back(static_cast<double>(i));
  table.energy.assign(values.begin(), values.end());
  bool const periodic = axis.period > 0;
  if (periodic) table.period = static_cast<double>(values.size());
  CubicSpline const spline = spline_through(table);
  auto const& [c0, c1, c2, c3] = spline.coefficient;
  std::vector<Cubic<double>> cells;
  if (!periodic) cells.push_back({c0[0] - c1[0], c1[0], 0, 0});  // its point is at its right edge
  for (std::size_t i = 0; i < values.size(); ++i) cells.push_back({c0[i], c1[i], c2[i], c3[i]});
  return cells;
}

// The walls along one axis: k d^2 / 2 in the two rows of cells beyond its ends.
void add_wall(BicubicCells& cells, std::size_t axis, double stiffness) {
  double const width = cells.axis[axis].width, half = 0.5 * stiffness * width * width;
  auto const columns = static_cast<std::size_t>(cells.axis[1].cells);
  std::size_t const last = static_cast<std::size_t>(cells.axis[axis].cells - 1);
  std::size_t const others = cells.cell.size() / (last + 1);
  for (std::size_t i = 0; i < others; ++i) {
    for (std::size_t const end : {std::size_t{0}, last}) {
      BicubicCell<double>& cell = cells.cell[axis == 0 ? end * columns + i : i * columns + end];
      double& linear = axis == 0 ? cell.p1.c0 : cell.p0.c1;
      double& square = axis == 0 ? cell.p2.c0 : cell.p0.c2;
      square += half;
      if (end == 0) {  // its point is at its right edge: (t - 1)^2
        linear -= 2 * half;
        cell.p0.c0 += half;
      }
    }
  }
}

// Beyond a corner V = ... + k_x d_x^2 / 2 + k_y d_y^2 / 2 + V_xy d_x d_y, which has to rise whatever d_x and d_y.
void expect_walls_hold(BicubicCells const& cells, std::array<double, 2> const& wall_stiffness) {
  auto const& [x, y] = cells.axis;
  auto const rows = static_cast<std::size_t>(x.cells), columns = static_cast<std::size_t>(y.cells);
  for (std::size_t const corner : {std::size_t{0}, columns - 1, (rows - 1) * columns, rows * columns - 1}) {
    double const mixed = std::abs(cells.cell[corner].p1.c1) / (x.width * y.width);
    double const stiffness = std::sqrt(wall_stiffness[0]) * std::sqrt(wall_stiffness[1]);
    expects(stiffness > mixed, "geometric mean of the wall stiffnesses", stiffness,
            "above " + shortest_decimal(mixed) +
                ", the mixed derivative of the energy at a corner, or walkers fall out there");
  }
}

}  // namespace

BicubicCells bicubic_cells(Surface const& surface, std::array<double, 2> const& wall_stiffness) {
  check(surface, wall_stiffness);
  auto const& [x, y] = surface.axis;
  auto const rows = static_cast<std::size_t>(x.points), columns = static_cast<std::size_t>(y.points);
  auto const cell_rows = static_cast<std::size_t>(cells_along(x)),
             cell_columns = static_cast<std::size_t>(cells_along(y));

  std::vector<Cubic<double>> along_y;  // (rows, cell_columns)
  for (std::size_t i = 0; i < rows; ++i) {
    auto const line = spline_of(y, std::span(surface.energy).subspan(i * columns, columns));
    along_y.insert(along_y.end(), line.begin(), line.end());
  }
  BicubicCells cells{
      {{{x.period > 0, x.first, x.spacing, cells_along(x)}, {y.period > 0, y.first, y.spacing, cells_along(y)}}},
      std::vector<BicubicCell<double>>(cell_rows * cell_columns)};
  std::vector<double> line(rows);
  for (double Cubic<double>::* const power :
       {&Cubic<double>::c0, &Cubic<double>::c1, &Cubic<double>::c2, &Cubic<double>::c3}) {
    for (std::size_t j = 0; j < cell_columns; ++j) {
      for (std::size_t i = 0; i < rows; ++i) line[i] = along_y[i * cell_columns + j].*power;
      auto const along_x = spline_of(x, line);
      for (std::size_t i = 0; i < cell_rows; ++i) {
        BicubicCell<double>& cell = cells.cell[i * cell_columns + j];
        cell.p0.*power = along_x[i].c0;
        cell.p1.*power = along_x[i].c1;
        cell.p2.*power = along_x[i].c2;
        cell.p3.*power = along_x[i].c3;
      }
    }
  }
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (wall_stiffness[axis] > 0) add_wall(cells, axis, wall_stiffness[axis]);
  }
  if (wall_stiffness[0] > 0 && wall_stiffness[1] > 0) expect_walls_hold(cells, wall_stiffness);
  return cells;
}

}  // namespace kramers::dynamics
