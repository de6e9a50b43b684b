// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace kramers::dynamics {
namespace {

void check(Table const& table) {
  auto const n = table.position.size();
  expects_extent("energies of the table", static_cast<std::int64_t>(table.energy.size()), static_cast<std::int64_t>(n));
  expects(n >= Table::fewest_points, "points of the table", static_cast<std::int64_t>(n), "at least 3");
  for (std::size_t i = 1; i < n; ++i) {
    expects(table.position[i] > table.position[i - 1], "table position " + std::to_string(i), table.position[i],
            "larger than the position before it");
  }
}

// V'' at the knots, zero at both ends: Thomas' algorithm for the tridiagonal system, which is diagonally dominant.
std::vector<double> natural_curvatures(std::vector<double> const& x, std::vector<double> const& y) {
  std::size_t const n = x.size();
  std::vector<double> curvature(n, 0.0), upper(n, 0.0);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    double const before = x[i] - x[i - 1], after = x[i + 1] - x[i];
    double const pivot = 2.0 * (before + after) - before * upper[i - 1];
    double const bend = (y[i + 1] - y[i]) / after - (y[i] - y[i - 1]) / before;
    upper[i] = after / pivot;
    curvature[i] = (6.0 * bend - before * curvature[i - 1]) / pivot;
  }
  for (std::size_t i = n - 1; i-- > 0;) curvature[i] -= upper[i] * curvature[i + 1];
  return curvature;
}

// Thomas' algorithm for a symmetric tridiagonal system: below[i] m[i - 1] + diagonal[i] m[i] + below[i + 1] m[i + 1].
std::vector<double> solve(std::vector<double> const& below, std::vector<double> diagonal, std::vector<double> right) {
  std::size_t const n = right.size();
  for (std::size_t i = 1; i < n; ++i) {
    double const share = below[i] / diagonal[i - 1];
    diagonal[i] -= share * below[i];
    right[i] -= share * right[i - 1];
  }
  right[n - 1] /= diagonal[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) right[i] = (right[i] - below[i + 1] * right[i + 1]) / diagonal[i];
  return right;
}

// V'' at the knots where the last one is the first one again: the two corners of the cyclic system, both the width of
// the last interval, are a matrix of rank one, to be put back by the formula of Sherman and Morrison.
std::vector<double> periodic_curvatures(std::vector<double> const& x, std::vector<double> const& y) {
  std::size_t const n = x.size() - 1;
  double const corner = x[n] - x[n - 1];
  std::vector<double> below(n, 0.0), diagonal(n), right(n), rank_one(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t const previous = i == 0 ? n - 1 : i - 1;
    double const before = x[previous + 1] - x[previous], after = x[i + 1] - x[i];
    if (i > 0) below[i] = before;
    diagonal[i] = 2.0 * (before + after);
    right[i] = 6.0 * ((y[i + 1] - y[i]) / after - (y[previous + 1] - y[previous]) / before);
  }
  diagonal[0] -= corner;
  diagonal[n - 1] -= corner;
  rank_one[0] = rank_one[n - 1] = 1.0;
  std::vector<double> m = solve(below, diagonal, right);
  std::vector<double> const z = solve(below, diagonal, rank_one);
  double const share = corner * (m[0] + m[n - 1]) / (1.0 + corner * (z[0] + z[n - 1]));
  for (std::size_t i = 0; i < n; ++i) m[i] -= share * z[i];
  m.push_back(m[0]);
  return m;
}

CubicSpline with_curvatures(std::vector<double> const& x, std::vector<double> const& y, std::vector<double> const& m) {
  std::size_t const n = x.size();
  CubicSpline spline;
  spline.knot = x;
  auto& [c0, c1, c2, c3] = spline.coefficient;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    double const h = x[i + 1] - x[i];
    c0.push_back(y[i]);
    c1.push_back((y[i + 1] - y[i]) / h - h * (2.0 * m[i] + m[i + 1]) / 6.0);
    c2.push_back(m[i] / 2.0);
    c3.push_back((m[i + 1] - m[i]) / (6.0 * h));
  }
  double const last = x[n - 1] - x[n - 2];
  c0.push_back(y[n - 1]);
  c1.push_back((y[n - 1] - y[n - 2]) / last + last * (m[n - 2] + 2.0 * m[n - 1]) / 6.0);
  c2.push_back(0.0);
  c3.push_back(0.0);
  for (auto const& c : spline.coefficient) {
    for (std::size_t i = 0; i < n; ++i) {
      expects(std::isfinite(c[i]), "spline coefficient at table position " + std::to_string(i), c[i],
              "finite; use smaller energies or points further apart");
    }
  }
  return spline;
}

// Where a spline is cut into `count` cells, and between which knots each of its edges lies.
class Cutter {
 public:
  Cutter(CubicSpline const& spline, std::int64_t count)
      : m_spline(spline),
        m_count(count),
        m_width((spline.knot.back() - spline.knot.front()) / static_cast<double>(count)) {}

  // Has no cell two knots between its edges?
  bool separates_knots() const {
    std::int64_t last = -1;
    for (std::size_t i = 0; i < m_spline.knot.size(); ++i) {
      Place const p = place(i);
      if (p.inside == 0) continue;
      if (p.cell == last) return false;
      last = p.cell;
    }
    return true;
  }

  SplineCells cut(double wall_stiffness) const {
    SplineCells cells{m_spline.periodic, m_spline.knot.front(), m_width, {}};
    std::size_t const last = m_spline.knot.size() - 1;
    double const k = wall_stiffness * m_width;
    auto const& c = m_spline.coefficient;
    if (!m_spline.periodic) {  // its knot is at t = 1, so the wall is written around there: -V' = -c1 - k (t - 1)
      cells.cell.push_back({-c[1][0] + k, -k, 0, 0, 1, c[0][0] - m_width * (c[1][0] - k / 2)});
    }
    std::size_t interval = 0;
    for (std::int64_t i = 0; i < m_count; ++i) {
      while (interval + 1 < last && place(interval + 1).at_or_before(i)) ++interval;
      cells.cell.push_back(between(i, interval));
    }
    if (!m_spline.periodic) cells.cell.push_back({-c[1][last], -k, 0, 0, 1, c[0][last]});
    return cells;
  }

 private:
  struct Place {
    std::int64_t cell;
    double inside;  // 0 ... 1 from the left edge of the cell; 0 where it is as good as there
    bool at_or_before(std::int64_t edge) const { return cell < edge || (cell == edge && inside == 0); }
  };

  Place place(std::size_t knot) const {
    constexpr double nothing = 1e-8;
    double const place = (m_spline.knot[knot] - m_spline.knot.front()) / m_width;
    double const cell = std::floor(place + nothing);
    return {static_cast<std::int64_t>(cell), place - cell > nothing ? place - cell : 0.0};
  }

  // The polynomial of the interval, moved to edge i, and the jump at the knot after it if that comes before edge i + 1.
  SplineCell<double> between(std::int64_t i, std::size_t interval) const {
    auto const& c = m_spline.coefficient;
    double const w = m_width;
    double const dx = m_spline.knot.front() + static_cast<double>(i) * w - m_spline.knot[interval];
    double const c0 = c[0][interval], c1 = c[1][interval], c2 = c[2][interval], c3 = c[3][interval];
    SplineCell<double> cell{};
    cell.energy = c0 + dx * (c1 + dx * (c2 + dx * c3));
    cell.force = -(c1 + dx * (2 * c2 + dx * 3 * c3));
    cell.slope = -(2 * c2 + 6 * c3 * dx) * w;
    cell.bend = -3 * c3 * w * w;
    cell.kink_at = 1;
    Place const next = place(interval + 1);
    if (interval + 2 < m_spline.knot.size() && next.cell == i) {
      cell.kink_at = next.inside;
      cell.kink = -3 * (c[3][interval + 1] - c3) * w * w;
    }
    return cell;
  }

  CubicSpline const& m_spline;
  std::int64_t m_count;
  double m_width;
};

}  // namespace

CubicSpline natural_spline(Table const& table) {
  check(table);
  return with_curvatures(table.position, table.energy, natural_curvatures(table.position, table.energy));
}

CubicSpline periodic_spline(Table const& table) {
  check(table);
  auto x = table.position, y = table.energy;
  expects(table.period > x.back() - x.front(), "period", table.period, "larger than the length of the table");
  x.push_back(x.front() + table.period);
  y.push_back(y.front());
  CubicSpline spline = with_curvatures(x, y, periodic_curvatures(x, y));
  spline.periodic = true;
  return spline;
}

CubicSpline spline_through(Table const& table) {
  return table.period > 0 ? periodic_spline(table) : natural_spline(table);
}

SplineCells spline_cells(CubicSpline const& spline, double wall_stiffness) {
  expects(wall_stiffness >= 0 && std::isfinite(wall_stiffness), "wall_stiffness", wall_stiffness, "finite and >= 0");
  expects(!spline.periodic || wall_stiffness == 0, "wall_stiffness", wall_stiffness, "0 for a periodic profile");
  auto const& x = spline.knot;
  double const length = x.back() - x.front();
  double smallest = length;
  for (std::size_t i = 1; i < x.size(); ++i) smallest = std::min(smallest, x[i] - x[i - 1]);
  constexpr double rounding = 1e-6;  // of positions that are multiples of the spacing
  for (double wanted = length / smallest; wanted <= static_cast<double>(SplineCells::most); wanted = 1.1 * wanted + 1) {
    Cutter const cutter(spline, static_cast<std::int64_t>(std::ceil(wanted - rounding)));
    if (cutter.separates_knots()) return cutter.cut(wall_stiffness);
  }
  throw DomainError("length of the table / its smallest spacing", shortest_decimal(length / smallest),
                    "at most about " + std::to_string(SplineCells::most) +
                        "; leave out points that nearly coincide, or use evenly spaced ones");
}

}  // namespace kramers::dynamics
