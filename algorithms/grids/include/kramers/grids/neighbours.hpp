// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace kramers::grids {

/// Messages of an exchange that are on their way.
class PendingMessages {
 public:
  PendingMessages();
  ~PendingMessages();
  PendingMessages(PendingMessages&&) noexcept;
  PendingMessages& operator=(PendingMessages&&) noexcept;

 private:
  friend class Neighbours;
  struct Requests;
  std::unique_ptr<Requests> m_requests;
};

/// The ranks that own the rows before and after those of this one, and messages between them.
class Neighbours {
 public:
  Neighbours(Communicator comm, Edge edge);

  /// Rank with the rows before those of this one; nothing where there is a wall. It may be this rank itself.
  std::optional<int> before() const { return m_before; }
  std::optional<int> after() const { return m_after; }

  /// One message to and from each neighbour, all under way at the same time; a part without neighbour stays as it is.
  /// Blocks until all have arrived. Collective.
  ///
  /// @throws MpiError  any call failed
  void exchange(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
                std::span<std::byte> from_before, std::span<std::byte> from_after) const;
  /// The same in two parts, between which other work is done: until `finish` has waited for `pending`, what is sent stays
  /// as it is and what is received is not read. One exchange at a time. Collective.
  void begin(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
             std::span<std::byte> from_before, std::span<std::byte> from_after, PendingMessages& pending) const;
  void finish(PendingMessages& pending) const;

 private:
  using Requests = PendingMessages::Requests;
  void start(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
             std::span<std::byte> from_before, std::span<std::byte> from_after, Requests& requests) const;
  static void wait(Requests& requests);

  Communicator m_comm;
  std::optional<int> m_before, m_after;
};

/// The numbers of all rows of a grid, `per_row` each, in the order of the rows, on every rank. Collective.
///
/// @param[in]  mine  those of the rows of this rank's block
/// @param[out] all   (rows * per_row)
void gather_rows(Communicator const& comm, Block const& block, std::size_t per_row, std::span<double const> mine,
                 std::span<double> all);

}  // namespace kramers::grids
