// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/spline.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <numbers>
#include <optional>
#include <vector>

#include "scratch.hpp"
#include "surfaces.hpp"

// Surfaces: what files hold, what is refused and why, and the bicubic spline against what is known of it.
namespace kramers::test {
namespace {

struct BadText {
  char const* name;
  char const* text;
  int line;
  char const* says;  // a part of the message
};
void PrintTo(BadText const& bad, std::ostream* out) {
  *out << bad.name;
}

class RefusedSurface : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusedSurface, NamesFileLineAndReason) {
  try {
    parse_surface(GetParam().text, "fes.dat");
    FAIL() << "was accepted";
  } catch (InputError const& error) {
    EXPECT_EQ(error.source(), "fes.dat");
    EXPECT_EQ(error.line(), GetParam().line) << error.what();
    EXPECT_NE(std::string(error.what()).find(GetParam().says), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line";
  }
}

#define NINE "0 0 1\n0 1 1\n0 2 1\n1 0 1\n1 1 1\n1 2 1\n2 0 1\n2 1 1\n2 2 1\n"
INSTANTIATE_TEST_SUITE_P(
    Surface, RefusedSurface,
    ::testing::Values(
        BadText{"empty", "", 0, "holds no points"}, BadText{"comments", "# nothing\n; here\n", 0, "holds no points"},
        BadText{"text", "0 0 1\n0 1 one\n", 2, "'one' is not a number"},
        BadText{"text_first", "x y V\n" NINE, 1, "'x' is not a number"},
        BadText{"nan", NINE "3 0 nan\n", 10, "the energy 'nan' is not a finite number"},
        BadText{"infinite", NINE "3 inf 1\n", 10, "the position y = 'inf' is not a finite number"},
        BadText{"two_columns", "0 1\n", 1, "has 2 columns, but three are needed"},
        BadText{"four_columns", "0 0 1 5\n", 1, "has 4 columns, but three are needed: x, y and energy; choose"},
        BadText{"half_a_header", "x,1,2\n", 1, "'x' is not a number"},
        BadText{"two_of_one_axis", "0 0 1\n0 1 1\n0 2 1\n1 0 1\n1 1 1\n1 2 1\n", 0, "has 2 positions along x"},
        BadText{"one_of_one_axis", "0 5 1\n1 5 1\n2 5 1\n", 0, "has 1 position along y"},
        BadText{"missing", "0 0 1\n0 1 1\n0 2 1\n1 0 1\n1 2 1\n2 0 1\n2 1 1\n2 2 1\n", 0,
                "lacks the point x = 1, y = 1 of the grid of 3 x 3"},
        BadText{"missing_last", "0 0 1\n0 1 1\n0 2 1\n1 0 1\n1 1 1\n1 2 1\n2 0 1\n2 1 1\n", 0,
                "lacks the point x = 2, y = 2 of the grid of 3 x 3"},
        BadText{"twice", NINE "# again\n1 2 7\n", 11, "the point x = 1, y = 2 comes twice, first in line 6"},
        BadText{"uneven", "0 0 1\n0 1 1\n0 2 1\n1 0 1\n1 1 1\n1 2 1\n2.5 0 1\n2.5 1 1\n2.5 2 1\n", 0,
                "after x = 1 comes 2.5, after 0 comes 1"},
        BadText{"scattered", "0 0 1\n0.1 0.3 1\n0.7 0.2 1\n0.8 0.9 1\n", 0, "is no grid of evenly spaced points"},
        BadText{"profile", "#! FIELDS phi file.free der_phi\n0 1 2\n1 2 3\n2 3 4\n", 1, "of one coordinate"},
        BadText{"two_fields", "#! FIELDS phi psi\n0 1\n", 1, "names 2 fields, but three are needed"},
        BadText{"other_fields", "#! FIELDS x y v count\n0 0 1 2\n", 1, "'count' is no derivative"},
        BadText{"fewer_than_fields", "#! FIELDS x y v der_x der_y\n0 0 1\n", 2, "the header names 5"},
        BadText{"cut_off", "#! FIELDS x y v\n#! SET nbins_x 4\n" NINE, 2, "announces 4 points, but 3 follow"},
        BadText{"period_without_end", "#! FIELDS x y v\n#! SET periodic_y true\n#! SET min_y 0\n" NINE, 2,
                "max_y VALUE"},
        BadText{"no_period", "#! FIELDS x y v\n#! SET periodic_x true\n#! SET min_x 1\n#! SET max_x 0\n" NINE, 4,
                "not larger than 0"}),
    [](auto const& bad) { return std::string(bad.param.name); });

TEST(Surface, ReadsEveryFormAndGivesTheSameGrid) {
  std::vector<double> const energy{5, 6, 7, 8, 1, 2, 3, 4, -1, -2, -3, -4};  // x = 0, 0.5, 1; y = -1, 0, 1, 2
  std::string by_rows = "# x y V\n",
              by_columns = "#! FIELDS x y file.free der_x der_y\n#! SET nbins_x 2\n#! SET nbins_y 3\n";
  std::string csv = "\xEF\xBB\xBFx (nm),y,V\r\n", backwards;
  for (int i = 0; i < 12; ++i) {
    auto const row = [&](int point, char const* between) {
      return std::to_string(point / 4 * 0.5) + between + std::to_string(point % 4 - 1) + between +
             std::to_string(energy[static_cast<std::size_t>(point)]);
    };
    by_rows += row(i, " ") + "\n" + (i % 4 == 3 ? "\n" : "");
    int const j = i % 3 * 4 + i / 3;
    by_columns += "  " + row(j, "   ") + "  0.5 nan\n" + (i % 3 == 2 ? " \n" : "");
    csv += row(i, ",") + "\r\n";
    backwards += row(11 - i, "\t") + "\n";
  }
  for (std::string const& text : {by_rows, by_columns, csv, backwards}) {
    Surface const surface = parse_surface(text, "fes");
    EXPECT_EQ(surface.energy, energy) << text;
    EXPECT_EQ(surface.axis[0].points, 3);
    EXPECT_EQ(surface.axis[1].points, 4);
    EXPECT_EQ(surface.axis[0].first, 0);
    EXPECT_EQ(surface.axis[1].first, -1);
    EXPECT_EQ(surface.axis[0].spacing, 0.5);
    EXPECT_EQ(surface.axis[1].spacing, 1);
    EXPECT_EQ(surface.axis[0].period, 0);
  }
  std::string swapped;
  for (int i = 0; i < 12; ++i) {
    swapped += "9 " + std::to_string(energy[static_cast<std::size_t>(i)]) + " " + std::to_string(i % 4 - 1) + " " +
               std::to_string(i / 4 * 0.5) + "\n";
  }
  EXPECT_EQ(parse_surface(swapped, "fes", {{4, 3, 2}}).energy, energy);
  EXPECT_THROW(parse_surface(swapped, "fes", {{4, 3, 5}}), InputError);
}

TEST(Surface, ReadsPeriodsFromTheHeader) {
  double const pi = std::numbers::pi;
  std::string text =
      "#! FIELDS phi psi file.free\n#! SET min_phi -pi\n#! SET max_phi pi\n#! SET periodic_phi true\n"
      "#! SET nbins_phi 4\n#! SET min_psi 0\n#! SET max_psi 2\n#! SET periodic_psi false\n#! SET nbins_psi 2\n";
  for (int j = 0; j < 3; ++j) {
    for (double const phi : {-3.141593, -1.570796, 0.0, 1.570796}) {
      text += std::to_string(phi) + " " + std::to_string(j) + " " + std::to_string(phi * j) + "\n";
    }
  }
  Surface const surface = parse_surface(text, "fes");
  EXPECT_DOUBLE_EQ(surface.axis[0].period, 2 * pi);
  EXPECT_EQ(surface.axis[1].period, 0);
  Surface const closed = with_period(surface, 0, surface.axis[0].period);
  EXPECT_DOUBLE_EQ(closed.axis[0].spacing, pi / 2);  // not what six digits give
  EXPECT_EQ(closed.energy, surface.energy);
}

TEST(Surface, ClosesWithoutItsLastPointsTwice) {
  auto const f = [](double x, double y) { return std::cos(2 * std::numbers::pi * x / 4) * (1 + y * y); };
  Surface const open = surface_of(f, axis_of(-1, 1, 4), axis_of(0, 0.5, 3));
  Surface const twice = surface_of(f, axis_of(-1, 1, 5), axis_of(0, 0.5, 3));
  Surface const one = with_period(open, 0, 4), other = with_period(twice, 0, 4);
  EXPECT_EQ(one.energy, open.energy);
  ASSERT_EQ(other.energy.size(), open.energy.size());
  for (std::size_t i = 0; i < open.energy.size(); ++i) EXPECT_NEAR(other.energy[i], open.energy[i], 1e-15);
  EXPECT_EQ(other.axis[0].points, 4);
  auto const g = [&](double x, double y) { return f(y, x); };
  EXPECT_EQ(with_period(surface_of(g, axis_of(0, 0.5, 3), axis_of(-1, 1, 5)), 1, 4).energy.size(), 12U);
  for (double const wrong : {3.0, 3.5, 4.5, 5.0, 6.0, 1.0, 0.0, -4.0}) {
    EXPECT_THROW(with_period(open, 0, wrong), DomainError) << wrong;  // the energies at -1 and 2 differ
  }
  EXPECT_THROW(with_period(open, 2, 4), DomainError);
  EXPECT_NE(hash_of(open), hash_of(one));
}

TEST(Surface, ReadsAFileAndRefusesAMissingOne) {
  Scratch const scratch;
  Surface const surface = surface_of(mueller_brown, axis_of(-1, 0.25, 8), axis_of(0, 0.125, 9));
  put(scratch / "fes.dat", plumed_text(surface));
  Surface const read = read_surface(scratch / "fes.dat");
  EXPECT_EQ(read.energy, surface.energy);
  EXPECT_EQ(hash_of(read), hash_of(surface));
  EXPECT_THROW(read_surface(scratch / "absent.dat"), InputError);
}

TEST(Surface, RefusesMorePointsThanItHolds) {
  std::string text;
  for (int i = 0; i < 513; ++i) {
    for (int j = 0; j < 512; ++j) text += std::to_string(i) + " " + std::to_string(j) + " 0\n";
  }
  try {
    parse_surface(text, "fes");
    FAIL() << "was accepted";
  } catch (InputError const& error) {
    EXPECT_EQ(error.line(), Surface::most_points + 1);
  }
}

TEST(Surface, EveryNumberCountsInItsHash) {
  Surface const surface = surface_of(mueller_brown, axis_of(-1, 0.5, 3), axis_of(0, 0.5, 4));
  for (int change = 0; change < 6; ++change) {
    Surface other = surface;
    if (change == 0) other.axis[0].first += 1;
    if (change == 1) other.axis[1].spacing += 1;
    if (change == 2) other.axis[1].period = 2;
    if (change == 3) std::swap(other.energy[0], other.energy[1]);
    if (change == 4) other.energy.back() += 1e-9;
    if (change == 5) std::swap(other.axis[0], other.axis[1]);
    EXPECT_NE(hash_of(other), hash_of(surface)) << change;
  }
}

/// The 1D spline as it is defined: its value and first two derivatives, natural and straight outside.
std::array<double, 3> along(CubicSpline const& spline, double x) {
  auto const& c = spline.coefficient;
  std::size_t piece = 0;
  while (piece + 1 < spline.knot.size() && x >= spline.knot[piece + 1]) ++piece;
  double const dx = x - spline.knot[piece];
  bool const before = x < spline.knot[0];
  double const c2 = before ? 0 : c[2][piece], c3 = before ? 0 : c[3][piece];
  return {c[0][piece] + dx * (c[1][piece] + dx * (c2 + dx * c3)), c[1][piece] + dx * (2 * c2 + 3 * dx * c3),
          2 * c2 + 6 * dx * c3};
}

double f_of(double x) {
  return std::sin(1.3 * x) + 0.2 * x * x;
}
double g_of(double y) {
  return std::exp(-y * y) - 0.4 * y;
}
CubicSpline profile(double (*f)(double), SurfaceAxis const& axis) {
  Table table;
  for (std::int64_t i = 0; i < axis.points; ++i) {
    table.position.push_back(axis.first + static_cast<double>(i) * axis.spacing);
    table.energy.push_back(f(table.position.back()));
  }
  return natural_spline(table);
}

// The tensor product of two splines is the spline of the product, and the spline of a sum is the sum: inside and,
// straight on, outside. Terms are below 20, and some tens of them are rounded.
TEST(Bicubic, IsTheProductAndTheSumOfSplines) {
  SurfaceAxis const x = axis_of(-2, 0.4, 11), y = axis_of(-1.5, 0.25, 13);
  CubicSpline const f = profile(f_of, x), g = profile(g_of, y);
  BicubicCells const product =
      bicubic_cells(surface_of([](double a, double b) { return f_of(a) * g_of(b); }, x, y), {});
  BicubicCells const sum = bicubic_cells(surface_of([](double a, double b) { return f_of(a) + g_of(b); }, x, y), {});
  PlainBicubic const p(product), s(sum);
  double const tolerance = 1e-12;
  for (double at_x = -2.93; at_x < 3; at_x += 0.117) {
    for (double at_y = -2.41; at_y < 2.5; at_y += 0.093) {
      auto const fx = along(f, at_x), gy = along(g, at_y);
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
          int const a = static_cast<int>(i), b = static_cast<int>(j);
          ASSERT_NEAR(p.derivative(at_x, at_y, a, b), fx[i] * gy[j], 50 * tolerance) << at_x << " " << at_y;
        }
      }
      ASSERT_NEAR(s.derivative(at_x, at_y, 0, 0), fx[0] + gy[0], tolerance);
      ASSERT_NEAR(s.derivative(at_x, at_y, 1, 0), fx[1], 10 * tolerance);
      ASSERT_NEAR(s.derivative(at_x, at_y, 0, 1), gy[1], 10 * tolerance);
    }
  }
}

// Far from the ends, where V'' = 0 is imposed, whose trace falls by 0.27 per cell (2 - sqrt(3)): 40 cells leave 1e-23.
TEST(Bicubic, ReproducesBicubicPolynomials) {
  auto const v = [](double x, double y) {
    return (1 - 2 * x + 0.5 * x * x + x * x * x) * (0.3 + y - y * y + 0.7 * y * y * y);
  };
  BicubicCells const cells = bicubic_cells(surface_of(v, axis_of(-4, 0.1, 81), axis_of(-2, 0.05, 81)), {});
  PlainBicubic const spline(cells);
  for (double x = -0.2; x < 0.2; x += 0.013) {
    for (double y = -0.1; y < 0.1; y += 0.0071) {
      ASSERT_NEAR(spline.derivative(x, y, 0, 0), v(x, y), 1e-13);  // 1e-16 of energies up to 500
      double const slope = (-2 + x + 3 * x * x) * (0.3 + y - y * y + 0.7 * y * y * y);
      ASSERT_NEAR(spline.derivative(x, y, 1, 0), slope, 1e-11);
    }
  }
}

// All derivatives up to the second in each direction agree on both sides of every edge, within rounding of the terms;
// at walls V and V' do.
TEST(Bicubic, IsTwiceContinuousAcrossEdges) {
  auto const v = [](double x, double y) { return std::cos(x) * std::sin(y + 0.3) + 0.4 * std::cos(2 * y - x); };
  double const turn = 2 * std::numbers::pi;
  for (auto const& [periodic_x, periodic_y, wall] :
       {std::array{false, false, false}, {true, false, false}, {true, true, false}, {false, false, true}}) {
    Surface const surface = surface_of(v, axis_of(-3, turn / 12, 12, periodic_x), axis_of(-2, turn / 9, 9, periodic_y));
    BicubicCells const cells = bicubic_cells(surface, {wall ? 8.0 : 0.0, wall ? 5.0 : 0.0});
    auto const rows = static_cast<std::size_t>(cells.axis[0].cells),
               columns = static_cast<std::size_t>(cells.axis[1].cells);
    EXPECT_EQ(rows, periodic_x ? 12U : 13U);
    EXPECT_EQ(columns, periodic_y ? 9U : 10U);
    auto const order = [&](std::size_t edge, std::size_t count) {
      return wall && (edge == 0 || edge + 2 == count) ? 1 : 2;
    };
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        auto const& here = cells.cell[i * columns + j];
        for (double const along : {0.0, 0.3, 1.0}) {
          for (int d = 0; d <= 2; ++d) {
            for (int p = 0; p <= order(i, rows) && (periodic_x || i + 1 < rows); ++p) {
              auto const& next = cells.cell[(i + 1) % rows * columns + j];
              double const size = PlainBicubic::in_cell(here, 1, along, p, d, true) + 1;
              ASSERT_NEAR(PlainBicubic::in_cell(here, 1, along, p, d), PlainBicubic::in_cell(next, 0, along, p, d),
                          1e-13 * size)
                  << "right edge of " << i << " " << j << ", order " << p << " " << d;
            }
            for (int q = 0; q <= order(j, columns) && (periodic_y || j + 1 < columns); ++q) {
              auto const& next = cells.cell[i * columns + (j + 1) % columns];
              double const size = PlainBicubic::in_cell(here, along, 1, d, q, true) + 1;
              ASSERT_NEAR(PlainBicubic::in_cell(here, along, 1, d, q), PlainBicubic::in_cell(next, along, 0, d, q),
                          1e-13 * size)
                  << "upper edge of " << i << " " << j << ", order " << d << " " << q;
            }
          }
        }
      }
    }
  }
}

// Half the spacing, a sixteenth of the error: the logarithm of the ratio is 4, of gradients 3.
TEST(Bicubic, ConvergesToMuellerBrownWithTheFourthPower) {
  std::vector<double> energy_error, slope_error;
  for (int const cells_per_length : {10, 20, 40, 80}) {
    double const h = 1.0 / cells_per_length;
    auto const points = static_cast<std::int64_t>(36 * cells_per_length / 10 + 1);
    BicubicCells const cells =
        bicubic_cells(surface_of(mueller_brown, axis_of(-2, h, points), axis_of(-1, h, points)), {});
    PlainBicubic const spline(cells);
    double energy = 0, slope = 0;
    for (double x = -1; x < 0.7; x += 0.0113) {
      for (double y = -0.1; y < 1.7; y += 0.0117) {
        energy = std::max(energy, std::abs(spline.derivative(x, y, 0, 0) - mueller_brown(x, y)));
        double const d = 1e-4;
        double const exact = (8 * (mueller_brown(x + d, y) - mueller_brown(x - d, y)) -
                              (mueller_brown(x + 2 * d, y) - mueller_brown(x - 2 * d, y))) /
                             (12 * d);
        slope = std::max(slope, std::abs(spline.derivative(x, y, 1, 0) - exact));
      }
    }
    energy_error.push_back(energy);
    slope_error.push_back(slope);
  }
  EXPECT_LT(energy_error.back(), 2e-5);
  for (std::size_t i = 1; i < energy_error.size(); ++i) {
    EXPECT_NEAR(std::log2(energy_error[i - 1] / energy_error[i]), 4, 0.3) << i;
    EXPECT_NEAR(std::log2(slope_error[i - 1] / slope_error[i]), 3, 0.5) << i;
  }
}

TEST(Bicubic, GoesOnStraightOrIntoWalls) {
  // Exact numbers: V = 1 + 2 x - y + x y at points 0, 1, 2 and 0, 2, 4.
  auto const v = [](double x, double y) { return 1 + 2 * x - y + x * y; };
  Surface const plane = surface_of(v, axis_of(0, 1, 3), axis_of(0, 2, 3));
  BicubicCells const straight = bicubic_cells(plane, {}), walled = bicubic_cells(plane, {8, 4});
  PlainBicubic const s(straight), w(walled);
  for (double const x : {-4.0, -0.5, 0.0, 0.75, 2.0, 2.5, 16.0}) {
    for (double const y : {-8.0, -1.0, 0.5, 4.0, 5.0, 32.0}) {
      double const dx = x < 0 ? x : std::max(x - 2, 0.0), dy = y < 0 ? y : std::max(y - 4, 0.0);
      EXPECT_EQ(s.derivative(x, y, 0, 0), v(x, y));
      EXPECT_EQ(w.derivative(x, y, 0, 0), v(x, y) + 4 * dx * dx + 2 * dy * dy);
      EXPECT_EQ(w.derivative(x, y, 1, 0), 2 + y + 8 * dx);
      EXPECT_EQ(w.derivative(x, y, 0, 1), x - 1 + 4 * dy);
    }
  }
  BicubicCells const one = bicubic_cells(plane, {0, 4});
  EXPECT_EQ(PlainBicubic(one).derivative(5, 5, 0, 0), v(5, 5) + 2);
}

TEST(Bicubic, RefusesWhatItCannotHold) {
  auto const flat = [](double, double) { return 0.0; };
  Surface const good = surface_of(flat, axis_of(0, 1, 3), axis_of(0, 1, 3));
  EXPECT_NO_THROW(bicubic_cells(good, {1, 0}));
  EXPECT_THROW(bicubic_cells(good, {-1, 0}), DomainError);
  EXPECT_THROW(bicubic_cells(good, {0, std::numeric_limits<double>::quiet_NaN()}), DomainError);
  EXPECT_THROW(bicubic_cells(with_period(good, 1, 3), {0, 1}), DomainError);
  EXPECT_THROW(bicubic_cells(surface_of(flat, axis_of(0, 1, 2), axis_of(0, 1, 3)), {}), DomainError);
  EXPECT_THROW(bicubic_cells(surface_of(flat, axis_of(0, 0, 3), axis_of(0, 1, 3)), {}), DomainError);
  Surface uneven = good;
  uneven.energy.pop_back();
  EXPECT_THROW(bicubic_cells(uneven, {}), ShapeError);
  Surface huge = good;
  huge.energy[4] = 1e308;
  EXPECT_THROW(bicubic_cells(huge, {}), DomainError);
  // A saddle that falls along a diagonal, faster than walls of this stiffness rise: V_xy = 3.
  auto const saddle = [](double x, double y) { return 3 * x * y; };
  Surface const falling = surface_of(saddle, axis_of(-1, 1, 3), axis_of(-1, 1, 3));
  EXPECT_NO_THROW(bicubic_cells(falling, {10, 1}));
  EXPECT_NO_THROW(bicubic_cells(falling, {2, 0}));
  try {
    bicubic_cells(falling, {2, 4});
    FAIL() << "was accepted";
  } catch (DomainError const& error) {
    EXPECT_NE(std::string(error.what()).find("above 3, the mixed derivative"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace kramers::test
