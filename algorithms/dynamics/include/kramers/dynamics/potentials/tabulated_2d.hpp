// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/potentials/bicubic.hpp>
#include <kramers/dynamics/potentials/table_cells.hpp>
#include <kramers/dynamics/potentials/tabulated_2d_params.hpp>
#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace kramers::dynamics {

namespace detail {

/// A BicubicCell as it lies in memory: two whole cache lines of doubles, or one of floats, which are two to a word.
template <class T>
struct BicubicRow;

// Every number is named from the row itself: GCC gathers none through a reference to a part of the row, nor a copied
// struct.
template <>
struct alignas(64) BicubicRow<double> {
  Cubic<double> p0, p1, p2, p3;

  static BicubicRow of(BicubicCell<double> const& cell) { return {cell.p0, cell.p1, cell.p2, cell.p3}; }
  KOKKOS_FORCEINLINE_FUNCTION BicubicCell<double> unpack() const {
    return {{p0.c0, p0.c1, p0.c2, p0.c3},
            {p1.c0, p1.c1, p1.c2, p1.c3},
            {p2.c0, p2.c1, p2.c2, p2.c3},
            {p3.c0, p3.c1, p3.c2, p3.c3}};
  }
};

template <>
struct alignas(64) BicubicRow<float> {
  struct Words {
    std::uint64_t c0_c1, c2_c3;
  };
  Words p0, p1, p2, p3;

  static BicubicRow of(BicubicCell<float> const& cell) {
    return {words(cell.p0), words(cell.p1), words(cell.p2), words(cell.p3)};
  }
  KOKKOS_FORCEINLINE_FUNCTION BicubicCell<float> unpack() const {
    return {{low_float(p0.c0_c1), high_float(p0.c0_c1), low_float(p0.c2_c3), high_float(p0.c2_c3)},
            {low_float(p1.c0_c1), high_float(p1.c0_c1), low_float(p1.c2_c3), high_float(p1.c2_c3)},
            {low_float(p2.c0_c1), high_float(p2.c0_c1), low_float(p2.c2_c3), high_float(p2.c2_c3)},
            {low_float(p3.c0_c1), high_float(p3.c0_c1), low_float(p3.c2_c3), high_float(p3.c2_c3)}};
  }

 private:
  static Words words(Cubic<float> const& c) { return {pack_floats(c.c0, c.c1), pack_floats(c.c2, c.c3)}; }
};

}  // namespace detail

/// A surface given by points on a grid, continued as a bicubic spline; bicubic.hpp says how it goes on outside. Along a
/// periodic axis it repeats itself; positions are not wrapped, so that displacements stay meaningful. At an infinite
/// position the results are not finite.
///
/// Any (x, y) is looked up without a branch and without a search: arithmetic says in which of the equal cells it lies
/// and where, and one row of numbers holds all of the spline in that cell.
///
/// Cost      16 loads (f32: 8) from two cache lines (f32: one) of a table of one row per cell; a force takes 30 fma
///           and about 25 other operations
/// Accuracy  a few epsilon(T) of the terms that are summed, at a position that is right to 3 epsilon(T) of its distance
///           from the first point of each axis
template <real T, execution_space Space>
class Tabulated2d {
 public:
  using value_type = T;
  using Point = Vec<T, 2>;
  static constexpr int dimension = 2;

  /// Put the spline into the memory of `exec`; waits.
  ///
  /// @throws DomainError  positions that coincide or coefficients that overflow in the precision T
  Tabulated2d(Space const& exec, BicubicCells const& cells)
      : m_x(axis_of(cells.axis[0])), m_y(axis_of(cells.axis[1])), m_columns(static_cast<int>(cells.axis[1].cells)) {
    Kokkos::View<Row*, Space> const rows(
        Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::Tabulated2d::rows"), cells.cell.size());
    auto const host_rows = Kokkos::create_mirror_view(rows);
    for (std::size_t i = 0; i < cells.cell.size(); ++i) {
      BicubicCell<double> const& cell = cells.cell[i];
      host_rows(i) =
          Row::of({in_precision(cell.p0), in_precision(cell.p1), in_precision(cell.p2), in_precision(cell.p3)});
    }
    copy_view(exec, rows, host_rows);
    exec.fence("kramers::Tabulated2d");
    m_rows = rows;
  }

  KOKKOS_FORCEINLINE_FUNCTION T energy(Point const& at) const {
    Place const x = m_x.place(at[0]), y = m_y.place(at[1]);
    BicubicCell<T> const c = m_rows(x.cell * m_columns + y.cell).unpack();
    return math::horner(x.t, value(c.p0, y.t), value(c.p1, y.t), value(c.p2, y.t), value(c.p3, y.t));
  }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const& at) const {
    Place const x = m_x.place(at[0]), y = m_y.place(at[1]);
    BicubicCell<T> const c = m_rows(x.cell * m_columns + y.cell).unpack();
    Slope const p0 = slope(c.p0, y.t), p1 = slope(c.p1, y.t), p2 = slope(c.p2, y.t), p3 = slope(c.p3, y.t);
    T const along_x = math::horner(x.t, p1.value, T(2) * p2.value, T(3) * p3.value);
    T const along_y = math::horner(x.t, p0.slope, p1.slope, p2.slope, p3.slope);
    return {-m_x.cells_per_length * along_x, -m_y.cells_per_length * along_y};
  }
  KOKKOS_FORCEINLINE_FUNCTION T laplacian(Point const& at) const {
    Place const x = m_x.place(at[0]), y = m_y.place(at[1]);
    BicubicCell<T> const c = m_rows(x.cell * m_columns + y.cell).unpack();
    T const along_x = math::fma(T(6) * x.t, value(c.p3, y.t), T(2) * value(c.p2, y.t));
    T const along_y = math::horner(x.t, bend(c.p0, y.t), bend(c.p1, y.t), bend(c.p2, y.t), bend(c.p3, y.t));
    T const per_x = m_x.cells_per_length, per_y = m_y.cells_per_length;
    return math::fma(per_x * per_x, along_x, per_y * per_y * along_y);
  }

 private:
  using Row = detail::BicubicRow<T>;
  using Place = typename detail::CellAxis<T>::Place;
  struct Slope {
    T value, slope;
  };

  static detail::CellAxis<T> axis_of(BicubicCells::Axis const& axis) {
    double const end = axis.first + axis.width * static_cast<double>(axis.cells);
    double const largest = std::max(std::abs(axis.first), std::abs(end));
    expects(axis.width > largest * static_cast<double>(std::numeric_limits<T>::epsilon()), "spacing of the surface",
            axis.width, "so large that positions differ in the chosen precision");
    return {entry, axis.first, axis.width, static_cast<std::int64_t>(axis.cells), axis.periodic};
  }

  KOKKOS_FORCEINLINE_FUNCTION static T value(Cubic<T> const& c, T u) { return math::horner(u, c.c0, c.c1, c.c2, c.c3); }
  KOKKOS_FORCEINLINE_FUNCTION static Slope slope(Cubic<T> const& c, T u) {
    T const a = math::fma(c.c3, u, c.c2), b = math::fma(a, u, c.c1);  // what Horner's rule passes, and its derivative
    return {math::fma(b, u, c.c0), math::fma(math::fma(c.c3, u, a), u, b)};
  }
  KOKKOS_FORCEINLINE_FUNCTION static T bend(Cubic<T> const& c, T u) { return math::fma(T(6) * c.c3, u, T(2) * c.c2); }

  static constexpr char entry[] = "entry of the surface";
  static T in_precision(double value) { return detail::table_number<T>(entry, value); }
  static Cubic<T> in_precision(Cubic<double> const& c) {
    return {in_precision(c.c0), in_precision(c.c1), in_precision(c.c2), in_precision(c.c3)};
  }

  Kokkos::View<Row const*, Space> m_rows;
  detail::CellAxis<T> m_x, m_y;
  int m_columns;  // cells along y
};

/// How programs name and read a Tabulated2d.
struct Tabulated2dKind {
  static constexpr char name[] = "tabulated_2d";
  using Params = Tabulated2dParams;
  static Params read(Config const& config) { return read_tabulated_2d(config); }
  template <real T, class Space>
  static Tabulated2d<T, Space> make(Params const& p, Space const& space) {
    return Tabulated2d<T, Space>(space, bicubic_cells(p.surface, p.wall_stiffness));
  }
  /// The lowest point.
  static Vec<double, 2> usual_start(Params const& p) {
    auto const lowest = std::ranges::min_element(p.surface.energy) - p.surface.energy.begin();
    auto const& [x, y] = p.surface.axis;
    auto const row = lowest / y.points, column = lowest % y.points;
    return {x.first + static_cast<double>(row) * x.spacing, y.first + static_cast<double>(column) * y.spacing};
  }
  static bool confines(Params const& p) { return p.wall_stiffness[0] > 0 && p.wall_stiffness[1] > 0; }
  static bool diffuses(Params const& p) { return p.surface.axis[0].period > 0 && p.surface.axis[1].period > 0; }
  static std::uint64_t data_hash(Params const& p) { return p.data; }
};

}  // namespace kramers::dynamics
