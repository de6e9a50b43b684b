// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/engine/layout.hpp>

#include <algorithm>
#include <bit>

namespace kramers::dynamics {
namespace {
std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
}  // namespace

EnsembleLayout::EnsembleLayout(std::int64_t n) : walkers(n) {
  expects(n > 0, "walkers", n, "walkers > 0");
  cell = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(divide_up(n, max_cells))));
  cells = divide_up(n, cell);
  unit = std::min(block, cell);
  part = std::max(block, cell);
  parts = divide_up(n, part);
  cells_per_group = divide_up(cells, max_groups);
  groups = divide_up(cells, cells_per_group);
}

EnsembleLayout::Range EnsembleLayout::range_of(int rank, int ranks) const {
  auto const start = [&](int r) { return std::min(walkers, parts * r / ranks * part); };
  return {start(rank), start(rank + 1)};
}

EnsembleLayout::Range EnsembleLayout::cells_of(Range const& range) const {
  return {divide_up(range.first, cell),
          divide_up(range.last, cell)};  // none where an empty range follows a cell that is not full
}

}  // namespace kramers::dynamics
