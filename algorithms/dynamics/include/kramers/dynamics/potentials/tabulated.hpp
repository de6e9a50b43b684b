// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/spline.hpp>
#include <kramers/dynamics/potentials/table_cells.hpp>
#include <kramers/dynamics/potentials/tabulated_params.hpp>
#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace kramers::dynamics {

namespace detail {

/// A SplineCell as it lies in memory, none across two cache lines; floats are two to a word.
template <class T>
struct CellRow;

template <>
struct alignas(64) CellRow<double> {
  SplineCell<double> cell;

  static CellRow of(SplineCell<double> const& cell) { return {cell}; }
  // One by one: GCC vectorises no copy of a struct.
  KOKKOS_FORCEINLINE_FUNCTION SplineCell<double> unpack() const {
    return {cell.force, cell.slope, cell.bend, cell.kink, cell.kink_at, cell.energy};
  }
};

template <>
struct alignas(32) CellRow<float> {
  std::uint64_t force_slope, bend_kink, kink_at_energy;

  static CellRow of(SplineCell<float> const& cell) {
    return {pack_floats(cell.force, cell.slope), pack_floats(cell.bend, cell.kink),
            pack_floats(cell.kink_at, cell.energy)};
  }
  KOKKOS_FORCEINLINE_FUNCTION SplineCell<float> unpack() const {
    return {low_float(force_slope), high_float(force_slope),   low_float(bend_kink),
            high_float(bend_kink),  low_float(kink_at_energy), high_float(kink_at_energy)};
  }
};

}  // namespace detail

/// A profile given by points, continued as a cubic spline.
///
/// Outside the table the profile goes on as V_end + V'_end dx + (k/2) dx^2, dx from the end point: straight for k = 0
/// (`linear`), or with a harmonic wall of stiffness k > 0. That of a periodic spline repeats itself; positions are not
/// wrapped, so that displacements stay meaningful. At an infinite position the results are not finite.
///
/// Any x is looked up without a branch and without a search: arithmetic says in which of the equal cells it lies and
/// where, and one row of numbers holds all of the spline in that cell, a knot between its edges included.
///
/// Cost      5 loads from one cache line of a table of one row per cell, 6 fma and about 10 other operations
/// Accuracy  a few epsilon(T) of the terms that are summed, at a position that is right to 3 epsilon(T) of its distance
///           from the first point
template <real T, execution_space Space>
class Tabulated {
 public:
  using value_type = T;

  /// Put the spline into the memory of `exec`; waits.
  ///
  /// @param[in] wall_stiffness  k >= 0 outside the table [energy / length^2]
  /// @throws DomainError  k < 0; points so unevenly spaced that more than SplineCells::most cells are needed; points or
  ///                      coefficients that coincide or overflow in the precision T
  Tabulated(Space const& exec, CubicSpline const& spline, double wall_stiffness = 0) {
    SplineCells const cells = spline_cells(spline, wall_stiffness);
    expect_points_apart(spline);
    Kokkos::View<Row*, Space> const rows(
        Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, "kramers::Tabulated::rows"), cells.cell.size());
    auto const host_rows = Kokkos::create_mirror_view(rows);
    for (std::size_t i = 0; i < cells.cell.size(); ++i) host_rows(i) = row(cells.cell[i]);
    copy_view(exec, rows, host_rows);
    exec.fence("kramers::Tabulated");
    m_rows = rows;
    m_width = in_precision(cells.width);
    m_axis = detail::CellAxis<T>(entry, cells.first, cells.width, std::ssize(cells.cell), cells.periodic);
  }

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    Place const p = m_axis.place(x);
    SplineCell<T> const c = m_rows(p.cell).unpack();
    T const u = beyond_kink(c, p.t), third = T(1) / T(3);
    T const work = p.t * math::horner(p.t, c.force, T(0.5) * c.slope, third * c.bend);
    return math::fma(-m_width, math::fma(third * c.kink * u * u, u, work), c.energy);
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    Place const p = m_axis.place(x);
    SplineCell<T> const c = m_rows(p.cell).unpack();
    T const u = beyond_kink(c, p.t);
    return math::fma(c.kink * u, u, math::horner(p.t, c.force, c.slope, c.bend));
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    Place const p = m_axis.place(x);
    SplineCell<T> const c = m_rows(p.cell).unpack();
    T const u = beyond_kink(c, p.t);
    return -m_axis.cells_per_length * math::fma(T(2), math::fma(c.kink, u, c.bend * p.t), c.slope);
  }

 private:
  using Row = detail::CellRow<T>;
  using Place = typename detail::CellAxis<T>::Place;
  static constexpr char entry[] = "table entry";

  KOKKOS_FORCEINLINE_FUNCTION static T beyond_kink(SplineCell<T> const& cell, T t) {
    T const u = t - cell.kink_at;
    return u > T(0) ? u : T(0);
  }

  static T in_precision(double value) { return detail::table_number<T>(entry, value); }
  static Row row(SplineCell<double> const& cell) {
    return Row::of({in_precision(cell.force), in_precision(cell.slope), in_precision(cell.bend),
                    in_precision(cell.kink), in_precision(cell.kink_at), in_precision(cell.energy)});
  }
  static void expect_points_apart(CubicSpline const& spline) {
    auto const& x = spline.knot;
    for (std::size_t i = 1; i < x.size(); ++i) {
      expects(in_precision(x[i]) > in_precision(x[i - 1]), "table position " + std::to_string(i), x[i],
              "larger than the position before it in the chosen precision");
    }
  }

  Kokkos::View<Row const*, Space> m_rows;
  T m_width = 0;
  detail::CellAxis<T> m_axis;
};

/// How programs name and read a Tabulated.
struct TabulatedKind {
  static constexpr char name[] = "tabulated";
  static constexpr int max_dimensions = 1;
  using Params = TabulatedParams;
  static Params read(Config const& config) { return read_tabulated(config); }
  template <real T, class Space>
  static Tabulated<T, Space> make(Params const& p, Space const& space) {
    return Tabulated<T, Space>(space, spline_through(p.table), p.wall_stiffness);
  }
  /// The lowest point.
  static double usual_start(Params const& p) {
    auto const lowest = std::ranges::min_element(p.table.energy) - p.table.energy.begin();
    return p.table.position[static_cast<std::size_t>(lowest)];
  }
  static bool confines(Params const& p) { return p.wall_stiffness > 0; }
  static bool diffuses(Params const& p) { return p.table.period > 0; }
  static std::uint64_t data_hash(Params const& p) { return p.data; }
};

}  // namespace kramers::dynamics
