// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/row_gather.hpp>
#include <kramers/runtime/build_config.hpp>

#include <algorithm>
#include <string>
#include <utility>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#endif

namespace kramers::grids {

#ifdef KRAMERS_HAVE_MPI

namespace {

void expect_success(int code, char const* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw MpiError(call, code, std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace

struct RowGather::Pending {
  MPI_Request request = MPI_REQUEST_NULL;
};

#else

struct RowGather::Pending {};

#endif

RowGather::RowGather(Communicator comm, Block const& block, std::size_t per_row)
    : m_comm(std::move(comm)),
      m_mine(static_cast<std::size_t>(block.size()) * per_row),
      m_all(static_cast<std::size_t>(block.rows) * per_row),
      m_pending(std::make_unique<Pending>()) {
  for (int rank = 0; rank < m_comm.size(); ++rank) {
    Block const of = block_of(block.rows, block.columns, rank, m_comm.size());
    m_counts.push_back(static_cast<int>(of.size()) * static_cast<int>(per_row));
    m_offsets.push_back(static_cast<int>(of.first) * static_cast<int>(per_row));
  }
}

RowGather::~RowGather() = default;

void RowGather::begin() {
  if (m_comm.size() == 1) return;
#ifdef KRAMERS_HAVE_MPI
  expect_success(MPI_Iallgatherv(m_mine.data(), static_cast<int>(m_mine.size()), MPI_DOUBLE, m_all.data(),
                                 m_counts.data(), m_offsets.data(), MPI_DOUBLE,
                                 *static_cast<MPI_Comm const*>(m_comm.native()), &m_pending->request),
                 "MPI_Iallgatherv");
#endif
}

std::span<double> RowGather::finish() {
  if (m_comm.size() == 1) {
    std::ranges::copy(m_mine, m_all.begin());
    return m_all;
  }
#ifdef KRAMERS_HAVE_MPI
  expect_success(MPI_Wait(&m_pending->request, MPI_STATUS_IGNORE), "MPI_Wait");
#endif
  return m_all;
}

}  // namespace kramers::grids
