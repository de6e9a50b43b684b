// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/table.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

namespace kramers::test {

using namespace kramers::dynamics;
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

class Refused : public ::testing::TestWithParam<BadText> {};

TEST_P(Refused, NamesFileLineAndReason) {
  try {
    parse_table(GetParam().text, "profile.dat");
    FAIL() << "was accepted";
  } catch (InputError const& error) {
    EXPECT_EQ(error.source(), "profile.dat");
    EXPECT_EQ(error.line(), GetParam().line);
    EXPECT_NE(std::string(error.what()).find(GetParam().says), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refused,
    ::testing::Values(BadText{"empty", "", 0, "0 points"}, BadText{"comments", "# nothing\n@ here\n", 0, "0 points"},
                      BadText{"two_rows", "0 1\n1 2\n", 0, "2 points"},
                      BadText{"text", "0 1\n1 2\n2 three\n", 3, "'three' is not a number"},
                      BadText{"text_first", "position energy\n0 1\n1 2\n2 3\n", 1, "'position' is not a number"},
                      BadText{"number_with_tail", "0 1\n1 2kT\n2 3\n", 2, "'2kT'"},
                      BadText{"fortran_exponent", "0 1\n1 2\n2 3D0\n", 3, "'3D0'"},
                      BadText{"nan", "0 1\n1 nan\n2 3\n", 2, "not a finite number"},
                      BadText{"infinite", "0 1\n1 2\n2 -inf\n", 3, "not a finite number"},
                      BadText{"too_large", "0 1\n1 2\n2 1e999\n", 3, "not a finite number"},
                      BadText{"nan_in_first_csv_row", "nan,nan\n1,2\n2,3\n3,4\n", 1, "not a finite number"},
                      BadText{"unsorted", "0 1\n2 2\n1 3\n", 3, "position 1 follows 2"},
                      BadText{"repeated", "# c\n0 1\n1 2\n1 3\n", 4, "position 1 is repeated"},
                      BadText{"one_column", "0 1\n1\n2 3\n", 2, "has 1 column,"},
                      BadText{"three_columns", "0 1 9\n1 2 9\n2 3 9\n", 1, "has 3 columns"},
                      BadText{"empty_field", "0,1\n1,\n2,3\n", 2, "'' is not a number"},
                      BadText{"trailing_comma", "0,1\n1,2,\n2,3\n", 2, "has 3 columns"},
                      BadText{"second_header", "x,V\n0,1\n1,2\nx,V\n2,3\n", 4, "'x' is not a number"},
                      BadText{"half_a_header", "x,1\n0,1\n1,2\n2,3\n", 1, "'x' is not a number"},
                      BadText{"second_set", "0 1\n1 2\n2 3\n&\n0 1\n", 5, "second data set"},
                      BadText{"control_characters", "0 1\n1 2\n2 \x01\x1b[31m\n", 3, "'\x01\x1b[31m'"}),
    [](auto const& bad) { return std::string(bad.param.name); });

TEST(Table, ReadsEveryFormAndGivesTheSamePoints) {
  std::vector<double> const position{-0.5, 0.25, 1}, energy{2, -1e-3, 30};
  for (char const* text : {
           "-0.5 2\n0.25 -1e-3\n1 30\n",                                    // plain
           "-0.5\t+2.0\n\n   +0.25   -0.001  \n1 3e1",                      // tabs, signs, blank line, no last newline
           "# x V\r\n-0.5 2\r\n0.25 -.001\r\n1 30\r\n",                     // CRLF
           "Position (nm),Energy\n-0.5,2\n0.25 , -0.001\n1.0,30.0\n",       // CSV with names
           "\xEF\xBB\xBF\"x\",\"V\"\r\n-0.5,2\r\n0.25,-0.001\r\n1,30\r\n",  // as a spreadsheet writes it
           "# gmx wham\n@ title \"PMF, kJ/mol\"\n@TYPE xy\n; note\n-0.5 2\n0.25 -0.001\n1 30\n&\n",  // Grace
       }) {
    Table const table = parse_table(text, "profile");
    EXPECT_EQ(table.position, position) << text;
    EXPECT_EQ(table.energy, energy) << text;
  }
}

TEST(Table, ReadsAFileAndRefusesAMissingOne) {
  auto const path = std::filesystem::path(::testing::TempDir()) / "kramers_table_test.dat";
  std::ofstream(path) << "0 1\n1 4\n2 9\n";
  EXPECT_EQ(read_table(path).energy, (std::vector<double>{1, 4, 9}));
  std::ofstream(path) << "0 1\n1 x\n";
  try {
    read_table(path);
    FAIL() << "was accepted";
  } catch (InputError const& error) {
    EXPECT_EQ(error.source(), path.string());
    EXPECT_EQ(error.line(), 2);
  }
  std::filesystem::remove(path);
  EXPECT_THROW(read_table(path), InputError);
}

double evaluate(CubicSpline const& s, std::size_t i, double dx, int derivative = 0) {
  double const c0 = s.coefficient[0][i], c1 = s.coefficient[1][i], c2 = s.coefficient[2][i], c3 = s.coefficient[3][i];
  if (derivative == 0) return c0 + dx * (c1 + dx * (c2 + dx * c3));
  if (derivative == 1) return c1 + dx * (2 * c2 + dx * 3 * c3);
  return 2 * c2 + 6 * c3 * dx;
}

Table const uneven{{-1.5, -1.0, -0.2, 0.0, 0.7, 2.0, 2.25, 3.0}, {2.0, -0.5, 1.25, 0.75, -3.0, 0.5, 1.5, -0.25}};

TEST(Table, EveryNumberCountsInItsHash) {
  Table const table{{0, 1, 2}, {5, 6, 7}};
  EXPECT_EQ(hash_of(table), hash_of(Table{{0, 1, 2}, {5, 6, 7}}));
  for (Table const& other : {Table{{0, 1, 3}, {5, 6, 7}}, Table{{0.5, 1, 2}, {5, 6, 7}}, Table{{0, 1, 2}, {5, 6, 8}},
                             Table{{0, 1, 2}, {6, 5, 7}}}) {
    EXPECT_NE(hash_of(other), hash_of(table));
  }
}

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

}  // namespace
}  // namespace kramers::test
