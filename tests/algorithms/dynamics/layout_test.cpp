// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/engine/layout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace kramers::test {

using namespace kramers::dynamics;
namespace {

std::vector<std::int64_t> const& sizes() {
  static std::vector<std::int64_t> const all{
      1,    2,     63,    64,    65,    127,   1023,   1024,      1025,       1500,          2047,     2048,
      2049, 65535, 65536, 65537, 65600, 99999, 131073, 1'000'000, 10'000'000, 1'000'000'001, 1LL << 40};
  return all;
}

TEST(EnsembleLayout, KeepsItsRules) {
  for (std::int64_t const n : sizes()) {
    SCOPED_TRACE(n);
    EnsembleLayout const layout(n);
    EXPECT_EQ(layout.walkers, n);
    EXPECT_TRUE(std::has_single_bit(static_cast<std::uint64_t>(layout.cell)));
    EXPECT_LE(layout.cells, EnsembleLayout::max_cells);
    EXPECT_LE(layout.groups, EnsembleLayout::max_groups);
    // As many cells as allowed, up to the power of two: error bars need samples.
    if (n >= EnsembleLayout::max_cells) {
      EXPECT_GE(layout.cells, EnsembleLayout::max_cells / 2);
    }
    // Units tile blocks and cells; blocks and cells tile parts.
    EXPECT_EQ(EnsembleLayout::block % layout.unit, 0);
    EXPECT_EQ(layout.cell % layout.unit, 0);
    EXPECT_EQ(layout.part % layout.cell, 0);
    EXPECT_EQ(layout.part % EnsembleLayout::block, 0);
    // Each covers all walkers, and the last one is not empty.
    EXPECT_TRUE(layout.cells * layout.cell >= n && (layout.cells - 1) * layout.cell < n);
    EXPECT_TRUE(layout.parts * layout.part >= n && (layout.parts - 1) * layout.part < n);
    EXPECT_GE(layout.groups * layout.cells_per_group, layout.cells);
    EXPECT_LT((layout.groups - 1) * layout.cells_per_group, layout.cells);
  }
}

TEST(EnsembleLayout, DividesWalkersOverRanksWithoutGapOrOverlap) {
  for (std::int64_t const n : sizes()) {
    EnsembleLayout const layout(n);
    for (int const ranks : {1, 2, 3, 4, 7, 16, 64, 1000, 1025, 4096}) {
      SCOPED_TRACE(std::to_string(n) + " walkers on " + std::to_string(ranks) + " ranks");
      std::int64_t next = 0, next_cell = 0, most = 0, least = layout.parts;
      for (int rank = 0; rank < ranks; ++rank) {
        auto const range = layout.range_of(rank, ranks);
        auto const cells = layout.cells_of(range);
        ASSERT_EQ(range.first, next);
        ASSERT_GE(range.last, range.first);
        ASSERT_EQ(cells.first, next_cell) << "a cell has two owners or none";
        ASSERT_TRUE(range.last == n || range.last % layout.part == 0) << "a part is cut";
        if (range.size() == 0) {
          ASSERT_EQ(cells.size(), 0);
        }
        std::int64_t const parts = (range.size() + layout.part - 1) / layout.part;
        most = std::max(most, parts);
        least = std::min(least, parts);
        next = range.last;
        next_cell = cells.last;
      }
      ASSERT_EQ(next, n);
      ASSERT_EQ(next_cell, layout.cells);
      ASSERT_LE(most - least, 1) << "ranks have unequal work";
    }
  }
}

TEST(EnsembleLayout, RefusesNoWalkers) {
  EXPECT_THROW(EnsembleLayout(0), DomainError);
  EXPECT_THROW(EnsembleLayout(-5), DomainError);
}

}  // namespace
}  // namespace kramers::test
