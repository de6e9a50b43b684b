// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace kramers::grids {

/// Like gather_rows, but its parts can be apart: other work is done while the numbers are on their way.
class RowGather {
 public:
  RowGather(Communicator comm, Block const& block, std::size_t per_row);
  ~RowGather();
  RowGather(RowGather const&) = delete;
  RowGather& operator=(RowGather const&) = delete;

  /// Where the numbers of the rows of this rank are put before `begin`, and stay as they are until `finish`.
  std::span<double> mine() { return m_mine; }
  /// Send them. Collective.
  void begin();
  /// Wait for those of all rows, in order: (rows * per_row), to be used as work space. Collective.
  std::span<double> finish();

 private:
  struct Pending;
  Communicator m_comm;
  std::vector<double> m_mine, m_all;
  std::vector<int> m_counts, m_offsets;
  std::unique_ptr<Pending> m_pending;
};

}  // namespace kramers::grids
