// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/math.hpp>
#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace kramers::dynamics {

/// A profile given by points, continued as a natural cubic spline.
///
/// Outside the table the profile goes on as V_end + V'_end dx + (k/2) dx^2, dx from the end point: straight for k = 0
/// (`linear`), or with a harmonic wall of stiffness k > 0. At an infinite position the results are not finite.
///
/// Any x is looked up without a branch: a uniform grid of cells, each so narrow that it holds one knot at most, says
/// how many knots lie in earlier cells; one comparison settles the rest. Placing a number in a cell is monotone in
/// floating point too, and the constructor sorts the knots into cells with the arithmetic of the lookup, so the
/// interval found is always exactly the one that contains x.
///
/// Cost     one integer and seven real loads from a table of 6 reals per point, which stays in cache, 4 fma
template <real T, execution_space Space>
class Tabulated {
 public:
  using value_type = T;
  /// More cells than this would not stay in cache.
  static constexpr std::int64_t max_cells = 65536;

  /// Put the spline into the memory of `exec`; waits.
  ///
  /// @param[in] wall_stiffness  k >= 0 outside the table [energy / length^2]
  /// @throws DomainError  k < 0; points so unevenly spaced that more than max_cells cells are needed; points or
  ///                      coefficients that coincide or overflow in the precision T
  Tabulated(Space const& exec, CubicSpline const& spline, double wall_stiffness = 0) {
    expects(wall_stiffness >= 0 && std::isfinite(wall_stiffness), "wall_stiffness", wall_stiffness, "finite and >= 0");
    auto const points = static_cast<std::int64_t>(spline.knot.size());
    Rows const rows(Kokkos::view_alloc(exec, "kramers::Tabulated::rows"), points + 1);
    auto const host_rows = Kokkos::create_mirror_view(rows);
    fill_rows(spline, wall_stiffness, host_rows);
    copy_view(exec, rows, host_rows);
    m_rows = rows;

    std::int64_t const cells = choose_cells(spline, host_rows);
    Counts const counts(Kokkos::view_alloc(exec, "kramers::Tabulated::knots_before"), cells + 2);
    auto const host_counts = Kokkos::create_mirror_view(counts);
    fill_counts(points, host_rows, host_counts);
    copy_view(exec, counts, host_counts);
    m_knots_before = counts;
    exec.fence("kramers::Tabulated");
  }

  KOKKOS_FORCEINLINE_FUNCTION T energy(T x) const {
    int const i = interval(x);
    return math::horner(x - m_rows(i, origin), m_rows(i, c0), m_rows(i, c1), m_rows(i, c2), m_rows(i, c3));
  }
  KOKKOS_FORCEINLINE_FUNCTION T force(T x) const {
    int const i = interval(x);
    return -math::horner(x - m_rows(i, origin), m_rows(i, c1), T(2) * m_rows(i, c2), T(3) * m_rows(i, c3));
  }
  KOKKOS_FORCEINLINE_FUNCTION T curvature(T x) const {
    int const i = interval(x);
    return math::horner(x - m_rows(i, origin), T(2) * m_rows(i, c2), T(6) * m_rows(i, c3));
  }

 private:
  // Row i belongs to the interval with i knots at or below it: row 0 lies left of the table, the last row right of it.
  enum Column : int { knot, origin, c0, c1, c2, c3, columns };  // `knot` ends the interval, dx counts from `origin`
  using Rows = Kokkos::View<T* [columns], Kokkos::LayoutRight, Space>;
  using Counts = Kokkos::View<std::int32_t*, Space>;

  // Cell 0 is left of the first knot, cell 1 begins there, the last one takes what lies right of the grid. NaN goes
  // to cell 0.
  KOKKOS_FORCEINLINE_FUNCTION int cell(T x) const {
    T const place = math::fma(x - m_first, m_cells_per_length, T(1));
    T const not_below = place > T(0) ? place : T(0);
    return static_cast<int>(not_below < m_last_cell ? not_below : m_last_cell);
  }
  KOKKOS_FORCEINLINE_FUNCTION int interval(T x) const {
    int const before = m_knots_before(cell(x));
    return before + (x >= m_rows(before, knot) ? 1 : 0);
  }

  template <class HostRows>
  static void fill_rows(CubicSpline const& spline, double wall_stiffness, HostRows const& rows) {
    std::size_t const n = spline.knot.size();
    auto const put = [](double value) {
      expects(std::abs(value) <= static_cast<double>(std::numeric_limits<T>::max()), "table entry", value,
              "finite in the chosen precision");
      return static_cast<T>(value);
    };
    for (std::size_t i = 0; i <= n; ++i) {
      std::size_t const piece = i == 0 ? 0 : i - 1;
      bool const outside = i == 0 || i == n;
      rows(i, knot) = i < n ? put(spline.knot[i]) : std::numeric_limits<T>::quiet_NaN();  // nothing lies beyond
      rows(i, origin) = put(spline.knot[piece]);
      rows(i, c0) = put(spline.coefficient[0][piece]);
      rows(i, c1) = put(spline.coefficient[1][piece]);
      rows(i, c2) = put(outside ? wall_stiffness / 2 : spline.coefficient[2][piece]);
      rows(i, c3) = put(outside ? 0.0 : spline.coefficient[3][piece]);
      if (i > 0 && i < n) {
        expects(rows(i, knot) > rows(i - 1, knot), "table position " + std::to_string(i), spline.knot[i],
                "larger than the position before it in the chosen precision");
      }
    }
  }

  // As few cells as separate all knots, found by trying.
  template <class HostRows>
  std::int64_t choose_cells(CubicSpline const& spline, HostRows const& rows) {
    auto const& x = spline.knot;
    double const length = x.back() - x.front();
    double smallest = length;
    for (std::size_t i = 1; i < x.size(); ++i) smallest = std::min(smallest, x[i] - x[i - 1]);
    m_first = rows(0, knot);
    for (double wanted = length / smallest; wanted <= static_cast<double>(max_cells); wanted = 1.1 * wanted + 1) {
      auto const cells = static_cast<std::int64_t>(std::ceil(wanted));
      m_cells_per_length = static_cast<T>(static_cast<double>(cells) / length);
      m_last_cell = static_cast<T>(cells + 1);
      bool apart = true;
      for (std::size_t i = 1; i < x.size(); ++i) apart = apart && cell(rows(i, knot)) > cell(rows(i - 1, knot));
      if (apart) return cells;
    }
    throw DomainError("length of the table / its smallest spacing", shortest_decimal(length / smallest),
                      "at most about " + std::to_string(max_cells) +
                          "; leave out points that nearly coincide, or use evenly spaced ones");
  }

  template <class HostRows, class HostCounts>
  void fill_counts(std::int64_t points, HostRows const& rows, HostCounts const& counts) const {
    std::int64_t seen = 0;
    for (std::int64_t c = 0; c < counts.extent_int(0); ++c) {
      counts(c) = static_cast<std::int32_t>(seen);
      if (seen < points && cell(rows(seen, knot)) == c) ++seen;
    }
  }

  Kokkos::View<T const* [columns], Kokkos::LayoutRight, Space> m_rows;
  Kokkos::View<std::int32_t const*, Space> m_knots_before;
  T m_first = 0, m_cells_per_length = 0, m_last_cell = 0;
};

/// How programs name and read a Tabulated.
struct TabulatedKind {
  static constexpr char name[] = "tabulated";
  static constexpr int max_dimensions = 1;
  struct Params {
    Table table;
    double wall_stiffness;
  };
  static Params read(Config const& config) {
    Params p{read_table(config.path("potential.file")), 0};
    if (config.one_of("potential.outside", {"linear", "wall"}, "linear") == "wall") {
      p.wall_stiffness = config.positive<double>("potential.wall_stiffness");
    }
    return p;
  }
  template <real T, class Space>
  static Tabulated<T, Space> make(Params const& p, Space const& space) {
    return Tabulated<T, Space>(space, natural_spline(p.table), p.wall_stiffness);
  }
  /// The lowest point.
  static double usual_start(Params const& p) {
    auto const lowest = std::ranges::min_element(p.table.energy) - p.table.energy.begin();
    return p.table.position[static_cast<std::size_t>(lowest)];
  }
  static bool confines(Params const& p) { return p.wall_stiffness > 0; }
  static std::uint64_t data_hash(Params const& p) { return hash_of(p.table); }
};

}  // namespace kramers::dynamics
