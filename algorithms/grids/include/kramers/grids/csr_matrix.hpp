// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <vector>

namespace kramers::grids {

/// A sparse matrix by rows. Columns ascend within each row, each at most once.
struct CsrMatrix {
  std::int64_t columns = 0;
  std::vector<std::int64_t> row_start = {0};  ///< (rows + 1)  where the entries of a row begin
  std::vector<std::int32_t> column;           ///< (entries)
  std::vector<double> value;                  ///< (entries)

  std::int64_t rows() const { return static_cast<std::int64_t>(row_start.size()) - 1; }
  std::int64_t entries() const { return static_cast<std::int64_t>(value.size()); }
  /// The entry at (row, column); 0 where none is stored.
  double at(std::int64_t row, std::int64_t column_index) const;
};

}  // namespace kramers::grids
