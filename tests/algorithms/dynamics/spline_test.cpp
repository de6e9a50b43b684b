// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace kramers::test {

using namespace kramers::dynamics;
namespace {

double evaluate(CubicSpline const& s, std::size_t i, double dx, int derivative = 0) {
  double const c0 = s.coefficient[0][i], c1 = s.coefficient[1][i], c2 = s.coefficient[2][i], c3 = s.coefficient[3][i];
  if (derivative == 0) return c0 + dx * (c1 + dx * (c2 + dx * c3));
  if (derivative == 1) return c1 + dx * (2 * c2 + dx * 3 * c3);
  return 2 * c2 + 6 * c3 * dx;
}

Table const uneven{{-1.5, -1.0, -0.2, 0.0, 0.7, 2.0, 2.25, 3.0}, {2.0, -0.5, 1.25, 0.75, -3.0, 0.5, 1.5, -0.25}};

TEST(NaturalSpline, AgreesWithScipy) {
  // scipy.interpolate.CubicSpline(position, energy, bc_type='natural').c, scipy 1.15
  std::array<std::vector<double>, 3> const published{
      {{-6.949585787929996, -1.1008284241400084, -0.5938549337839625, -4.099530559505092, -3.347161267638885,
        4.970034012715954, 2.3453197282469516},
       {0.0, 11.697514727579975, -11.063797864634918, -6.4645802639707215, 7.539393538065301, -1.1415510147154357,
        -9.357306123160571},
       {7.798343151719983, -9.483880246756204, 7.665362667773645, 6.668558953350487, -2.2258832186617252,
        -10.954340144593516, 4.158802721404699}}};
  CubicSpline const spline = natural_spline(uneven);
  ASSERT_EQ(spline.knot, uneven.position);
  for (std::size_t p = 0; p < 3; ++p) {
    for (std::size_t i = 0; i < published[p].size(); ++i) {
      // Both solve the same well-conditioned system (condition number < 4) in double: a few rounding errors of ~10.
      EXPECT_NEAR(spline.coefficient[p + 1][i], published[p][i], 1e-13) << "c" << p + 1 << " of interval " << i;
    }
  }
  EXPECT_NEAR(spline.coefficient[1].back(), -4.672659864123475, 1e-13);
}

TEST(NaturalSpline, IsTwiceContinuouslyDifferentiableAndStraightAtItsEnds) {
  CubicSpline const spline = natural_spline(uneven);
  for (std::size_t i = 0; i + 1 < spline.knot.size(); ++i) {
    double const h = spline.knot[i + 1] - spline.knot[i];
    for (int derivative = 0; derivative < 3; ++derivative) {
      // Rounding of a four-term sum whose terms are below 30.
      EXPECT_NEAR(evaluate(spline, i, h, derivative), evaluate(spline, i + 1, 0.0, derivative), 2e-14 * 30)
          << "derivative " << derivative << " at knot " << i + 1;
    }
    EXPECT_EQ(spline.coefficient[0][i], uneven.energy[i]) << "passes through its points";
  }
  EXPECT_EQ(spline.coefficient[2].front(), 0.0);
  EXPECT_EQ(spline.coefficient[2].back(), 0.0);
}

TEST(NaturalSpline, ReproducesAStraightLine) {
  // Energies and positions are dyadic, so every divided difference is exact.
  CubicSpline const spline = natural_spline({{-2, -1.5, 0.25, 1, 4}, {7, 6, 2.5, 1, -5}});
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(spline.coefficient[1][i], -2.0);
    EXPECT_EQ(spline.coefficient[2][i], 0.0);
    EXPECT_EQ(spline.coefficient[3][i], 0.0);
  }
}

TEST(NaturalSpline, ConvergesWithTheFourthPowerOfTheSpacing) {
  // sin over whole half-periods has V'' = 0 at both ends, so the natural ends cost no accuracy.
  auto const error = [](int intervals) {
    Table table;
    for (int i = 0; i <= intervals; ++i) {
      table.position.push_back(std::acos(-1.0) * i / intervals);
      table.energy.push_back(std::sin(table.position.back()));
    }
    CubicSpline const spline = natural_spline(table);
    double largest = 0;
    for (std::size_t i = 0; i + 1 < table.position.size(); ++i) {
      double const half = (table.position[i + 1] - table.position[i]) / 2;
      largest = std::max(largest, std::abs(evaluate(spline, i, half) - std::sin(table.position[i] + half)));
    }
    return largest;
  };
  // 2^4 = 16 for halved spacing; the next term of the expansion is of relative size h^2 < 0.01.
  EXPECT_NEAR(error(32) / error(64), 16.0, 0.2);
}

TEST(NaturalSpline, RefusesBadTables) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(natural_spline({{0, 1, 2}, {0, 1}}), ShapeError);
  EXPECT_THROW(natural_spline({{0, 1}, {0, 1}}), DomainError);
  EXPECT_THROW(natural_spline({{0, 1, 1}, {0, 1, 2}}), DomainError);
  EXPECT_THROW(natural_spline({{0, nan, 2}, {0, 1, 2}}), DomainError);
  EXPECT_THROW(natural_spline({{0, 1, 2}, {0, nan, 2}}), DomainError);
  EXPECT_THROW(natural_spline({{0, 1, 2}, {0, 1e308, -1e308}}), DomainError);
}

TEST(PeriodicSpline, AgreesWithScipy) {
  // scipy.interpolate.CubicSpline([-1, -0.25, 0.5, 0.75, 2, 2.5], [1, 2, 0.5, -1, 3, 1], bc_type='periodic').c
  std::array<std::vector<double>, 3> const published{
      {{-2.738172577615733, 1.7393879129377967, -6.219379074135455, -3.9947851066180533, -1.3656833499060876},
       {10.315942989724892, -4.345862335653519, -6.265826980444146, 15.164202850513755, -13.060921445144183},
       {-6.516357922390405, -0.8533176199069475, 28.573373107943866, -7.526699812175449, 15.584576289912718}}};
  CubicSpline const spline = periodic_spline({{-1, -0.25, 0.5, 0.75, 2}, {1, 2, 0.5, -1, 3}, 3.5});
  ASSERT_TRUE(spline.periodic);
  ASSERT_EQ(spline.knot.size(), 6U);
  for (std::size_t p = 0; p < 3; ++p) {
    for (std::size_t i = 0; i < published[p].size(); ++i) {
      // As above, with numbers up to 30.
      EXPECT_NEAR(spline.coefficient[p + 1][i], published[p][i], 1e-12) << "c" << p + 1 << " of interval " << i;
    }
  }
  EXPECT_EQ(spline.coefficient[0].back(), 1.0);
}

TEST(PeriodicSpline, RefusesAPeriodThatTheTableExceeds) {
  EXPECT_THROW(periodic_spline({{0, 1, 2}, {0, 1, 0}, 2}), DomainError);
  EXPECT_FALSE(spline_through({{0, 1, 2}, {0, 1, 0}}).periodic);
  EXPECT_TRUE(spline_through({{0, 1, 2}, {0, 1, 0}, 3}).periodic);
}

Table even(int points, double spacing) {
  Table table;
  for (int i = 0; i < points; ++i) {
    table.position.push_back(spacing * i - 2);
    table.energy.push_back(std::cos(table.position.back()));
  }
  return table;
}

TEST(SplineCells, AreTheIntervalsOfEvenlySpacedPoints) {
  for (double const spacing : {0.5, 0.01, 0.1, 1.0 / 3.0}) {
    SplineCells const cells = spline_cells(natural_spline(even(201, spacing)), 0);
    ASSERT_EQ(cells.cell.size(), 202U) << "one per interval and one for each outside";
    EXPECT_EQ(cells.first, -2.0);
    EXPECT_NEAR(cells.width, spacing, 1e-12);
    for (std::size_t i = 1; i < 201; ++i) {
      ASSERT_EQ(cells.cell[i].kink, 0.0) << i;
      ASSERT_NEAR(cells.cell[i].energy, std::cos(-2 + spacing * static_cast<double>(i - 1)), 1e-13) << i;
    }
  }
}

TEST(SplineCells, HaveOneKinkForEachPointBetweenEdges) {
  // Cells of 0.5: the knot 1.25 lies in the middle of one, the others on edges.
  SplineCells const cells = spline_cells(natural_spline({{0, 0.5, 1.25, 2}, {0, 3, -1, 4}}), 0);
  ASSERT_EQ(cells.cell.size(), 6U);
  for (std::size_t i : {0U, 1U, 2U, 4U, 5U}) EXPECT_EQ(cells.cell[i].kink, 0.0) << i;
  EXPECT_NE(cells.cell[3].kink, 0.0);
  EXPECT_EQ(cells.cell[3].kink_at, 0.5);
}

TEST(SplineCells, RefuseWhatTheyCannotHold) {
  CubicSpline const good = natural_spline({{0, 1, 2}, {0, 1, 0}});
  EXPECT_THROW(spline_cells(good, -1.0), DomainError);
  EXPECT_THROW(spline_cells(good, std::numeric_limits<double>::quiet_NaN()), DomainError);
  EXPECT_THROW(spline_cells(periodic_spline({{0, 1, 2}, {0, 1, 0}, 3}), 1), DomainError);
  EXPECT_THROW(spline_cells(natural_spline({{0, 1e-6, 1}, {0, 0, 1}}), 0), DomainError);
}

}  // namespace
}  // namespace kramers::test
