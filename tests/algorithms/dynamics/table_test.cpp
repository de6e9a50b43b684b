// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/table.hpp>

#include <gtest/gtest.h>

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
