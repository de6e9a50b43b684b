// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/matrix_market.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using kramers::InputError;
using kramers::grids::CsrMatrix;
using kramers::grids::parse_matrix_market;
using kramers::grids::parse_matrix_market_vector;
using kramers::grids::require_symmetric;
using kramers::test::has;
using kramers::test::message;

std::string const general = "%%MatrixMarket matrix coordinate real general\n";
std::string const lower = "%%MatrixMarket matrix coordinate real symmetric\n";

std::string said(std::string const& text) {
  return message<InputError>([&] { parse_matrix_market(text, "a.mtx"); });
}

TEST(MatrixMarket, SortsRowsAndAddsWhatStandsTwice) {
  CsrMatrix const a =
      parse_matrix_market(general + "% comment\n\n3 4 6\n2 3 1.5\n1 4 -2\n2 1 +3e0\n3 2 7\n1 4 0.25\n1 1 1\r\n", "a");
  EXPECT_EQ(a.rows(), 3);
  EXPECT_EQ(a.columns, 4);
  EXPECT_EQ(a.row_start, (std::vector<std::int64_t>{0, 2, 4, 5}));
  EXPECT_EQ(a.column, (std::vector<std::int32_t>{0, 3, 0, 2, 1}));
  EXPECT_EQ(a.value, (std::vector<double>{1, -1.75, 3, 1.5, 7}));
  EXPECT_EQ(a.at(0, 3), -1.75);
  EXPECT_EQ(a.at(2, 0), 0);
}

TEST(MatrixMarket, MirrorsSymmetricFilesAndFillsPatterns) {
  CsrMatrix const a = parse_matrix_market(lower + "2 2 3\n1 1 2\n2 2 2\n2 1 -1\n", "a");
  EXPECT_EQ(a.at(0, 1), -1);
  EXPECT_EQ(a.at(1, 0), -1);
  EXPECT_EQ(a.entries(), 4);
  CsrMatrix const p = parse_matrix_market("%%matrixmarket MATRIX coordinate Pattern Symmetric\n2 2 2\n1 1\n2 2\n", "p");
  EXPECT_EQ(p.value, (std::vector<double>{1, 1}));
}

TEST(MatrixMarket, ReadsVectors) {
  std::string const array = "%%MatrixMarket matrix array real general\n";
  EXPECT_EQ(parse_matrix_market_vector(array + "3 1\n1\n-2.5\n3\n", "b"), (std::vector<double>{1, -2.5, 3}));
  auto const says = [&](std::string const& text) {
    return message<InputError>([&] { parse_matrix_market_vector(text, "b.mtx"); });
  };
  EXPECT_TRUE(has(says(array + "3 2\n"), "b.mtx:2: invalid number of columns: got '2'"));
  EXPECT_TRUE(has(says(array + "3 1\n1\n2\n"), "announces 3 entries and has 2"));
  EXPECT_TRUE(has(says(array + "1 1\n1\n2\n"), "b.mtx:4: has more entries"));
  EXPECT_TRUE(has(says(general + "1 1 1\n1 1 1\n"), "expected array"));
}

TEST(MatrixMarket, RefusesForeignFiles) {
  EXPECT_TRUE(has(said(""), "a.mtx:1: is no matrix of Matrix Market"));
  EXPECT_TRUE(has(said("P3\n2 2\n"), "is no matrix of Matrix Market"));
  EXPECT_TRUE(has(said("%%MatrixMarket matrix coordinate complex general\n"), "got 'complex'; expected real"));
  EXPECT_TRUE(has(said("%%MatrixMarket matrix coordinate real hermitian\n"), "got 'hermitian'"));
  EXPECT_TRUE(has(said("%%MatrixMarket matrix array real general\n"), "got 'array'; expected coordinate"));
  EXPECT_TRUE(has(said("%%MatrixMarket matrix coordinate real\n"), "has not 5 words"));
}

TEST(MatrixMarket, RefusesTruncatedFiles) {
  EXPECT_EQ(said(general), "a.mtx: is truncated: it has no line with sizes");
  EXPECT_EQ(said(general + "2 2 2\n1 1 1.0\n"), "a.mtx: is truncated: it announces 2 entries and has 1");
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 1.2"), "a.mtx:3: the last line has no end"));
  EXPECT_TRUE(has(said(general + "2 2 2\n1 1 1.0\n2\n"), "a.mtx:4: has no column"));
}

TEST(MatrixMarket, NamesTheLineOfWhatIsWrong) {
  EXPECT_TRUE(
      has(said(general + "2 2 2\n1 1 1\n3 2 1\n"), "a.mtx:4: invalid row: got '3'; expected an integer from 1 to 2"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 0 1\n"), "invalid column: got '0'"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 nan\n"), "invalid value: got 'nan'; expected a finite number"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 1e400\n"), "got '1e400'"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 1.0d0\n"), "got '1.0d0'"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 1 1\n"), "has '1' after"));
  EXPECT_TRUE(has(said(general + "1 1 1\n1 1 1\n1 1 1\n"), "a.mtx:4: has more entries than the 1 announced"));
  EXPECT_TRUE(has(said(lower + "2 2 3\n1 1 1\n1 2 1\n2 2 1\n"), "a.mtx:4: is above the diagonal"));
  EXPECT_TRUE(has(said(general + "3 3 3\n1 1 1\n3 3 1\n1 3 1\n"), "row 2 has no entries"));
  // Sizes that no such text can hold cost no memory.
  EXPECT_TRUE(has(said(general + "9 9 999999999999\n"), "number of entries"));
  EXPECT_TRUE(has(said(general + "999999999 9 3\n"), "fewer entries than rows"));
}

TEST(MatrixMarket, OnlySymmetricMatricesPass) {
  auto const says = [](std::string const& text) {
    return message<InputError>([&] { require_symmetric(parse_matrix_market(text, "a"), "a"); });
  };
  EXPECT_EQ(says(general + "2 2 4\n1 1 2\n1 2 1\n2 1 1\n2 2 2\n"), "");
  EXPECT_TRUE(has(says(general + "2 2 4\n1 1 2\n1 2 1\n2 1 1.5\n2 2 2\n"), "(1, 2) is 1 and that at (2, 1) is 1.5"));
  EXPECT_TRUE(has(says(general + "2 3 2\n1 1 2\n2 2 1\n"), "2 rows and 3 columns"));
  EXPECT_TRUE(
      has(says(general + "2 2 2\n1 1 2\n2 1 1\n"), "(2, 2) is 0; conjugate gradients need a positive definite"));
  EXPECT_TRUE(has(says(general + "1 1 1\n1 1 -2\n"), "(1, 1) is -2"));
}

}  // namespace
