// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace kramers::grids {

/// What is beyond the first and the last row of a grid.
enum class Edge {
  walls,  ///< nothing: these rows hold boundary values
  ring,   ///< each other: row 0 follows the last row
};

/// The rows of one rank of a grid that is cut into blocks of whole rows, so that every halo is contiguous.
struct Block {
  std::int64_t rows = 0;     ///< of the whole grid
  std::int64_t columns = 0;  ///< of the whole grid, and of the block
  std::int64_t first = 0;    ///< row of the grid with which the block begins
  std::int64_t last = 0;     ///< one past its last row

  std::int64_t size() const { return last - first; }
  std::int64_t cells() const { return size() * columns; }
};

/// Blocks that differ by one row at most, in the order of the ranks.
///
/// @throws DomainError  more ranks than rows
Block block_of(std::int64_t rows, std::int64_t columns, int rank, int ranks);

/// Rows of the smallest block, which bounds the depth of halos.
std::int64_t smallest_block(std::int64_t rows, int ranks);

}  // namespace kramers::grids
