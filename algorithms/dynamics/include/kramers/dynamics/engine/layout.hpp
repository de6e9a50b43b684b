// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace kramers::dynamics {

/// How an ensemble is cut up, a pure function of the number of walkers, so that no result depends on the machine.
///
///   block   walkers that one team advances together
///   unit    walkers whose sums one team delivers as one number, min(block, cell)
///   cell    walkers whose running sums are kept as one row; at most max_cells rows; the samples behind error bars
///   part    the smallest piece a rank can own, max(block, cell)
///   group   cells whose time series and histograms are kept as one; at most max_groups
struct EnsembleLayout {
  static constexpr std::int64_t block = 64;
  static constexpr std::int64_t max_cells = 1024;
  static constexpr std::int64_t max_groups = 64;

  explicit EnsembleLayout(std::int64_t walkers);

  std::int64_t walkers;
  std::int64_t cell, cells;  ///< walkers per cell (a power of two), number of cells
  std::int64_t unit;         ///< walkers per unit
  std::int64_t part, parts;  ///< walkers per part, number of parts
  std::int64_t cells_per_group, groups;

  /// Walkers that rank owns when ranks share the ensemble, as [first, last).
  struct Range {
    std::int64_t first, last;
    std::int64_t size() const { return last - first; }
  };
  Range range_of(int rank, int ranks) const;
  /// Cells of a range of whole parts.
  Range cells_of(Range const& range) const;
};

}  // namespace kramers::dynamics
