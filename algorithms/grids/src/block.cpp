// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/block.hpp>

namespace kramers::grids {

Block block_of(std::int64_t rows, std::int64_t columns, int rank, int ranks) {
  expects(ranks <= rows, "number of ranks", ranks, "at most one rank for each row: start fewer, or take a larger grid");
  return {rows, columns, rows * rank / ranks, rows * (rank + 1) / ranks};
}

std::int64_t smallest_block(std::int64_t rows, int ranks) {
  return rows / ranks;
}

}  // namespace kramers::grids
