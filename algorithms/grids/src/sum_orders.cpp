// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/sum_orders.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace kramers::grids {

void fixed_tree_sums(std::span<double> rows, std::span<double> sums) {
  std::size_t const width = sums.size();
  std::size_t n = rows.size() / width;
  while (n > 1) {
    std::size_t const left = (n + 1) / 2, right = n - left;
    double* const from = rows.data() + left * width;
    for (std::size_t i = 0; i < right * width; ++i) rows[i] += from[i];
    n = left;
  }
  std::ranges::copy(rows.first(width), sums.begin());
}

namespace {

/// NumPy's pairwise sum: at most 128 numbers with eight accumulators, more of them halved at a multiple of 8.
template <class T>
T pairwise_sum(std::span<T const> values) {
  std::size_t const n = values.size();
  if (n > static_cast<std::size_t>(numpy_block)) {
    std::size_t const half = n / 2 - n / 2 % 8;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  std::size_t const whole = n - n % 8;
  T sum = T(-0.0);
  if (whole > 0) {
    std::array<T, 8> r{};
    std::ranges::copy(values.first(8), r.begin());
    for (std::size_t i = 8; i < whole; ++i) r[i % 8] += values[i];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (std::size_t i = whole; i < n; ++i) sum += values[i];
  return sum;
}

/// The same of a whole chunk, of which the sums of its blocks are known: neighbours are added.
template <class T>
T sum_of_blocks(std::span<T const> blocks) {
  if (blocks.size() == 1) return blocks[0];
  std::size_t const half = blocks.size() / 2;
  return sum_of_blocks(blocks.first(half)) + sum_of_blocks(blocks.subspan(half));
}

}  // namespace

NumpyParts::NumpyParts(Block const& block)
    : columns(block.columns), cells(block.rows * block.columns), begin(block.first * block.columns) {
  std::int64_t const end = begin + block.cells();
  std::int64_t const first = std::min(end, (begin + numpy_chunk - 1) / numpy_chunk * numpy_chunk);
  head = first - begin;
  chunks = (end - first) / numpy_chunk;
  tail_begin = head + chunks * numpy_chunk;
  tail = end - begin - tail_begin;
}

template <class T>
T finish_numpy_sum(Communicator const& comm, NumpyParts const& parts, std::span<T const> mine) {
  // Which part each rank has follows from its first cell and its number of cells.
  auto const extents = comm.gather(std::vector<std::int64_t>{parts.head, parts.chunks, parts.tail});
  auto const values = comm.gather(mine);
  T total = 0;
  if (comm.is_root()) {
    std::span<T const> rest(values);
    std::vector<T> open;  // cells of a chunk that is not complete yet
    bool first = true;
    auto const add = [&](T sum) {
      total = first ? sum : total + sum;
      first = false;
    };
    auto const close = [&] {
      if (!open.empty()) add(pairwise_sum<T>(open));
      open.clear();
    };
    auto const take = [&](std::int64_t size) {
      auto const taken = rest.first(static_cast<std::size_t>(size));
      rest = rest.subspan(taken.size());
      return taken;
    };
    auto const list = [&](std::span<T const> cells) {
      for (T const value : cells) {
        open.push_back(value);
        if (open.size() == static_cast<std::size_t>(numpy_chunk)) close();
      }
    };
    constexpr std::int64_t blocks_per_chunk = numpy_chunk / numpy_block;
    for (std::size_t rank = 0; rank < extents.size() / 3; ++rank) {
      std::int64_t const chunks = extents[3 * rank + 1];
      auto const blocks = take(chunks * blocks_per_chunk);
      list(take(extents[3 * rank]));
      for (std::int64_t c = 0; c < chunks; ++c) {
        add(sum_of_blocks(blocks.subspan(static_cast<std::size_t>(c * blocks_per_chunk), blocks_per_chunk)));
      }
      list(take(extents[3 * rank + 2]));
    }
    close();
  }
  comm.broadcast(total);
  return total;
}

template double finish_numpy_sum(Communicator const&, NumpyParts const&, std::span<double const>);
template float finish_numpy_sum(Communicator const&, NumpyParts const&, std::span<float const>);

}  // namespace kramers::grids
