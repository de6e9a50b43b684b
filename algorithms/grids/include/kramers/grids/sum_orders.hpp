// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <span>

namespace kramers::grids {

/// Add rows of sums.size() numbers each, column by column, in a tree fixed by the number of rows: of n rows the last
/// n / 2 are added to the first, and so on. `rows` is used as work space.
void fixed_tree_sums(std::span<double> rows, std::span<double> sums);

/// Elements that NumPy sums pairwise at a time, and those of the blocks that it halves them into.
inline constexpr std::int64_t numpy_chunk = 8192;
inline constexpr std::int64_t numpy_block = 128;

/// How the flat cells of a block lie to the chunks of a grid: some cells of a chunk that began before, whole chunks, and
/// some cells of one that ends later, or at the end of the grid.
struct NumpyParts {
  NumpyParts() = default;
  explicit NumpyParts(Block const& block);
  std::int64_t listed() const { return head + tail; }
  std::int64_t blocks() const { return chunks * (numpy_chunk / numpy_block); }

  std::int64_t columns = 0, cells = 0;          ///< of the grid
  std::int64_t begin = 0;                       ///< flat index in the grid of the first cell of the block
  std::int64_t head = 0, chunks = 0, tail = 0;  ///< cells, whole chunks, cells
  std::int64_t tail_begin = 0;                  ///< flat index in the block
};

/// The sum of a grid from the sums of the blocks of its whole chunks and the cells of the others. Collective.
///
/// @param[in] mine  (blocks + listed) of this rank
template <class T>
T finish_numpy_sum(Communicator const& comm, NumpyParts const& parts, std::span<T const> mine);
extern template double finish_numpy_sum(Communicator const&, NumpyParts const&, std::span<double const>);
extern template float finish_numpy_sum(Communicator const&, NumpyParts const&, std::span<float const>);

}  // namespace kramers::grids
