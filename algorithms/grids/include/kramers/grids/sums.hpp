// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/tree_sum.hpp>
#include <kramers/grids/detail/row_lanes.hpp>
#include <kramers/grids/field.hpp>
#include <kramers/grids/neighbours.hpp>
#include <kramers/grids/sum_orders.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace kramers::grids {

namespace detail {

template <class Space, int N, class Products>
struct RowSumKernel {
  Products products;
  std::int64_t columns;
  double* partials;  // (rows, N)

  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    lanes.template sum<N>(
        columns, [&](std::int64_t const i, double(&x)[N], double(&y)[N]) { products(j, i, x, y); }, partials + j * N);
  }
};

/// A block of a chunk of NumPy's: eight accumulators.
template <class T, class Value>
struct NumpyBlockKernel {
  Value value;
  std::int64_t columns, first;  // first: flat index in the block of rows of the first whole chunk
  T* sums;

  KOKKOS_FUNCTION void operator()(std::int64_t const block) const {
    std::int64_t const begin = first + block * numpy_block;
    std::int64_t row = begin / columns, column = begin % columns;  // of the next cell: one division for all of them
    auto const next = [&] {
      T const cell = value(row, column);
      bool const ends = ++column == columns;
      column = ends ? 0 : column;
      row += ends ? 1 : 0;
      return cell;
    };
    T r0 = next(), r1 = next(), r2 = next(), r3 = next(), r4 = next(), r5 = next(), r6 = next(), r7 = next();
    for (std::int64_t i = 8; i < numpy_block; i += 8) {
      r0 += next();
      r1 += next();
      r2 += next();
      r3 += next();
      r4 += next();
      r5 += next();
      r6 += next();
      r7 += next();
    }
    sums[block] = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7));
  }
};

template <class T, class Value>
struct ListKernel {
  Value value;
  std::int64_t columns, head, tail_begin;
  T* values;  // the first `head` cells of the block, then those from `tail_begin`

  KOKKOS_FUNCTION void operator()(std::int64_t const k) const {
    std::int64_t const flat = k < head ? k : tail_begin + k - head;
    values[k] = value(flat / columns, flat % columns);
  }
};

/// N sums that Kokkos' parallel_reduce adds.
template <int N>
struct SumsOfRows {
  double sums[N];
};

/// Adds what is left of sums of rows, `parts` times N numbers a row.
template <int N>
struct RowTotalKernel {
  using value_type = SumsOfRows<N>;
  double const* partials;  // (rows, parts, N)
  std::int64_t parts;

  KOKKOS_FUNCTION void init(value_type& total) const {
    for (int k = 0; k < N; ++k) total.sums[k] = 0;
  }
  KOKKOS_FUNCTION void join(value_type& total, value_type const& more) const {
    for (int k = 0; k < N; ++k) total.sums[k] += more.sums[k];
  }
  KOKKOS_FUNCTION void operator()(std::int64_t const row, value_type& total) const {
    for (std::int64_t s = 0; s < parts; ++s) {
      double const* const of = partials + (row * parts + s) * N;
      for (int k = 0; k < N; ++k) total.sums[k] += of[k];
    }
  }
};

}  // namespace detail

/// `fast` sums of the sums of rows that kernels leave in the memory of `Space`: Kokkos' parallel_reduce over the rows and
/// one MPI_Allreduce. In whatever order these take, so that another number of threads or ranks may give other last bits.
/// Waits. Collective.
///
/// @param[in] partials  (rows, parts, N) of the rows of this rank
/// @param[in] one_core  on hosts the calling thread adds alone: for grids so small that a launch takes longer
template <int N, execution_space Space>
std::array<double, N> fast_sums(Space const& exec, Communicator const& comm, double const* partials, std::int64_t rows,
                                std::int64_t parts, bool one_core = false) {
  detail::RowTotalKernel<N> const kernel{partials, parts};
  detail::SumsOfRows<N> total{};
  if (one_core && !on_device<Space>) {
    for (std::int64_t j = 0; j < rows; ++j) kernel(j, total);
  } else {
    Kokkos::parallel_reduce("kramers::fast_sums",
                            Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, rows), kernel, total);
  }
  std::array<double, N> sums{};
  for (std::size_t k = 0; k < N; ++k) sums[k] = total.sums[k];
  comm.sum(std::span<double>(sums));
  return sums;
}

/// `fixed` sums of products over a grid: the same bits for any threads, ranks and backend.
///
/// A row is cut into segments of 1024 columns; column i of a segment is added to lane i mod 32, by fma, and the lanes in a
/// tree; segments are added in order, rows in a tree that depends on their number only.
template <execution_space Space, int N>
class FixedSums {
 public:
  FixedSums(Space const& exec, Communicator comm, Block const& block)
      : m_comm(std::move(comm)), m_block(block), m_all(static_cast<std::size_t>(block.rows * N)) {
    auto const numbers = static_cast<std::size_t>(block.size() * N);
    m_partials = View(Kokkos::view_alloc(exec, "kramers::FixedSums::partials"), numbers);
    m_host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, Kokkos::HostSpace(), m_partials);
  }

  /// Sums over all cells of the grid of x[k] * y[k], the same on all ranks. Waits. Collective.
  ///
  /// @param[in] products  device callable (row of the block, column, double (&x)[N], double (&y)[N])
  template <class Products>
  std::array<double, N> operator()(Space const& exec, Products const& products) {
    detail::RowSumKernel<Space, N, Products> const kernel{products, m_block.columns, m_partials.data()};
    detail::RowLanes<Space>::for_rows("kramers::FixedSums", exec, m_block.size(), N, kernel);
    return finish(exec);
  }

  /// Where other kernels leave (rows of the block, N) sums of rows, for `finish`.
  double* partials() const { return m_partials.data(); }
  /// The sums of those. Waits. Collective.
  std::array<double, N> finish(Space const& exec) {
    copy_view(exec, m_host, m_partials);
    exec.fence("kramers::FixedSums: sums of rows");
    gather_rows(m_comm, m_block, N, std::span<double const>(m_host.data(), m_host.size()), m_all);
    std::array<double, N> sums{};
    fixed_tree_sums(m_all, sums);
    return sums;
  }

 private:
  using View = Kokkos::View<double*, typename Space::memory_space>;
  Communicator m_comm;
  Block m_block;
  View m_partials;
  Kokkos::View<double*, Kokkos::HostSpace> m_host;
  std::vector<double> m_all;
};

/// Sums over a grid in the order of NumPy's `sum` of a C-contiguous array: flat chunks of 8192 elements, pairwise within a
/// chunk, chunks from left to right. Slow on devices; for comparisons to the last bit.
template <execution_space Space, real T>
class NumpySums {
 public:
  /// @param[in] one_core  on hosts the calling thread adds alone: for grids so small that a launch takes longer
  NumpySums(Space const& exec, Communicator comm, Block const& block, bool one_core = false)
      : m_comm(std::move(comm)), m_parts(block), m_one_core(one_core) {
    auto const numbers = static_cast<std::size_t>(m_parts.blocks() + m_parts.listed());
    m_values = View(Kokkos::view_alloc(exec, "kramers::NumpySums::values"), numbers);
    m_host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, Kokkos::HostSpace(), m_values);
  }

  /// Sum over all cells of the grid, the same on all ranks. Waits. Collective.
  ///
  /// @param[in] value  device callable T (row of the block, column)
  template <class Value>
  T operator()(Space const& exec, Value const& value) {
    std::int64_t const columns = m_parts.columns;
    launch("kramers::NumpySums::blocks", exec, m_parts.blocks(),
           detail::NumpyBlockKernel<T, Value>{value, columns, m_parts.head, m_values.data()});
    launch("kramers::NumpySums::ends", exec, m_parts.listed(),
           detail::ListKernel<T, Value>{value, columns, m_parts.head, m_parts.tail_begin,
                                        m_values.data() + m_parts.blocks()});
    copy_view(exec, m_host, m_values);
    exec.fence("kramers::NumpySums: blocks");
    return finish_numpy_sum(m_comm, m_parts, std::span<T const>(m_host.data(), m_host.size()));
  }

 private:
  template <class Kernel>
  void launch(char const* label, Space const& exec, std::int64_t count, Kernel const& kernel) const {
    if constexpr (!on_device<Space>) {
      if (m_one_core) {
        for (std::int64_t i = 0; i < count; ++i) kernel(i);
        return;
      }
    }
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, count), kernel);
  }

  using View = Kokkos::View<T*, typename Space::memory_space>;
  Communicator m_comm;
  NumpyParts m_parts;
  bool m_one_core;
  View m_values;
  Kokkos::View<T*, Kokkos::HostSpace> m_host;
};

}  // namespace kramers::grids
