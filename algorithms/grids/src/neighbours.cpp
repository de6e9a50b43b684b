// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/neighbours.hpp>
#include <kramers/runtime/build_config.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#endif

namespace kramers::grids {
namespace {

#ifdef KRAMERS_HAVE_MPI

void expect_success(int code, char const* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw MpiError(call, code, std::string(text, static_cast<std::size_t>(length)));
}

MPI_Comm native(Communicator const& comm) {
  return *static_cast<MPI_Comm const*>(comm.native());
}

int count_of(std::size_t size) {
  expects(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()), "size of a message", size,
          "below 2^31: take more ranks, or halos that are less deep");
  return static_cast<int>(size);
}

// Named by where the rows are bound: with two ranks on a ring both neighbours are the same.
constexpr int up_tag = 4712;
constexpr int down_tag = 4713;

#endif

}  // namespace

Neighbours::Neighbours(Communicator comm, Edge edge) : m_comm(std::move(comm)) {
  int const rank = m_comm.rank(), size = m_comm.size();
  if (rank > 0) m_before = rank - 1;
  if (rank + 1 < size) m_after = rank + 1;
  if (edge == Edge::ring) {
    if (!m_before) m_before = size - 1;
    if (!m_after) m_after = 0;
  }
}

#ifdef KRAMERS_HAVE_MPI

struct PendingMessages::Requests {
  MPI_Request all[4];
  int under_way = 0;
};

#else

struct PendingMessages::Requests {};

#endif

PendingMessages::PendingMessages() : m_requests(std::make_unique<Requests>()) {}
PendingMessages::~PendingMessages() = default;
PendingMessages::PendingMessages(PendingMessages&&) noexcept = default;
PendingMessages& PendingMessages::operator=(PendingMessages&&) noexcept = default;

void Neighbours::start(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
                       std::span<std::byte> from_before, std::span<std::byte> from_after,
                       [[maybe_unused]] Requests& requests) const {
  if (m_comm.size() == 1) {
    if (!m_before) return;
    std::ranges::copy(to_before, from_after.begin());
    std::ranges::copy(to_after, from_before.begin());
    return;
  }
#ifdef KRAMERS_HAVE_MPI
  MPI_Comm const comm = native(m_comm);
  auto const receive = [&](std::span<std::byte> bytes, std::optional<int> from, int tag) {
    if (!from) return;
    expect_success(MPI_Irecv(bytes.data(), count_of(bytes.size()), MPI_BYTE, *from, tag, comm,
                             &requests.all[requests.under_way++]),
                   "MPI_Irecv");
  };
  auto const send = [&](std::span<std::byte const> bytes, std::optional<int> to, int tag) {
    if (!to) return;
    expect_success(
        MPI_Isend(bytes.data(), count_of(bytes.size()), MPI_BYTE, *to, tag, comm, &requests.all[requests.under_way++]),
        "MPI_Isend");
  };
  receive(from_after, m_after, up_tag);
  receive(from_before, m_before, down_tag);
  send(to_before, m_before, up_tag);
  send(to_after, m_after, down_tag);
#endif
}

void Neighbours::wait([[maybe_unused]] Requests& requests) {
#ifdef KRAMERS_HAVE_MPI
  int const under_way = std::exchange(requests.under_way, 0);
  if (under_way > 0) expect_success(MPI_Waitall(under_way, requests.all, MPI_STATUSES_IGNORE), "MPI_Waitall");
#endif
}

void Neighbours::exchange(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
                          std::span<std::byte> from_before, std::span<std::byte> from_after) const {
  Requests requests;
  start(to_before, to_after, from_before, from_after, requests);
  wait(requests);
}

void Neighbours::begin(std::span<std::byte const> to_before, std::span<std::byte const> to_after,
                       std::span<std::byte> from_before, std::span<std::byte> from_after,
                       PendingMessages& pending) const {
  start(to_before, to_after, from_before, from_after, *pending.m_requests);
}

void Neighbours::finish(PendingMessages& pending) const {
  wait(*pending.m_requests);
}

void gather_rows([[maybe_unused]] Communicator const& comm, Block const& block, std::size_t per_row,
                 std::span<double const> mine, std::span<double> all) {
  if (mine.size() == all.size()) {
    std::ranges::copy(mine, all.begin());
    return;
  }
#ifdef KRAMERS_HAVE_MPI
  std::vector<int> counts, offsets;
  for (int rank = 0; rank < comm.size(); ++rank) {
    Block const of = block_of(block.rows, block.columns, rank, comm.size());
    counts.push_back(count_of(static_cast<std::size_t>(of.size()) * per_row));
    offsets.push_back(count_of(static_cast<std::size_t>(of.first) * per_row));
  }
  expect_success(MPI_Allgatherv(mine.data(), count_of(mine.size()), MPI_DOUBLE, all.data(), counts.data(),
                                offsets.data(), MPI_DOUBLE, native(comm)),
                 "MPI_Allgatherv");
#endif
}

}  // namespace kramers::grids
