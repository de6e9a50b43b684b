// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a file of Matrix Market: rows in order or an InputError, nothing else.
#include <kramers/base/error.hpp>
#include <kramers/grids/matrix_market.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void use_matrix(std::string const& text) {
  try {
    kramers::grids::CsrMatrix const matrix = kramers::grids::parse_matrix_market(text, "fuzz");
    if (matrix.row_start.back() != matrix.entries() || matrix.rows() > 2 * static_cast<std::int64_t>(text.size()))
      std::abort();
    for (std::size_t row = 0; row + 1 < matrix.row_start.size(); ++row) {
      if (matrix.row_start[row] >= matrix.row_start[row + 1]) std::abort();
      for (auto i = static_cast<std::size_t>(matrix.row_start[row]);
           i < static_cast<std::size_t>(matrix.row_start[row + 1]); ++i) {
        if (matrix.column[i] < 0 || matrix.column[i] >= matrix.columns) std::abort();
        if (i > static_cast<std::size_t>(matrix.row_start[row]) && matrix.column[i] <= matrix.column[i - 1])
          std::abort();
      }
    }
    kramers::grids::require_symmetric(matrix, "fuzz");
    for (std::size_t row = 0; row + 1 < matrix.row_start.size(); ++row) {
      auto const r = static_cast<std::int64_t>(row);
      if (!(matrix.at(r, r) > 0)) std::abort();
    }
  } catch (kramers::InputError const&) {
  }
}

void use_vector(std::string const& text) {
  try {
    for (double const value : kramers::grids::parse_matrix_market_vector(text, "fuzz")) {
      if (!std::isfinite(value)) std::abort();
    }
  } catch (kramers::InputError const&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  use_matrix(text);
  use_vector(text);
  return 0;
}
