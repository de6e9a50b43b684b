// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/table.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

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
    ::testing::Values(
        BadText{"empty", "", 0, "0 points"}, BadText{"comments", "# nothing\n@ here\n", 0, "0 points"},
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
        BadText{"one_field", "#! FIELDS x\n0 1\n1 2\n2 3\n", 1, "names 1 field,"},
        BadText{"other_fields", "#! FIELDS time x v\n0 1 2\n", 1, "'v' is no derivative"},
        BadText{"fewer_columns_than_fields", "#! FIELDS x v der_x\n0 1 2\n1 2\n", 3, "header names 3"},
        BadText{"grid_of_two", "#! FIELDS x v dv_x\n#! FIELDS x y dy_x\n#! SET min_y 0\n0 1 2\n", 3,
                "several coordinates"},
        BadText{"cut_off", "#! FIELDS x v\n#! SET nbins_x 5\n0 1\n1 2\n2 3\n", 2, "announces 5 points, but 3"},
        BadText{"period_without_end", "#! FIELDS x v\n#! SET periodic_x true\n#! SET min_x 0\n0 1\n", 2, "max_x VALUE"},
        BadText{"maybe", "#! FIELDS x v\n#! SET periodic_x maybe\n0 1\n", 2, "neither true nor false"},
        BadText{"no_period", "#! FIELDS x v\n#! SET periodic_x true\n#! SET min_x 1\n#! SET max_x 0\n0 1\n", 4,
                "not larger than 0"},
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

TEST(Table, ReadsGridsOfPlumedWithTheirPeriod) {
  constexpr char const* grid =
      "#! FIELDS phi file.free der_phi\n#! SET min_phi -pi\n#! SET max_phi pi\n#! SET nbins_phi  4\n"
      "#! SET periodic_phi true\n -3.14159 2.5 0.1\n -1.570796 1 -0.2\n 0 -2 0\n 1.570796 1.5 7\n";
  Table const table = parse_table(grid, "fes.dat");
  EXPECT_EQ(table.position, (std::vector<double>{-3.14159, -1.570796, 0, 1.570796}));
  EXPECT_EQ(table.energy, (std::vector<double>{2.5, 1, -2, 1.5}));
  EXPECT_DOUBLE_EQ(table.period, 2 * std::acos(-1.0));
  std::string straight = grid;
  straight.replace(straight.find("true"), 4, "false");
  EXPECT_EQ(parse_table(straight, "fes.dat").period, 0.0);
}

TEST(Table, TakesNumbersWithPiForPeriods) {
  auto const period = [](std::string const& lower, std::string const& upper) {
    return parse_table("#! FIELDS x v\n#! SET min_x " + lower + "\n#! SET max_x " + upper +
                           "\n#! SET periodic_x true\n0 1\n1 2\n2 3\n",
                       "grid")
        .period;
  };
  double const pi = std::acos(-1.0);
  EXPECT_DOUBLE_EQ(period("0", "2*pi"), 2 * pi);
  EXPECT_DOUBLE_EQ(period("-pi/2", "pi/2"), pi);
  EXPECT_DOUBLE_EQ(period("-1.5", "+3e0"), 4.5);
  for (char const* wrong : {"pi*", "tau", "2pi", "*2", "1/0", "nan", "-", "1e999"}) {
    EXPECT_THROW(period("0", wrong), InputError) << wrong;
  }
  EXPECT_THROW(period("pi", "pi"), InputError);
}

TEST(Table, ReadsTheChosenColumnsAndSet) {
  constexpr char const* text = "@ s0 legend \"a\"\n0 9 1\n1 9 4\n2 9 9\n&\n@type xy\n5 8 2\n6 8 3\n7 8 5\n&\n";
  Table const first = parse_table(text, "a.xvg", {.columns = {{1, 3}}, .set = 1});
  EXPECT_EQ(first.position, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(first.energy, (std::vector<double>{1, 4, 9}));
  Table const second = parse_table(text, "a.xvg", {.columns = {{3, 1}}, .set = 2});
  EXPECT_EQ(second.position, (std::vector<double>{2, 3, 5}));
  EXPECT_EQ(second.energy, (std::vector<double>{5, 6, 7}));
  Table const named = parse_table("time,x,V\n9,0,1\n9,1,2\n9,2,4\n", "a.csv", {.columns = {{2, 3}}, .set = {}});
  EXPECT_EQ(named.energy, (std::vector<double>{1, 2, 4}));
}

TEST(Table, SaysWhatIsWrongWithAChoice) {
  auto const refused = [](char const* text, TableChoice const& choice, int line, std::string const& says) {
    try {
      parse_table(text, "profile", choice);
      ADD_FAILURE() << "was accepted: " << text;
    } catch (InputError const& error) {
      EXPECT_EQ(error.line(), line) << error.what();
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
  };
  refused("0 1\n1 2\n2 3\n", {.columns = {{1, 3}}, .set = {}}, 1, "has 2 columns, but number 3 is chosen");
  refused("0 1 1\n1 2 1\n2 3\n", {.columns = {{1, 3}}, .set = {}}, 3, "has 2 columns");
  refused("0 1\n1 2\n2 3\n&\n", {.columns = {}, .set = 2}, 0, "holds 1 data set, but number 2 is chosen");
  refused("0 1\n1 2\n2 3\n&\n0 1\n1 x\n", {.columns = {}, .set = 2}, 6, "'x' is not a number");
}

TEST(Table, BecomesPeriodicWithoutItsLastPointTwice) {
  Table const open{{0, 1, 2}, {0, 5, 3}};
  EXPECT_EQ(with_period(open, 3).period, 3.0);
  EXPECT_EQ(with_period(open, 3).position, open.position);
  Table const closed = with_period({{0, 1, 2, 3}, {0, 5, 3, 0}}, 3);
  EXPECT_EQ(closed.position, open.position);
  EXPECT_EQ(closed.energy, open.energy);
  EXPECT_THROW(with_period({{0, 1, 2, 3}, {0, 5, 3, 1}}, 3), DomainError);
  EXPECT_THROW(with_period(open, 1.5), DomainError);
  EXPECT_NE(hash_of(open), hash_of(with_period(open, 3)));
  EXPECT_NE(hash_of(with_period(open, 4)), hash_of(with_period(open, 3)));
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

TEST(Table, EveryNumberCountsInItsHash) {
  Table const table{{0, 1, 2}, {5, 6, 7}};
  EXPECT_EQ(hash_of(table), hash_of(Table{{0, 1, 2}, {5, 6, 7}}));
  for (Table const& other : {Table{{0, 1, 3}, {5, 6, 7}}, Table{{0.5, 1, 2}, {5, 6, 7}}, Table{{0, 1, 2}, {5, 6, 8}},
                             Table{{0, 1, 2}, {6, 5, 7}}}) {
    EXPECT_NE(hash_of(other), hash_of(table));
  }
}

}  // namespace
}  // namespace kramers::test
