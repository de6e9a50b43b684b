// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/exchange.hpp>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>

#include "mpi_success.hpp"
#endif

namespace kramers {

namespace {

RowRange common(RowRange const& one, RowRange const& other) {
  std::int64_t const first = std::max(one.first, other.first);
  return {first, std::max(first, std::min(one.last, other.last))};
}

std::size_t bytes_before(std::int64_t row, RowRange const& range, std::size_t row_bytes) {
  return static_cast<std::size_t>(row - range.first) * row_bytes;
}

void expect_rows(std::span<std::byte const> rows, RowRange const& range, std::size_t row_bytes) {
  expects_extent("rows", static_cast<std::int64_t>(rows.size()),
                 static_cast<std::int64_t>(bytes_before(range.last, range, row_bytes)));
}

}  // namespace

#ifdef KRAMERS_HAVE_MPI

using detail::expect_success;

namespace {

// Other messages between two ranks have other tags (communicator.cpp).
constexpr int answer_tag = 4712, rows_tag = 4713;
// MPI counts are int; longer messages go in pieces of this many bytes.
constexpr std::size_t piece_bytes = std::size_t{1} << 30;

MPI_Comm comm_of(Communicator const& comm) {
  return *static_cast<MPI_Comm const*>(comm.native());
}

/// "rank 3", "ranks 3, 4, 7 and 12 others".
std::string names_of(std::vector<int> const& ranks) {
  constexpr std::size_t most = 5;
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < std::min(most, ranks.size()); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(ranks[i]);
  }
  return ranks.size() > most ? text + " and " + std::to_string(ranks.size() - most) + " others" : text;
}

}  // namespace

std::vector<double> roll_call(Communicator const& comm, double answer, std::string const& question,
                              std::chrono::milliseconds patience) {
  if (comm.size() == 1) return {answer};
  if (!comm.is_root()) {
    expect_success(MPI_Send(&answer, 1, MPI_DOUBLE, 0, answer_tag, comm_of(comm)), "MPI_Send");
    return {};
  }
  auto const ranks = static_cast<std::size_t>(comm.size());
  struct Pending {
    std::vector<double> answers;
    std::vector<MPI_Request> requests;
  };
  auto pending = std::make_unique<Pending>(
      Pending{std::vector<double>(ranks, answer), std::vector<MPI_Request>(ranks, MPI_REQUEST_NULL)});
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    expect_success(MPI_Irecv(&pending->answers[rank], 1, MPI_DOUBLE, static_cast<int>(rank), answer_tag, comm_of(comm),
                             &pending->requests[rank]),
                   "MPI_Irecv");
  }
  auto const end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    std::vector<int> silent;
    for (std::size_t rank = 1; rank < ranks; ++rank) {
      int is_here = 0;
      expect_success(MPI_Test(&pending->requests[rank], &is_here, MPI_STATUS_IGNORE), "MPI_Test");
      if (is_here == 0) silent.push_back(static_cast<int>(rank));
    }
    if (silent.empty()) return pending->answers;
    if (std::chrono::steady_clock::now() >= end) {
      // MPI may still write there: the memory is left to it, until the run ends.
      [[maybe_unused]] auto* const left_to_mpi = pending.release();
      throw MachineError("invalid job: " + names_of(silent) + " of " + std::to_string(ranks) +
                         " did not answer within " + shortest_decimal(std::chrono::duration<double>(patience).count()) +
                         " s when asked for " + question + "; look at the nodes of these ranks, or start without them");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

std::vector<std::byte> redistribute(Communicator const& comm, std::span<RowRange const> from,
                                    std::span<RowRange const> to, std::span<std::byte const> rows,
                                    std::size_t row_bytes) {
  auto const ranks = static_cast<std::size_t>(comm.size()), me = static_cast<std::size_t>(comm.rank());
  expect_rows(rows, from[me], row_bytes);
  std::vector<std::byte> mine(bytes_before(to[me].last, to[me], row_bytes));
  std::vector<MPI_Request> open;
  auto const in_pieces = [&](RowRange const& part, RowRange const& whole, auto const& start) {
    std::size_t const last = bytes_before(part.last, whole, row_bytes);
    for (std::size_t begin = bytes_before(part.first, whole, row_bytes); begin < last; begin += piece_bytes) {
      start(begin, static_cast<int>(std::min(piece_bytes, last - begin)), open.emplace_back());
    }
  };
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    if (rank == me) continue;
    in_pieces(common(to[me], from[rank]), to[me], [&](std::size_t begin, int count, MPI_Request& request) {
      expect_success(
          MPI_Irecv(mine.data() + begin, count, MPI_BYTE, static_cast<int>(rank), rows_tag, comm_of(comm), &request),
          "MPI_Irecv");
    });
    in_pieces(common(from[me], to[rank]), from[me], [&](std::size_t begin, int count, MPI_Request& request) {
      expect_success(
          MPI_Isend(rows.data() + begin, count, MPI_BYTE, static_cast<int>(rank), rows_tag, comm_of(comm), &request),
          "MPI_Isend");
    });
  }
  RowRange const kept = common(from[me], to[me]);
  std::copy_n(rows.data() + bytes_before(kept.first, from[me], row_bytes), bytes_before(kept.last, kept, row_bytes),
              mine.data() + bytes_before(kept.first, to[me], row_bytes));
  if (!open.empty())
    expect_success(MPI_Waitall(static_cast<int>(open.size()), open.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  return mine;
}

#else

std::vector<double> roll_call(Communicator const&, double answer, std::string const&, std::chrono::milliseconds) {
  return {answer};
}

std::vector<std::byte> redistribute(Communicator const&, std::span<RowRange const> from, std::span<RowRange const>,
                                    std::span<std::byte const> rows, std::size_t row_bytes) {
  expect_rows(rows, from.front(), row_bytes);
  return {rows.begin(), rows.end()};
}

#endif

}  // namespace kramers
