// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/grids/field_hash.hpp>
#include <kramers/grids/halo.hpp>
#include <kramers/grids/jacobi/any_jacobi.hpp>
#include <kramers/grids/jacobi/detail/stream_kernel.hpp>
#include <kramers/grids/jacobi/detail/sweep_kernel.hpp>
#include <kramers/grids/row_gather.hpp>
#include <kramers/grids/sums.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace kramers::grids {

namespace detail {

/// Square of one field, and of the difference of two, as NumPy stores them before it sums.
template <class T>
struct SquareValue {
  Rows<T> a;
  KOKKOS_FUNCTION T operator()(std::int64_t j, std::int64_t i) const { return a.row(j)[i] * a.row(j)[i]; }
};
template <class T>
struct SquaredChange {
  Rows<T> a, b;
  KOKKOS_FUNCTION T operator()(std::int64_t j, std::int64_t i) const {
    T const change = a.row(j)[i] - b.row(j)[i];
    return change * change;
  }
};

}  // namespace detail

/// The iteration on one space in one precision.
template <execution_space Space, real T>
class Jacobi final : public AnyJacobi {
 public:
  Jacobi(Space const& exec, JacobiParams const& params, SweepPlan const& plan, Communicator comm)
      : m_exec(exec),
        m_params(params),
        m_plan(plan),
        m_comm(std::move(comm)),
        m_block(block_of(stored_rows(params), params.columns, m_comm.rank(), m_comm.size())),
        m_halo(m_comm.size() > 1 || edge_of(params.problem) == Edge::ring ? plan.depth : 0),
        m_now(exec, "kramers::Jacobi::now", m_block, m_halo, 1),
        m_next(exec, "kramers::Jacobi::next", m_block, m_halo, 1),
        m_exchange(exec, m_comm, edge_of(params.problem), m_now, params.messages),
        m_fixed(exec, m_comm, m_block) {
    expects(params.check_lag >= 0, "check_lag", params.check_lag, ">= 0");
    if (params.sums == SumOrder::numpy) {
      m_numpy.emplace(exec, m_comm, m_block, plan.path == SweepPath::cached);
    } else if (params.sums == SumOrder::fixed && params.check_lag > 0 && m_comm.size() > 1) {
      m_gather.emplace(m_comm, m_block, 2);
    }
    std::int64_t const first = -m_block.first,
                       last = first + m_block.rows;  // rows of the grid, counted as those of the block
    m_boundary = {params.columns, -m_halo, m_block.size() + m_halo, params.problem == JacobiProblem::neumann};
    m_lowest = m_boundary.lower;
    m_highest = m_boundary.upper;
    if (edge_of(params.problem) == Edge::walls) {
      m_boundary.lower = std::max(m_boundary.lower, first + 1);
      m_boundary.upper = std::min(m_boundary.upper, last - 1);
      m_lowest = std::max(m_lowest, first);
      m_highest = std::min(m_highest, last);
    }
    if constexpr (!on_device<Space>) {
      if (plan.path != SweepPath::plain) {
        m_tiles = plan.path == SweepPath::cached ? 1 : std::min<std::int64_t>(exec.concurrency(), m_block.size());
        using Kernel = detail::StreamKernel<T, detail::FourPoint>;
        m_width = (2 * Kernel::margin + std::min(detail::segment, params.columns) + 15) / 16 * 16;
        m_segments = (params.columns + detail::segment - 1) / detail::segment;
        m_rim_threads = std::clamp<std::int64_t>(exec.concurrency() / 2, 1, m_segments);
        std::int64_t const most_tiles = plan.overlap ? std::max(m_tiles, 2 * m_rim_threads) : m_tiles;
        m_kept = Kept(
            "kramers::Jacobi::kept",
            static_cast<std::size_t>(most_tiles * std::max<std::int64_t>(1, plan.depth - 1) * Kernel::kept * m_width));
        m_partials.resize(static_cast<std::size_t>(plan.depth * m_block.size() * m_segments * 2));
      }
    }
    start();
  }

  std::vector<double> advance(std::int64_t sweeps, std::int64_t check, double tolerance) override {
    std::vector<double> norms;
    std::int64_t const end = m_iteration + sweeps;
    while (m_iteration < end) {
      std::int64_t const to_check = check - m_iteration % check;
      std::int64_t levels = std::min(m_plan.depth, end - m_iteration);
      if (m_params.sums == SumOrder::numpy) levels = std::min(levels, std::max<std::int64_t>(1, to_check - 1));
      pass(levels, check);
      if (auto const last = decide(tolerance, norms)) {
        // The pass may have gone further: it left its input, from which it is done again as far as that sweep.
        std::int64_t const kept = *last - (m_iteration - levels);
        if (kept < levels) {
          std::swap(m_now, m_next);
          m_iteration -= levels;
          pass(kept, m_iteration + kept + 1);
        }
        break;
      }
    }
    m_exec.fence("kramers::Jacobi::advance");
    return norms;
  }

  std::vector<SweepNorm> undecided() override {
    finish_sums();
    return m_taken;
  }

  std::int64_t iteration() const override { return m_iteration; }
  std::uint64_t hash() override { return field_hash(m_exec, m_comm, m_now); }
  Block const& block() const override { return m_block; }
  std::int64_t bytes() const override { return 2 * m_now.bytes() + m_exchange.bytes(); }

  std::vector<double> rows() override {
    auto const host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, Kokkos::HostSpace(), m_now.view());
    copy_view(m_exec, host, m_now.view());
    m_exec.fence("kramers::Jacobi::rows");
    std::vector<double> cells;
    cells.reserve(static_cast<std::size_t>(m_block.cells()));
    for (std::int64_t j = 0; j < m_block.size(); ++j) {
      for (std::int64_t i = 0; i < m_block.columns; ++i) {
        cells.push_back(static_cast<double>(host(j + m_halo, i + m_now.left())));
      }
    }
    return cells;
  }

  void restore(std::vector<double> const& rows, std::int64_t iteration,
               std::vector<SweepNorm> const& undecided) override {
    expects(std::ssize(rows) == m_block.cells(), "number of cells", std::ssize(rows), "those of the rows of this rank");
    auto const host = Kokkos::create_mirror_view(Kokkos::HostSpace(), m_now.view());
    copy_view(m_exec, host, m_now.view());
    m_exec.fence("kramers::Jacobi::restore");
    auto cell = rows.begin();
    for (std::int64_t j = 0; j < m_block.size(); ++j) {
      for (std::int64_t i = 0; i < m_block.columns; ++i) host(j + m_halo, i + m_now.left()) = static_cast<T>(*cell++);
    }
    // Both fields hold the boundary, which sweeps leave as it is.
    copy_view(m_exec, m_now.view(), host);
    copy_view(m_exec, m_next.view(), host);
    m_exec.fence("kramers::Jacobi::restore");
    m_iteration = iteration;
    m_taken = undecided;
  }

 private:
  using Kept = Kokkos::View<T*, typename Space::memory_space>;

  /// Boundary values into both fields.
  void start() {
    auto const host = Kokkos::create_mirror_view(Kokkos::HostSpace(), m_now.view());
    std::vector<double> const sines = boundary_sines(m_params);
    std::int64_t const columns = m_block.columns, last_row = m_block.rows - 1;
    for (std::int64_t j = 0; j < m_block.size(); ++j) {
      std::int64_t const row = m_block.first + j;
      auto const cell = [&](std::int64_t i) -> T& { return host(j + m_halo, i + m_now.left()); };
      switch (m_params.problem) {
        case JacobiProblem::laplace:
        case JacobiProblem::neumann:
          if (row != last_row) break;
          for (std::int64_t i = 0; i < columns; ++i) cell(i) = static_cast<T>(sines[static_cast<std::size_t>(i)]);
          break;
        case JacobiProblem::stencil:
          cell(0) = cell(columns - 1) = T(-273.15);
          for (std::int64_t i = 0; i < columns && row == last_row; ++i) cell(i) = T(-273.15);
          for (std::int64_t i = 0; i < columns && row == 0; ++i) cell(i) = T(40);
          break;
        case JacobiProblem::nvidia:  // the first stored row is row 1
          cell(0) = cell(columns - 1) = static_cast<T>(sines[static_cast<std::size_t>(row + 1)]);
          break;
      }
    }
    copy_view(m_exec, m_now.view(), host);
    copy_view(m_exec, m_next.view(), host);
    m_exec.fence("kramers::Jacobi: boundary values");
  }

  /// Move the norms whose time has come from m_taken to `norms`; where one meets the tolerance, forget the others and
  /// return the last sweep of the iteration.
  std::optional<std::int64_t> decide(double tolerance, std::vector<double>& norms) {
    while (!m_taken.empty() && m_taken.front().iteration + m_params.check_lag <= m_iteration) {
      if (m_taken.size() == 1) finish_sums();
      SweepNorm const taken = m_taken.front();
      m_taken.erase(m_taken.begin());
      norms.push_back(taken.norm);
      if (!(taken.norm <= tolerance)) continue;
      finish_sums();
      m_taken.clear();
      return taken.iteration + m_params.check_lag;
    }
    return std::nullopt;
  }

  /// `levels` sweeps from m_now to m_next, which are then exchanged; norms of those that are to be checked.
  void pass(std::int64_t levels, std::int64_t check) {
    std::uint64_t checked = 0;
    for (std::int64_t t = 1; t <= levels; ++t) {
      if ((m_iteration + t) % check == 0) checked |= std::uint64_t{1} << (t - 1);
    }
    bool const by_numpy = m_params.sums == SumOrder::numpy;
    std::uint64_t const with_norms = by_numpy ? 0 : checked;
    if (m_plan.overlap) {
      // A cell of the last sweep is as many rows away from those that it needs of the halos as there are sweeps.
      detail::Slabs slabs{.rows = m_block.size(),
                          .before = m_exchange.has_before() ? levels : 0,
                          .after = m_exchange.has_after() ? levels : 0,
                          .count = m_tiles};
      m_exchange.begin(m_exec, {m_now});
      compute(slabs, levels, with_norms);
      m_exchange.finish(m_exec, {m_now});
      slabs.rims = true;
      slabs.count = (slabs.before > 0 ? 1 : 0) + (slabs.after > 0 ? 1 : 0);
      slabs.threads_a_slab = m_rim_threads;
      compute(slabs, levels, with_norms);
    } else {
      m_exchange(m_exec, {m_now});
      compute({.rows = m_block.size(), .count = m_tiles}, levels, with_norms);
    }
    if (m_plan.path == SweepPath::plain) {
      if (with_norms != 0) take_norm(m_iteration + 1);
    } else if (with_norms != 0) {
      m_exec.fence("kramers::Jacobi: sums of rows");
      for (std::int64_t t = 1; t <= levels; ++t) {
        if ((with_norms >> (t - 1) & 1) != 0) take_norm_of_level(t);
      }
    }
    if (by_numpy && checked != 0) {
      T const change = (*m_numpy)(m_exec, detail::SquaredChange<T>{m_next.rows(), m_now.rows()});
      T const square = (*m_numpy)(m_exec, detail::SquareValue<T>{m_now.rows()});
      T const norm = std::sqrt(m_params.problem == JacobiProblem::nvidia ? change : change / square);
      m_taken.push_back({m_iteration + levels, static_cast<double>(norm)});
    }
    std::swap(m_now, m_next);
    m_iteration += levels;
  }

  /// The norm of sweep number `iteration`, whose sums of rows stand in the partial sums of m_fixed: now, or while other
  /// sweeps are done.
  void take_norm(std::int64_t iteration) {
    if (m_params.sums == SumOrder::fast) {
      take_fast_norm(iteration, m_fixed.partials(), 1);
      return;
    }
    if (!m_gather) {
      m_taken.push_back({iteration, norm_of(m_fixed.finish(m_exec))});
      return;
    }
    finish_sums();  // of the norm before
    auto const mine = m_gather->mine();
    using Host = Kokkos::View<double*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    using Partials = Kokkos::View<double const*, typename Space::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    Kokkos::deep_copy(m_exec, Host(mine.data(), mine.size()), Partials(m_fixed.partials(), mine.size()));
    m_exec.fence("kramers::Jacobi: sums of rows");
    m_gather->begin();
    m_under_way = true;
    m_taken.push_back({iteration, 0});
  }

  /// The same of sums of rows that stand elsewhere, (rows, parts, 2).
  void take_fast_norm(std::int64_t iteration, double const* partials, std::int64_t parts) {
    bool const one_core = m_plan.path == SweepPath::cached;
    m_taken.push_back({iteration, norm_of(fast_sums<2>(m_exec, m_comm, partials, m_block.size(), parts, one_core))});
  }

  /// Wait for the sums that are on their way: those of the last norm.
  void finish_sums() {
    if (!std::exchange(m_under_way, false)) return;
    std::array<double, 2> sums{};
    fixed_tree_sums(m_gather->finish(), sums);
    m_taken.back().norm = norm_of(sums);
  }

  /// Those sweeps of the rows of these slabs; what other rows need of them is computed twice.
  void compute(detail::Slabs const& slabs, std::int64_t levels, std::uint64_t norms) {
    bool const five = m_params.problem == JacobiProblem::stencil;
    if (m_plan.path == SweepPath::plain) {
      if (five) {
        norms != 0 ? sweep<detail::FivePoint, true>(slabs) : sweep<detail::FivePoint, false>(slabs);
      } else {
        norms != 0 ? sweep<detail::FourPoint, true>(slabs) : sweep<detail::FourPoint, false>(slabs);
      }
    } else if constexpr (!on_device<Space>) {
      five ? stream<detail::FivePoint>(slabs, levels, norms) : stream<detail::FourPoint>(slabs, levels, norms);
    }
  }

  template <class Stencil, bool norms>
  void sweep(detail::Slabs const& slabs) {
    detail::SweepKernel<Space, T, Stencil, norms> kernel{m_now.rows(), m_next.rows(), m_boundary, m_fixed.partials()};
    std::int64_t rows = m_block.size() - slabs.before - slabs.after;
    kernel.first = slabs.before;
    if (slabs.rims) {  // one row each
      rows = slabs.count;
      kernel.first = slabs.of(0).first;
      kernel.apart = m_block.size() - 1;
    }
    detail::RowLanes<Space>::for_rows("kramers::Jacobi::sweep", m_exec, rows, 2, kernel);
  }

  template <class Stencil>
  void stream(detail::Slabs const& slabs, std::int64_t levels, std::uint64_t norms) {
    detail::StreamKernel<T, Stencil> const kernel{
        m_now.rows(), m_next.rows(),    m_boundary,        slabs,      m_lowest, m_highest, levels, m_kept.data(),
        m_width,      m_plan.depth - 1, m_partials.data(), m_segments, norms};
    if (m_plan.path == SweepPath::cached) {
      kernel(0);  // on this thread: a launch would cost as much as a sweep
    } else {
      std::int64_t const tiles = slabs.count * slabs.threads_a_slab;
      Kokkos::parallel_for(
          "kramers::Jacobi::stream",
          Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(m_exec, 0, tiles, Kokkos::ChunkSize(1)), kernel);
    }
  }

  /// The norm of one level of a pass.
  void take_norm_of_level(std::int64_t level) {
    auto const per_row = static_cast<std::size_t>(m_segments * 2);
    auto const rows = static_cast<std::size_t>(m_block.size());
    std::span<double> const of_level =
        std::span(m_partials).subspan((static_cast<std::size_t>(level) - 1) * rows * per_row, rows * per_row);
    if (m_params.sums == SumOrder::fast) {
      take_fast_norm(m_iteration + level, of_level.data(), m_segments);
      return;
    }
    if (m_segments == 1 && m_comm.size() == 1) {
      std::array<double, 2> sums{};
      fixed_tree_sums(of_level, sums);
      m_taken.push_back({m_iteration + level, norm_of(sums)});
      return;
    }
    for (std::size_t j = 0; j < rows; ++j) {
      double* const row = m_fixed.partials() + 2 * j;
      row[0] = row[1] = 0;
      for (std::size_t s = 0; s < per_row; s += 2) {
        row[0] += of_level[j * per_row + s];
        row[1] += of_level[j * per_row + s + 1];
      }
    }
    take_norm(m_iteration + level);
  }

  double norm_of(std::array<double, 2> const& sums) const {
    return std::sqrt(m_params.problem == JacobiProblem::nvidia ? sums[0] : sums[0] / sums[1]);
  }

  Space m_exec;
  JacobiParams m_params;
  SweepPlan m_plan;
  Communicator m_comm;
  Block m_block;
  std::int64_t m_halo;
  Field<Space, T> m_now, m_next;
  HaloExchange<Space, T> m_exchange;
  FixedSums<Space, 2> m_fixed;
  std::optional<NumpySums<Space, T>> m_numpy;
  std::optional<RowGather> m_gather;  // of several ranks that decide later
  bool m_under_way = false;           // the sums of the last of m_taken are
  std::vector<SweepNorm> m_taken;     // and not decided on, in order
  detail::Boundary m_boundary;
  std::int64_t m_lowest = 0, m_highest = 0;
  std::int64_t m_iteration = 0;
  // Of paths that block.
  Kept m_kept;
  std::vector<double> m_partials;
  std::int64_t m_tiles = 1, m_width = 0, m_segments = 1;
  std::int64_t m_rim_threads = 1;  // that divide the strips of a rim
};

}  // namespace kramers::grids
