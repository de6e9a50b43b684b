// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kramers {

/// One number of each rank, in rank order, on rank 0; nothing elsewhere. Collective. Meant for the first answer that ranks
/// of different builds give each other: one that hangs in its start is named instead of waited for.
///
/// @param[in] question  what they were asked for, as messages say it: "its speed"
/// @param[in] patience  how long rank 0 waits for the others
/// @throws MachineError  on rank 0: which ranks did not answer; end the run
std::vector<double> roll_call(Communicator const& comm, double answer, std::string const& question,
                              std::chrono::milliseconds patience);

/// Rows [first, last) of a table whose rows the ranks share.
struct RowRange {
  std::int64_t first, last;
};

/// Give rows to other owners. Collective.
///
/// @param[in] from, to  rows of each rank before and after; both cover the same rows, without overlap, in rank order
/// @param[in] rows      this rank's, before: from[rank] of them
/// @param[in] row_bytes of each
/// @return              this rank's rows after
std::vector<std::byte> redistribute(Communicator const& comm, std::span<RowRange const> from,
                                    std::span<RowRange const> to, std::span<std::byte const> rows,
                                    std::size_t row_bytes);

}  // namespace kramers
