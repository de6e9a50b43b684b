// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/csr_matrix.hpp>

#include <algorithm>
#include <cstddef>

namespace kramers::grids {

double CsrMatrix::at(std::int64_t row, std::int64_t column_index) const {
  auto const begin = column.begin() + row_start[static_cast<std::size_t>(row)];
  auto const end = column.begin() + row_start[static_cast<std::size_t>(row) + 1];
  auto const found = std::lower_bound(begin, end, column_index);
  if (found == end || *found != column_index) return 0;
  return value[static_cast<std::size_t>(found - column.begin())];
}

}  // namespace kramers::grids
