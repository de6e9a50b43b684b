// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/bicubic.hpp>
#include <kramers/dynamics/potentials/surface.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

/// Surfaces of the tests: sampled functions, their splines by definition, and files of them.
namespace kramers::test {

using namespace kramers::dynamics;

/// An axis of points first, first + spacing, ...; periodic if it closes there.
inline SurfaceAxis axis_of(double first, double spacing, std::int64_t points, bool periodic = false) {
  return {points, first, spacing, periodic ? spacing * static_cast<double>(points) : 0.0};
}

/// f(x, y) at all points of a grid.
template <class F>
Surface surface_of(F const& f, SurfaceAxis const& x, SurfaceAxis const& y) {
  Surface surface{{x, y}, {}};
  for (std::int64_t i = 0; i < x.points; ++i) {
    for (std::int64_t j = 0; j < y.points; ++j) {
      surface.energy.push_back(
          f(x.first + static_cast<double>(i) * x.spacing, y.first + static_cast<double>(j) * y.spacing));
    }
  }
  return surface;
}

/// The surface of 1979, with the functions of the C library.
inline double mueller_brown(double x, double y) {
  constexpr std::array<double, 4> height{-200, -100, -170, 15}, a{-1, -1, -6.5, 0.7}, b{0, 0, 11, 0.6},
      c{-10, -10, -6.5, 0.7}, centre_x{1, 0, -0.5, -1}, centre_y{0, 0.5, 1.5, 1};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double const dx = x - centre_x[i], dy = y - centre_y[i];
    sum += height[i] * std::exp(a[i] * dx * dx + b[i] * dx * dy + c[i] * dy * dy);
  }
  return sum;
}

/// A bicubic spline as it is defined, in double: derivatives of any order, and the sizes of the terms that are summed.
class PlainBicubic {
 public:
  explicit PlainBicubic(BicubicCells const& cells) : m_cells(cells) {}

  /// d^p/dx^p d^q/dy^q V.
  double derivative(double x, double y, int p, int q) const { return sum(x, y, p, q, false); }
  /// The same sum with all terms taken as positive.
  double size(double x, double y, int p, int q) const { return sum(x, y, p, q, true); }
  /// Within one cell, at its coordinates t and u.
  static double in_cell(BicubicCell<double> const& cell, double t, double u, int p, int q, bool absolute = false) {
    double total = 0;
    int power = 0;
    for (Cubic<double> const& row : {cell.p0, cell.p1, cell.p2, cell.p3}) {
      std::array<double, 4> const c{row.c0, row.c1, row.c2, row.c3};
      for (int k = 0; k < 4; ++k) {
        double const term = c[static_cast<std::size_t>(k)] * monomial(t, power, p) * monomial(u, k, q);
        total += absolute ? std::abs(term) : term;
      }
      ++power;
    }
    return total;
  }

 private:
  // The derivative of order d of t^power.
  static double monomial(double t, int power, int d) {
    double value = 1;
    for (int i = 0; i < d; ++i) value *= power - i;
    return d > power ? 0.0 : value * std::pow(t, power - d);
  }
  struct Place {
    std::size_t cell;
    double t;
  };
  static Place place(BicubicCells::Axis const& axis, double x) {
    double cells = (x - axis.first) / axis.width + (axis.periodic ? 0 : 1);
    auto const count = static_cast<double>(axis.cells);
    if (axis.periodic) cells -= count * std::floor(cells / count);
    double const cell = std::clamp(std::floor(cells), 0.0, count - 1);
    return {static_cast<std::size_t>(cell), cells - cell};
  }
  double sum(double x, double y, int p, int q, bool absolute) const {
    Place const i = place(m_cells.axis[0], x), j = place(m_cells.axis[1], y);
    auto const& cell = m_cells.cell[i.cell * static_cast<std::size_t>(m_cells.axis[1].cells) + j.cell];
    return in_cell(cell, i.t, j.t, p, q, absolute) / std::pow(m_cells.axis[0].width, p) /
           std::pow(m_cells.axis[1].width, q);
  }

  BicubicCells const& m_cells;
};

/// A surface as PLUMED writes it, the first coordinate varying first, a blank line after each block.
inline std::string plumed_text(Surface const& surface) {
  std::string text = "#! FIELDS x y file.free\n";
  std::array<char const*, 2> const name{"x", "y"};
  for (std::size_t a = 0; a < 2; ++a) {
    SurfaceAxis const& axis = surface.axis[a];
    bool const periodic = axis.period > 0;
    std::int64_t const bins = periodic ? axis.points : axis.points - 1;
    char line[200];
    std::snprintf(line, sizeof line, "#! SET min_%s %.17g\n#! SET max_%s %.17g\n#! SET nbins_%s %lld\n", name[a],
                  axis.first, name[a], axis.first + axis.spacing * static_cast<double>(bins), name[a],
                  static_cast<long long>(bins));
    text += line + ("#! SET periodic_" + std::string(name[a]) + (periodic ? " true\n" : " false\n"));
  }
  auto const& [x, y] = surface.axis;
  for (std::int64_t j = 0; j < y.points; ++j) {
    for (std::int64_t i = 0; i < x.points; ++i) {
      char line[100];
      std::snprintf(line, sizeof line, "%.15g %.15g %.17g\n", x.first + static_cast<double>(i) * x.spacing,
                    y.first + static_cast<double>(j) * y.spacing,
                    surface.energy[static_cast<std::size_t>(i * y.points + j)]);
      text += line;
    }
    text += "\n";
  }
  return text;
}

}  // namespace kramers::test
