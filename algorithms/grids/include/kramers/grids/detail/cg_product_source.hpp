// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/grids/csr_matrix.hpp>
#include <kramers/grids/detail/cg_kernels.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/grids/neighbours.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// Where kernels find the matrix, and what they need of other ranks to multiply it.
namespace kramers::grids::detail {

/// Elements before and after those of this rank, which stand in the margins of a vector.
template <class Space>
class MarginExchange {
 public:
  MarginExchange(Communicator const& comm, std::int64_t reach, Messages messages)
      : m_neighbours(comm, Edge::walls), m_staged(is_staged(messages, reachable, comm.size())), m_reach(reach) {
    if (m_staged) m_host = Pinned("kramers::MarginExchange::host", static_cast<std::size_t>(4 * reach));
  }

  /// Fill `reach` elements at both ends of `size`, from the ranks that have them; beyond the matrix they stay as they are.
  /// Collective.
  void operator()(Space const& exec, double* v, std::int64_t size) const {
    if (!m_neighbours.before() && !m_neighbours.after()) return;
    std::array<double*, 4> part{v, v + size - m_reach, v - m_reach, v + size};  // sent before and after, received there
    if (m_staged) {
      for (int k = 0; k < 2; ++k) Kokkos::deep_copy(exec, pinned(k), device(part[static_cast<std::size_t>(k)]));
    }
    exec.fence("kramers::MarginExchange: before the messages");
    if (m_staged) {
      m_neighbours.exchange(bytes(pinned(0).data()), bytes(pinned(1).data()), bytes(pinned(2).data()),
                            bytes(pinned(3).data()));
      if (m_neighbours.before()) Kokkos::deep_copy(exec, device(part[2]), pinned(2));
      if (m_neighbours.after()) Kokkos::deep_copy(exec, device(part[3]), pinned(3));
    } else {
      m_neighbours.exchange(bytes(part[0]), bytes(part[1]), bytes(part[2]), bytes(part[3]));
    }
  }

 private:
  static constexpr bool reachable =
      Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Space::memory_space>::accessible;
  using Pinned = Kokkos::View<double*, Kokkos::SharedHostPinnedSpace>;
  using Elements = Kokkos::View<double*, typename Space::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  std::span<std::byte> bytes(double* first) const {
    return std::as_writable_bytes(std::span<double>(first, static_cast<std::size_t>(m_reach)));
  }
  Elements device(double* first) const { return Elements(first, static_cast<std::size_t>(m_reach)); }
  auto pinned(int k) const {
    auto const begin = static_cast<std::size_t>(k * m_reach);
    return Kokkos::subview(m_host, std::make_pair(begin, begin + static_cast<std::size_t>(m_reach)));
  }

  Neighbours m_neighbours;
  bool m_staged;
  std::int64_t m_reach;
  Pinned m_host;
};

/// Shifts on the grid's flat index.
template <class Space, bool corners>
class ShiftSource {
 public:
  using Matrix = Shifts<corners>;

  /// @param[in] gap  zero elements between two rows: 1 for walls, 0 where rows are wrapped
  ShiftSource(Communicator const& comm, std::int64_t n, std::int64_t gap, Messages messages)
      : m_block(block_of(n, n, comm.rank(), comm.size())),
        m_stride(n + gap),
        m_exchange(comm, m_stride + (corners ? 1 : 0), messages) {
    std::int64_t const least = comm.size() > 1 && corners ? 2 : 1;
    expects(smallest_block(n, comm.size()) >= least, "number of ranks", comm.size(),
            "at most one for " + std::to_string(least) + " rows of the grid, of which there are " + std::to_string(n));
  }

  Block const& block() const { return m_block; }
  Blocks blocks() const { return {m_block.size(), m_block.columns, m_stride}; }
  Matrix matrix() const { return {m_stride}; }
  /// Room for what is received, and for what loops over vectors read beyond.
  std::int64_t margin() const { return (m_stride + 2 + 7) / 8 * 8; }
  std::int64_t bytes() const { return 0; }
  double highest_eigenvalue() const { return 2; }
  double const* whole(Space const& exec, double* v) const {
    m_exchange(exec, v, m_block.size() * m_stride);
    return v;
  }

 private:
  Block m_block;
  std::int64_t m_stride;
  MarginExchange<Space> m_exchange;
};

/// Rows of a stored matrix. Every rank receives the whole vector.
template <class Space>
class StoredSource {
 public:
  using Matrix = StoredRows;

  StoredSource(Space const& exec, Communicator const& comm, CsrMatrix const& matrix, std::int64_t block_rows)
      : m_comm(comm),
        m_block(block_of((matrix.rows() + block_rows - 1) / block_rows, block_rows, comm.rank(), comm.size())) {
    std::int64_t const first = m_block.first * block_rows, padded = m_block.size() * block_rows;
    std::int64_t const last = std::min(first + padded, matrix.rows());
    auto const begin = static_cast<std::size_t>(matrix.row_start[static_cast<std::size_t>(first)]);
    auto const end = static_cast<std::size_t>(matrix.row_start[static_cast<std::size_t>(last)]);
    std::vector<std::int64_t> starts(static_cast<std::size_t>(padded) + 1, static_cast<std::int64_t>(end - begin));
    for (std::int64_t row = first; row < last; ++row) {
      starts[static_cast<std::size_t>(row - first)] =
          matrix.row_start[static_cast<std::size_t>(row)] - static_cast<std::int64_t>(begin);
    }
    std::vector<double> inverse(static_cast<std::size_t>(padded), 0.0);
    for (std::int64_t row = first; row < last; ++row)
      inverse[static_cast<std::size_t>(row - first)] = 1 / matrix.at(row, row);
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
      double size = 0;
      for (auto k = matrix.row_start[static_cast<std::size_t>(row)];
           k < matrix.row_start[static_cast<std::size_t>(row) + 1]; ++k) {
        size += std::abs(matrix.value[static_cast<std::size_t>(k)]);
      }
      m_highest = std::max(m_highest, size / matrix.at(row, row));
    }
    m_row_start = send<std::int64_t>(exec, starts, "kramers::StoredSource::row_start");
    m_column =
        send<std::int32_t>(exec, std::span(matrix.column).subspan(begin, end - begin), "kramers::StoredSource::column");
    m_value = send<double>(exec, std::span(matrix.value).subspan(begin, end - begin), "kramers::StoredSource::value");
    m_inverse = send<double>(exec, inverse, "kramers::StoredSource::inverse");
    if (comm.size() == 1) return;
    m_whole = View<double>(Kokkos::view_alloc(exec, "kramers::StoredSource::whole"),
                           static_cast<std::size_t>(m_block.rows * block_rows));
    m_host_whole = Kokkos::create_mirror_view(m_whole);
    m_host_mine =
        Kokkos::View<double*, Kokkos::HostSpace>("kramers::StoredSource::mine", static_cast<std::size_t>(padded));
  }

  Block const& block() const { return m_block; }
  Blocks blocks() const { return {m_block.size(), m_block.columns, m_block.columns}; }
  std::int64_t entries() const { return static_cast<std::int64_t>(m_value.extent(0)); }
  Matrix matrix() const { return {m_row_start.data(), m_column.data(), m_value.data(), m_inverse.data()}; }
  std::int64_t margin() const { return 0; }
  std::int64_t bytes() const {
    return static_cast<std::int64_t>(8 * (m_row_start.span() + m_value.span() + m_inverse.span() + m_whole.span()) +
                                     4 * m_column.span());
  }
  double highest_eigenvalue() const { return m_highest; }

  double const* whole(Space const& exec, double* v) const {
    if (m_comm.size() == 1) return v;
    Kokkos::View<double const*, typename Space::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>> const mine(
        v, m_host_mine.extent(0));
    Kokkos::deep_copy(exec, m_host_mine, mine);
    exec.fence("kramers::StoredSource: before the messages");
    gather_rows(m_comm, m_block, static_cast<std::size_t>(m_block.columns),
                std::span<double const>(m_host_mine.data(), m_host_mine.size()),
                std::span<double>(m_host_whole.data(), m_host_whole.size()));
    copy_view(exec, m_whole, m_host_whole);
    return m_whole.data();
  }

 private:
  template <class T>
  using View = Kokkos::View<T*, typename Space::memory_space>;

  template <class T>
  static View<T> send(Space const& exec, std::span<T const> values, std::string const& label) {
    View<T> const view(Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, label), values.size());
    auto const host = Kokkos::create_mirror_view(view);
    exec.fence("kramers::StoredSource");
    std::ranges::copy(values, host.data());
    copy_view(exec, view, host);
    exec.fence("kramers::StoredSource");
    return view;
  }

  Communicator m_comm;
  Block m_block;
  double m_highest = 0;
  View<std::int64_t> m_row_start;
  View<std::int32_t> m_column;
  View<double> m_value, m_inverse, m_whole;
  typename View<double>::host_mirror_type m_host_whole;
  Kokkos::View<double*, Kokkos::HostSpace> m_host_mine;
};

}  // namespace kramers::grids::detail
