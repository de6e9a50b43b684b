// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/tree_sum.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers::grids::detail {

/// Lanes that a segment of a row is summed in: a warp of a device, four vectors of a processor.
inline constexpr int sum_lanes = 32;
/// Columns of a segment.
inline constexpr std::int64_t segment = 1024;

/// tree_sum of numbers whose count the compiler knows: the same tree, level by level without a loop around the levels.
template <int n>
KOKKOS_FORCEINLINE_FUNCTION double lane_sum(double const (&lanes)[n]) {
  if constexpr (n == 1) {
    return lanes[0];
  } else {
    double half[n / 2];
#pragma omp simd
    for (int l = 0; l < n / 2; ++l) half[l] = lanes[l] + lanes[l + n / 2];
    return lane_sum(half);
  }
}

/// One row of a kernel over rows, and the lanes that share it: on hosts one thread with vectors, on devices the lanes of a
/// warp, several rows to a team. Numbers added by `sum` have the same bits in both.
template <class Space, bool device = on_device<Space>>
class RowLanes {
 public:
  using Work = std::int64_t;

  KOKKOS_FORCEINLINE_FUNCTION explicit RowLanes(Work const& row) : m_row(row) {}
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t row() const { return m_row; }

  /// kernel(Work) for rows 0 ... rows - 1; a row sums at most `numbers` at a time.
  template <class Kernel>
  static void for_rows(char const* label, Space const& exec, std::int64_t rows, int, Kernel const& kernel) {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(exec, 0, rows), kernel);
  }

  /// body(i) for first <= i < last.
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void for_columns(std::int64_t first, std::int64_t last, Body const& body) const {
#pragma omp simd
    for (std::int64_t i = first; i < last; ++i) body(i);
  }

  /// sums[k] = sum over columns i of x[k] * y[k], with products(i, x, y).
  template <int N, class Products>
  KOKKOS_FORCEINLINE_FUNCTION void sum(std::int64_t columns, Products const& products, double* sums) const {
    for (int k = 0; k < N; ++k) sums[k] = 0;
    for (std::int64_t begin = 0; begin < columns; begin += segment) {
      std::int64_t const end = begin + segment < columns ? begin + segment : columns;
      double lanes[N][sum_lanes] = {};
      std::int64_t i = begin;
      for (; i + sum_lanes <= end; i += sum_lanes) {
#pragma omp simd
        for (int l = 0; l < sum_lanes; ++l) add<N>(products, i + l, lanes, l);
      }
      for (int l = 0; i + l < end; ++l) add<N>(products, i + l, lanes, l);
      for (int k = 0; k < N; ++k) sums[k] += lane_sum(lanes[k]);
    }
  }

 private:
  template <int N, class Products>
  KOKKOS_FORCEINLINE_FUNCTION static void add(Products const& products, std::int64_t i, double (&lanes)[N][sum_lanes],
                                              int l) {
    double x[N], y[N];
    products(i, x, y);
    for (int k = 0; k < N; ++k) lanes[k][l] = math::fma(x[k], y[k], lanes[k][l]);
  }

  std::int64_t m_row;
};

template <class Space>
class RowLanes<Space, true> {
 public:
  using Work = typename Kokkos::TeamPolicy<Space>::member_type;

  static constexpr int rows_per_team = 8;
  using Scratch = Kokkos::View<double*, typename Space::scratch_memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  /// The last team may have more threads than rows are left. Public, since nvcc names it in code of its own.
  template <class Kernel>
  struct Guarded {
    Kernel kernel;
    std::int64_t rows;
    KOKKOS_FUNCTION void operator()(Work const& team) const {
      if (std::int64_t{team.league_rank()} * team.team_size() + team.team_rank() < rows) kernel(team);
    }
  };

  KOKKOS_FORCEINLINE_FUNCTION explicit RowLanes(Work const& team)
      : m_team(team), m_row(std::int64_t{team.league_rank()} * team.team_size() + team.team_rank()) {}
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t row() const { return m_row; }

  template <class Kernel>
  static void for_rows(char const* label, Space const& exec, std::int64_t rows, int numbers, Kernel const& kernel) {
    int const teams = static_cast<int>((rows + rows_per_team - 1) / rows_per_team);
    auto policy = Kokkos::TeamPolicy<Space>(exec, teams, rows_per_team, sum_lanes);
    policy.set_scratch_size(
        0, Kokkos::PerThread(static_cast<int>(Scratch::shmem_size(static_cast<std::size_t>(numbers * sum_lanes)))));
    Kokkos::parallel_for(label, policy, Guarded<Kernel>{kernel, rows});
  }

  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void for_columns(std::int64_t first, std::int64_t last, Body const& body) const {
    Kokkos::parallel_for(Kokkos::ThreadVectorRange(m_team, first, last), body);
  }

  template <int N, class Products>
  KOKKOS_FORCEINLINE_FUNCTION void sum(std::int64_t columns, Products const& products, double* sums) const {
    Scratch const lanes(m_team.thread_scratch(0), N * sum_lanes);
    Kokkos::single(Kokkos::PerThread(m_team), [&] {
      for (int k = 0; k < N; ++k) sums[k] = 0;
    });
    for (std::int64_t begin = 0; begin < columns; begin += segment) {
      std::int64_t const end = begin + segment < columns ? begin + segment : columns;
      Kokkos::parallel_for(Kokkos::ThreadVectorRange(m_team, sum_lanes), [&](int const l) {
        double mine[N] = {};
        for (std::int64_t i = begin + l; i < end; i += sum_lanes) {
          double x[N], y[N];
          products(i, x, y);
          for (int k = 0; k < N; ++k) mine[k] = math::fma(x[k], y[k], mine[k]);
        }
        for (int k = 0; k < N; ++k) lanes(k * sum_lanes + l) = mine[k];
      });
      Kokkos::single(Kokkos::PerThread(m_team), [&] {
        for (int k = 0; k < N; ++k) sums[k] += tree_sum(&lanes(k * sum_lanes), sum_lanes);
      });
    }
  }

 private:
  Work const& m_team;
  std::int64_t m_row;
};

}  // namespace kramers::grids::detail
